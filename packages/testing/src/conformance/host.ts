import type { AccessToken, Guards, ResourceServerOptions } from '@resource-server/core'

/** A framework with its adapter, for the suite to start. One for each version that is supported. */
export interface Host {
  /** With its version, such as `Express 5`. */
  readonly name: string
  /**
   * Starts an app on a free port of 127.0.0.1. Rejects with what the adapter throws.
   *
   * The app passes `setup.options` to the adapter and changes nothing about them. It serves the
   * metadata of the resource where `options.resource` is set, ahead of the routes: `api.metadata()`. It answers each
   * route as `Route` says, and leaves everything else (errors, unknown paths) to the framework.
   */
  start(setup: HostSetup): Promise<RunningHost>
}

export interface RunningHost {
  readonly port: number
  /** Ends open connections as well. */
  close(): Promise<void>
}

export interface HostSetup {
  readonly options: ResourceServerOptions
  readonly routes: readonly Route[]
  /**
   * Where it is set: put this where the adapter attaches the token (`req.auth`, `ctx.state.auth`),
   * ahead of all guards. A guard that believes it lets a stranger in. A host whose adapter attaches
   * nothing has nothing to do.
   */
  readonly planted?: object
}

/** A route of the app. Its handler runs only where all guards let the request through. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'OPTIONS'
  readonly path: string
  /** Called once, with the guards of the app's resource server. They run in this order. */
  readonly guards: <Handler>(guards: Guards<Handler>) => readonly Handler[]
  /**
   * What the handler answers, as text with status 200: `route.answer(() => api.token(request))`. The
   * function gives what the adapter gives, and throws what the adapter throws.
   */
  readonly answer: (token: () => AccessToken | undefined) => string
}
