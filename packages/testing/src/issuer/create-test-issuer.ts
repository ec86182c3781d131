import {
  boolean,
  checkOptions,
  clients as clientsRule,
  duration,
  issuerPath,
  nonEmptyString,
  object,
  oneOf,
  port as portRule,
  type Rules,
  signingKey,
  testClock,
  usageError,
} from '../check-options.ts'
import { algorithmNames } from '../keys/algorithms.ts'
import { createKeyRing } from '../keys/signing-keys.ts'
import { createTestClock } from '../test-clock.ts'
import {
  buildIdToken,
  buildToken,
  type TokenContext,
  type UnsignedToken,
} from '../tokens/build-token.ts'
import { createDpopClient } from '../tokens/dpop-client.ts'
import { createForgeries } from '../tokens/forgeries.ts'
import { buildLogoutToken } from '../tokens/logout-token.ts'
import { providerIds, providers } from '../tokens/providers.ts'
import { sign } from '../tokens/sign.ts'
import { createExchangeServer, type ExchangeServer } from './exchange.ts'
import { createIntrospectionServer } from './introspection.ts'
import { discoveries, issuerResources, issuerUrls } from './metadata.ts'
import { outageModes } from './outage.ts'
import { startServer } from './server.ts'
import type { TestIssuer, TestIssuerOptions } from './test-issuer.ts'

const rules: Rules<TestIssuerOptions> = {
  issuer: nonEmptyString,
  path: issuerPath,
  port: portRule,
  algorithm: oneOf(algorithmNames),
  key: signingKey,
  clock: testClock,
  provider: oneOf(providerIds),
  discovery: oneOf(discoveries),
  metadata: object,
  etag: boolean,
  clients: clientsRule,
}

const tokenPath = '/token'
const introspectionPath = '/introspect'

/**
 * Starts a test issuer. Close it when the tests are done.
 *
 * @throws TypeError if an option is unknown or malformed
 * @throws Error if `port` is in use
 *
 * @example
 * ```ts
 * import { createVerifier } from '@resource-server/core'
 * import { createTestIssuer } from '@resource-server/testing'
 *
 * const issuer = await createTestIssuer()
 * const verifier = createVerifier({ issuer: issuer.url, audience: 'orders', clock: issuer.clock })
 * const token = await verifier.verify(issuer.token({ aud: 'orders', scope: 'orders:read' }))
 * console.log(token.hasScope('orders:read'))
 * await issuer.close()
 * ```
 */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  checkOptions('createTestIssuer', options, rules)
  const { key: firstKey, provider = 'rfc9068', port = 0, etag = false } = options
  const { algorithm = firstKey?.algorithm ?? 'ES256' } = options
  if (firstKey && algorithm !== firstKey.algorithm) {
    throw usageError(`createTestIssuer: 'key' is for ${firstKey.algorithm}, not for ${algorithm}.`)
  }
  const { discovery = 'both', metadata = {}, clock = createTestClock(), clients } = options
  const ring = createKeyRing(algorithm, providers[provider].keySet, firstKey)
  const server = await startServer(
    (origin) => ({
      resources: issuerResources(issuerUrls(origin, options), ring, {
        discovery,
        metadata: {
          ...(clients && { introspection_endpoint: origin + introspectionPath }),
          ...metadata,
        },
      }),
      ...(clients && {
        forms: [
          { path: tokenPath, respond: (request) => exchange.respond(request) },
          { path: introspectionPath, respond: (request) => introspection.respond(request) },
        ],
      }),
    }),
    { port, etag, clock },
  )
  const { issuer, origin, jwksUri, metadataUri } = issuerUrls(server.origin, options)

  const context = (): TokenContext => ({ issuer, provider, now: Math.floor(clock.now() / 1000) })
  const signed = ({ header, payload }: UnsignedToken): string =>
    sign(header, payload, ring.current())
  const createToken: TestIssuer['token'] = (token) => signed(buildToken(token, context()))
  const exchange: ExchangeServer = createExchangeServer({
    url: `${server.origin}${tokenPath}`,
    issuer,
    clock,
    ring,
    createToken,
    clients: clients ?? {},
    writesActors: providers[provider].actor !== undefined,
  })

  const introspection = createIntrospectionServer({
    url: `${server.origin}${introspectionPath}`,
    issuer,
    clock,
    ring,
    clients: clients ?? {},
    claimsOf: (token) => buildToken(token, context()).payload,
  })
  const logoutToken: TestIssuer['logoutToken'] = (token) =>
    signed(buildLogoutToken(token, context()))

  return {
    url: issuer,
    origin,
    jwksUri,
    metadataUri,
    clock,
    get key() {
      return ring.current()
    },
    get requests() {
      return server.requests()
    },
    tokenEndpoint: exchange.endpoint,
    forge: createForgeries({
      build: (token) => buildToken(token, context()),
      currentKey: () => ring.current(),
    }),
    introspection: introspection.endpoint,
    token: createToken,
    opaqueToken: introspection.createOpaqueToken,
    logoutToken,
    signOut: (uri, token) =>
      fetch(uri, {
        method: 'POST',
        body: new URLSearchParams({ logout_token: logoutToken(token) }),
        redirect: 'manual',
      }),
    idToken: (token) => signed(buildIdToken(token, context())),
    sign: ({ header = {}, payload, key = ring.current() }) => sign(header, payload, key),
    dpopClient: (client = {}) => createDpopClient(client, { clock, token: createToken }),
    rotateKeys(rotation = {}) {
      checkOptions('rotateKeys', rotation, { overlap: boolean })
      return ring.rotate(rotation.overlap ?? true)
    },
    stop(mode = 'disconnect', outage = {}) {
      checkOptions('stop', { mode }, { mode: oneOf(outageModes) })
      checkOptions('stop', outage, { retryAfter: duration })
      if (outage.retryAfter !== undefined && mode !== 'error') {
        throw usageError(`stop: 'retryAfter' requires the mode 'error', got '${mode}'.`)
      }
      server.setOutage({ mode, retryAfter: outage.retryAfter })
    },
    resume: () => server.setOutage(undefined),
    delay(seconds) {
      checkOptions('delay', { seconds }, { seconds: duration })
      server.setDelay(seconds)
    },
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
