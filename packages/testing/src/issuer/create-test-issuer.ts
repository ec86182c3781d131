import { algorithms } from '../keys/algorithms.ts'
import { createTestClock } from '../test-clock.ts'
import { createForge } from '../tokens/forgeries.ts'
import { sign } from '../tokens/sign.ts'
import { createKeyRing } from '../keys/signing-keys.ts'
import { discoveries, placesOf, resourcesOf } from './metadata.ts'
import {
  aClock,
  boolean,
  checkOptions,
  issuerPath,
  object,
  oneOf,
  type Rules,
} from '../check-options.ts'
import { downModes } from './outage.ts'
import { startServer } from './server.ts'
import { shapeNames, shapes } from '../tokens/providers.ts'
import type { TestIssuer, TestIssuerOptions } from './test-issuer.ts'
import { type Draft, draftIdToken, draftToken, type Situation } from '../tokens/build-token.ts'

const rules: Rules<TestIssuerOptions> = {
  path: issuerPath,
  algorithm: oneOf(algorithms),
  clock: aClock,
  shape: oneOf(shapeNames),
  discovery: oneOf(discoveries),
  metadata: object,
}

/**
 * Starts a test issuer. Close it when the tests are done.
 *
 * @throws TypeError if an option is unknown or malformed
 */
export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  checkOptions('createTestIssuer', options, rules)
  const { path = '', algorithm = 'RS256', shape = 'rfc9068' } = options
  const { discovery = 'both', metadata = {}, clock = createTestClock() } = options
  const ring = createKeyRing(algorithm, shapes[shape].keySet)
  const server = await startServer((origin) =>
    resourcesOf(placesOf(origin, path), ring, { discovery, metadata }),
  )
  const { issuer, jwksUri } = placesOf(server.origin, path)

  const situation = (): Situation => ({ issuer, shape, now: Math.floor(clock.now() / 1000) })
  const signed = ({ header, payload }: Draft): string => sign(header, payload, ring.current())

  return {
    url: issuer,
    jwksUri,
    clock,
    get key() {
      return ring.current()
    },
    get requests() {
      return server.requests()
    },
    forge: createForge({
      draft: (token) => draftToken(token, situation()),
      key: () => ring.current(),
    }),
    token: (token) => signed(draftToken(token, situation())),
    idToken: (token) => signed(draftIdToken(token, situation())),
    sign: ({ header = {}, payload, key = ring.current() }) => sign(header, payload, key),
    rotateKeys(rotation = {}) {
      checkOptions('rotateKeys', rotation, { overlap: boolean })
      return ring.rotate(rotation.overlap ?? true)
    },
    stop(mode = 'disconnect') {
      checkOptions('stop', { mode }, { mode: oneOf(downModes) })
      server.setOutage(mode)
    },
    resume: () => server.setOutage(undefined),
    close: () => server.close(),
    [Symbol.asyncDispose]: () => server.close(),
  }
}
