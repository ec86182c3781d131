import { type AccessToken, ConfigError } from '@resource-server/core'

/** How to read the token of a request that the guard has let through. By the request of the platform. */
const readers = new WeakMap<object, () => AccessToken | undefined>()

export function rememberToken(request: object, read: () => AccessToken | undefined): void {
  readers.set(request, read)
}

/** @throws ConfigError if the guard has not run on this request */
export function tokenOf(request: object): AccessToken | undefined {
  const read = readers.get(request)
  if (read) return read()
  throw new ConfigError(
    'No guard ran on this request.',
    'Remove @Public() from the route, and import ResourceServerModule.forRoot() in the root module.',
  )
}

/** The injection token of the options. */
export const settings: symbol = Symbol('options of the resource server')

/** The injection token of options that replace them in a test. */
export const overrides: symbol = Symbol('options of a test')
