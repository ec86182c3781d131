import type { AccessToken } from '@resource-server/core'
import { checkClient, type ClientCheck } from './client-check.ts'
import { DpopKey } from './dpop-key.ts'
import type { ExchangedToken } from './exchanged-token.ts'
import { Exchanger, type HopHealth } from './exchanger.ts'
import type { NextHopOptions } from './options.ts'
import { relay } from './relay.ts'
import { ServiceCaller } from './service-call.ts'
import { readSettings } from './settings.ts'

/** A service that this service calls on behalf of its callers. */
export interface NextHop {
  /**
   * Exchanges the caller's token for one that the next service accepts (RFC 8693). Tokens are cached until 30
   * seconds before they expire, and never longer than the caller's token is valid. Concurrent calls with the same
   * token share one request.
   *
   * It does not verify the new token: the next service does that.
   *
   * @throws HopError with the `status` and the `headers` for the caller. If `signal` times out, the status is 503.
   * @throws the reason of `signal` if it aborts for another reason
   * @throws ConfigError if the token was not verified here, or is from another issuer
   */
  readonly token: (
    subject: AccessToken,
    options?: { readonly signal?: AbortSignal },
  ) => Promise<ExchangedToken>
  /**
   * Sends a request to the next service with an exchanged token. `init` is the same as for the global `fetch`.
   *
   * `Authorization`, `DPoP`, `Cookie`, and connection-specific headers are removed from `init.headers`. Redirects to
   * another origin are errors. After a response with 401, it exchanges the token again and repeats the request once,
   * unless the body is a stream.
   *
   * @param path a path at `origin`, or a URL of that origin
   * @throws HopError if there is no token, no response, or a redirect elsewhere
   * @throws ConfigError for a URL of another origin, before anything is sent
   *
   * @example
   * ```ts
   * import express from 'express'
   * import { resourceServer } from '@resource-server/express'
   * import { nextHop } from '@resource-server/exchange'
   *
   * const issuer = 'https://as.example.com'
   * const api = resourceServer({ issuer, audience: 'order-service' })
   * const inventory = nextHop({
   *   issuer,
   *   client: { id: 'order-service', secret: process.env['CLIENT_SECRET']! },
   *   audience: 'inventory-service',
   *   scope: 'stock:read',
   *   origin: 'https://inventory.internal',
   * })
   *
   * const app = express()
   * app.get('/orders/:id', api.requireScope('orders:read'), async (req, res) => {
   *   const response = inventory.relay(await inventory.fetch(api.token(req), '/stock/7'))
   *   res.json({ id: req.params.id, stock: await response.json() })
   * })
   * ```
   */
  readonly fetch: (
    subject: AccessToken,
    path: string | URL,
    init?: RequestInit,
  ) => Promise<Response>
  /**
   * Returns the response from the next service, unless this service's caller must not see it. A 401 becomes an
   * error with status 502, a 403 with `insufficient_scope` becomes one with status 403, and a 429 or 503 becomes
   * one with status 503 and `Retry-After`.
   *
   * @throws HopError
   */
  readonly relay: (response: Response) => Response
  /** Forgets the tokens that were obtained in exchange for this one. Call it when the caller's token is revoked. */
  readonly forget: (subject: AccessToken) => Promise<void>
  /** Whether exchanges work at the moment. Sends nothing. */
  readonly health: () => HopHealth
  /**
   * Fetches the metadata of the issuer, so that the first call does not wait for it.
   *
   * @throws ConfigError if the metadata has no usable token endpoint
   * @throws Error if the metadata cannot be fetched
   */
  readonly warmUp: () => Promise<void>
  /**
   * Whether the authorization server accepts the client and the target of this hop. Tries to exchange a
   * made-up token and looks at the error. For tools and startup checks: each call sends requests, and the server may
   * log a failed exchange. Servers that check the token before the target do not reveal whether they accept the target.
   * Never rejects.
   */
  readonly checkClient: () => Promise<ClientCheck>
}

/**
 * Creates a hop: this service's connection to the next one, which uses tokens that the authorization server issues
 * in exchange for the callers' tokens.
 *
 * @throws ConfigError for invalid options, and if the authorization server cannot do what they ask for
 *
 * @example
 * ```ts
 * import { createVerifier } from '@resource-server/core'
 * import { nextHop } from '@resource-server/exchange'
 *
 * const issuer = 'https://as.example.com'
 * const verifier = createVerifier({ issuer, audience: 'order-service' })
 * const inventory = nextHop({
 *   issuer,
 *   client: { id: 'order-service', secret: 'a secret' },
 *   audience: 'inventory-service',
 * })
 *
 * // For gRPC, queues, and other clients: the token itself.
 * export async function metadataFor(jwt: string): Promise<string> {
 *   const { tokenType, value } = await inventory.token(await verifier.verify(jwt))
 *   return `${tokenType} ${value}`
 * }
 * ```
 */
export function nextHop(options: NextHopOptions): NextHop {
  const settings = readSettings(options)
  const key = new DpopKey(settings)
  const exchanger = new Exchanger(settings, key)
  const caller = new ServiceCaller(settings, exchanger, key)
  return Object.freeze<NextHop>({
    token: (subject, { signal } = {}) => exchanger.token(subject, signal),
    fetch: (subject, path, init = {}) => caller.fetch(subject, path, init),
    relay,
    forget: (subject) => exchanger.forget(subject),
    health: () => exchanger.health(),
    warmUp: () => exchanger.prepare(),
    checkClient: () => checkClient(settings, key),
  })
}
