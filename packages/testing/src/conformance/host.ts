import type { AccessToken, Guards, ResourceServerOptions } from '@resource-server/core'

/** A framework with its adapter. Define one host for each supported framework version. */
export interface Host {
  /** The name and version, such as `Express 5`. */
  readonly name: string
  /**
   * Whether requests do not expose their connection, like those of the Fetch standard. If so, the
   * cases that compare certificates are left out. Default false.
   */
  readonly hidesConnection?: boolean
  /**
   * Starts an app on a free port on 127.0.0.1. Rejects with the error that the adapter throws.
   *
   * The app passes `setup.options` to the adapter unchanged. It responds to each route as described in
   * `Route`, and leaves everything else (errors, unknown paths) to the framework. If `options.resource`
   * is set, it serves the resource metadata (`api.metadata()`) before the routes.
   */
  start(setup: HostSetup): Promise<RunningHost>
}

/** A running app. */
export interface RunningHost {
  readonly port: number
  /** Also closes open connections. */
  close(): Promise<void>
}

export interface HostSetup {
  readonly options: ResourceServerOptions
  readonly routes: readonly Route[]
  /**
   * If set, the app must assign this value where the adapter attaches the token (`req.auth`,
   * `ctx.state.auth`), before any guard runs. A guard that trusts it grants access without a token. A
   * host ignores it if its adapter does not attach the token.
   */
  readonly spoofedAuth?: object
}

/** A route of the app. Its handler runs only if all guards pass. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'OPTIONS'
  readonly path: string
  /** Called once with the guards of the app's resource server. Returns them in the order they run. */
  readonly guards: <Handler>(guards: Guards<Handler>) => readonly Handler[]
  /**
   * Returns the text that the handler responds with, with status 200:
   * `route.respond(() => api.token(request))`. The function must return what the adapter returns, and
   * throw what the adapter throws.
   */
  readonly respond: (token: () => AccessToken | undefined) => string
}
