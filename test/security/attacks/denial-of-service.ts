import { randomBytes } from 'node:crypto'
import { newKeyPair } from '../../key-pairs.ts'
import { expect } from 'vitest'
import {
  audience,
  generateToken,
  generateValidToken,
  issuer,
  published,
} from '../../fuzz/generate-token.ts'
import { createRandom } from '../../fuzz/random.ts'
import type { Attempt, CaseBuilder, Group } from '../runner/attempt.ts'
import { type Fixture, encode, segments } from '../fixtures/fixture.ts'
import { keyOf, keys } from '../fixtures/keys.ts'

/** Large tokens. Most of them exceed Node's header limit, so they run only on core. */
const large =
  (options: Readonly<Record<string, unknown>>, ...payloads: readonly string[]): CaseBuilder =>
  (fixture) =>
    payloads.map((member, at) => {
      const payload = JSON.stringify(fixture.claims()).replace('{', `{${member},`)
      return { name: String(at), options, token: fixture.token({ payload }) }
    })

const raisedLimit = { maxTokenBytes: 1_000_000 }

const manyMembers = (count: number): string =>
  Array.from({ length: count }, (_, at) => `"c${at}":${at}`).join()

/** A regular expression in place of a string. */
const pattern = /^(a+)+$/

export const denialOfServiceCases: Group = {
  'DOS-token-1m': (fixture) => [
    { token: 'A'.repeat(1_048_576) },
    { name: 'well formed', token: `${'A'.repeat(500_000)}.${'A'.repeat(500_000)}.AAAA` },
    { name: 'over HTTP', token: `${segments(fixture.token())[0]}.${'A'.repeat(9000)}.AAAA` },
  ],
  'DOS-hdr-64k': (fixture) =>
    [{}, raisedLimit].map((options) => ({
      name: JSON.stringify(options),
      options,
      token: fixture.token({ key: keys.attacker(), header: { x: 'x'.repeat(65_536) } }),
    })),
  'DOS-claims-10k': large({}, manyMembers(10_000), manyMembers(1000)),
  'DOS-array-deep': large(
    raisedLimit,
    `"x":${'['.repeat(10_000)}${']'.repeat(10_000)}`,
    `"x":${'['.repeat(10_000)}`,
  ),
  'DOS-redos-cfg': () => [
    ...['issuer', 'audience', 'algorithms', 'jwksUri', 'realm'].map((name) => ({
      name,
      misuse: true as const,
      options: { [name]: pattern },
    })),
    { misuse: true, guards: (api) => [api.requireScope(pattern as never)] },
    { misuse: true, guards: (api) => [api.requireClaim('tenant', pattern as never)] },
    { misuse: true, guards: (api) => [api.requireActor(pattern as never)] },
  ],
  'DOS-sig-flood': (fixture) => ({
    run: async (start) => {
      const service = await start()
      expect((await service.send({ token: fixture.token() })).status).toBe(200)
      const requestsBefore = fixture.issuer.requests.length
      const forged = fixture.token({ key: keys.attacker() })
      const outcomes = []
      for (let at = 0; at < 100; at += 1) outcomes.push(await service.send({ token: forged }))
      expect(fixture.issuer.requests.length, 'an invalid signature causes no fetch').toBe(
        requestsBefore,
      )
      return outcomes.at(-1)!
    },
  }),
  'DOS-alg-cost': (fixture) => {
    // A key this large is expensive to verify with, so it is never used.
    const largeKey = {
      ...keys.rs256().jwk,
      n: encode(Buffer.concat([Buffer.of(0xff), randomBytes(2046), Buffer.of(1)])),
    }
    fixture.issuer.publish([largeKey, keyOf('RS512', 'RSA'), keys.es256()])
    return [
      { name: 'algorithm not allowed', token: fixture.token({ key: keyOf('RS512', 'RSA') }) },
      { name: 'key too large', token: fixture.token({ key: keys.rs256() }) },
    ].map((attempt) => ({
      ...attempt,
      check: (_, { records }) =>
        expect(records[0]?.code).toMatch(/^(algorithm_not_allowed|key_not_found)$/),
    }))
  },
  'DOS-parse-first': (fixture) =>
    [
      fixture.token({ claims: { iss: 'https://evil.example' } }),
      fixture.token({ header: { alg: 'HS256' } }),
      fixture.token({ header: { typ: 'wit+jwt' } }),
      fixture.token({ header: { crit: ['x'] } }),
      'x'.repeat(9000),
    ].map((token, at) => ({
      name: String(at),
      token,
      // Without keys, no signature was verified.
      check: () => expect(fixture.issuer.requests).toEqual([]),
    })),
  'DOS-fuzz': (fixture) => mutants(fixture),
  'DOS-unhandled': (fixture) => {
    const { publicKey } = newKeyPair(['rsa', { modulusLength: 1024 }])
    fixture.issuer.publish([
      { ...publicKey.export({ format: 'jwk' }), kid: 'RS256-key', alg: 'RS256' },
      keys.es256(),
    ])
    const brokenFetches = [
      () => Promise.reject(undefined),
      () => ({}),
      () => undefined,
      throwing('text'),
      throwing(null),
    ]
    return [
      { token: fixture.token({ key: keys.rs256() }) },
      ...brokenFetches.map((fetch, at) => ({
        name: `fetch ${at}`,
        options: { fetch },
        token: fixture.token(),
        override: { status: 503, error: null, reason: 'without keys, no token can be verified' },
      })),
    ]
  },
}

/** Mutated tokens without a valid signature, as in `npm run test:fuzz`. */
function mutants(fixture: Fixture): readonly Attempt[] {
  const random = createRandom(fixture.now)
  const validTokens = Array.from({ length: 16 }, () => generateValidToken(random))
  const generated = Array.from({ length: 160 }, () => generateToken(random, validTokens))
  const options = { issuer, audience, jwks: { keys: published.map(({ jwk }) => jwk) } }
  return generated
    .filter(({ token, signed }) => !signed && token !== '')
    .map(({ token }) => ({ name: JSON.stringify(token), options, token }))
}

function throwing(value: unknown): () => never {
  return () => {
    // oxlint-disable-next-line typescript/only-throw-error -- a custom fetch may do so
    throw value
  }
}
