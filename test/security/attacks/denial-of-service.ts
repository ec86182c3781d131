import { randomBytes } from 'node:crypto'
import { newKeyPair } from '../../key-pairs.ts'
import { expect } from 'vitest'
import { audience, issuer, mint, mintGood, published } from '../../fuzz/generate-token.ts'
import { createRandom } from '../../fuzz/random.ts'
import type { Attempt, Builder, Group } from '../runner/attempt.ts'
import { type Bench, encode, segments } from '../fixtures/fixture.ts'
import { keyOf, keys } from '../fixtures/keys.ts'

/** Big tokens: over HTTP Node's limit of headers is hit first, so most of them stay in core. */
const big =
  (options: Readonly<Record<string, unknown>>, ...payloads: readonly string[]): Builder =>
  (bench) =>
    payloads.map((member, at) => {
      const payload = JSON.stringify(bench.claims()).replace('{', `{${member},`)
      return { name: String(at), options, token: bench.token({ payload }) }
    })

const roomy = { maxTokenBytes: 1_000_000 }

const many = (count: number): string =>
  Array.from({ length: count }, (_, at) => `"c${at}":${at}`).join()

const pattern = /^(a+)+$/

export const dos: Group = {
  'DOS-token-1m': (bench) => [
    { token: 'A'.repeat(1_048_576) },
    { name: 'well formed', token: `${'A'.repeat(500_000)}.${'A'.repeat(500_000)}.AAAA` },
    { name: 'over HTTP', token: `${segments(bench.token())[0]}.${'A'.repeat(9000)}.AAAA` },
  ],
  'DOS-hdr-64k': (bench) =>
    [{}, roomy].map((options) => ({
      ...{ name: JSON.stringify(options), options },
      token: bench.token({ key: keys.attacker(), header: { x: 'x'.repeat(65_536) } }),
    })),
  'DOS-claims-10k': big({}, many(10_000), many(1000)),
  'DOS-array-deep': big(
    roomy,
    `"x":${'['.repeat(10_000)}${']'.repeat(10_000)}`,
    `"x":${'['.repeat(10_000)}`,
  ),
  'DOS-redos-cfg': () => [
    ...['issuer', 'audience', 'algorithms', 'jwksUri', 'realm'].map((name) => ({
      ...{ name, misuse: true as const, options: { [name]: pattern } },
    })),
    { misuse: true, guards: (api) => [api.requireScope(pattern as never)] },
    { misuse: true, guards: (api) => [api.requireClaim('tenant', pattern as never)] },
    { misuse: true, guards: (api) => [api.requireActor(pattern as never)] },
  ],
  'DOS-sig-flood': (bench) => ({
    run: async (start) => {
      const service = await start()
      expect((await service.send({ token: bench.token() })).status).toBe(200)
      const asked = bench.authority.asked.length
      const forged = bench.token({ key: keys.attacker() })
      const outcomes = []
      for (let at = 0; at < 100; at += 1) outcomes.push(await service.send({ token: forged }))
      expect(bench.authority.asked.length, 'a bad signature fetches nothing').toBe(asked)
      return outcomes.at(-1)!
    },
  }),
  'DOS-alg-cost': (bench) => {
    // Too wide to be verified at all: the key is not used, whoever published it.
    const wide = {
      ...keys.rs256().jwk,
      n: encode(Buffer.concat([Buffer.of(0xff), randomBytes(2046), Buffer.of(1)])),
    }
    bench.authority.publish([wide, keyOf('RS512', 'RSA')])
    return [
      { name: 'not allowed', token: bench.token({ key: keyOf('RS512', 'RSA') }) },
      { name: 'too wide', token: bench.token({ key: keys.rs256() }) },
    ].map((attempt) => ({
      ...attempt,
      after: (_, { records }) =>
        expect(records[0]?.code).toMatch(/^(algorithm_not_allowed|key_not_found)$/),
    }))
  },
  'DOS-parse-first': (bench) =>
    [
      bench.token({ claims: { iss: 'https://evil.example' } }),
      bench.token({ header: { alg: 'HS256' } }),
      bench.token({ header: { typ: 'wit+jwt' } }),
      bench.token({ header: { crit: ['x'] } }),
      'x'.repeat(9000),
    ].map((token, at) => ({
      ...{ name: String(at), token },
      // Without keys no signature can have been verified.
      after: () => expect(bench.authority.asked).toEqual([]),
    })),
  'DOS-fuzz': (bench) => mutants(bench),
  'DOS-unhandled': (bench) => {
    const { publicKey } = newKeyPair(['rsa', { modulusLength: 1024 }])
    bench.authority.publish([
      { ...publicKey.export({ format: 'jwk' }), kid: 'RS256-key', alg: 'RS256' },
    ])
    const weird = [
      () => Promise.reject(undefined),
      () => ({}),
      () => undefined,
      throwing('text'),
      throwing(null),
    ]
    return [
      { token: bench.token({ key: keys.rs256() }) },
      ...weird.map((fetch, at) => ({
        ...{ name: `fetch ${at}`, options: { fetch }, token: bench.token() },
        otherwise: { status: 503, error: null, because: 'without keys there is no verdict' },
      })),
    ]
  },
}

/** Mutants that nobody signed, from the fuzzer: `npm run test:fuzz` tries a million. */
function mutants(bench: Bench): readonly Attempt[] {
  const random = createRandom(bench.now)
  const pool = Array.from({ length: 16 }, () => mintGood(random))
  const minted = Array.from({ length: 160 }, () => mint(random, pool))
  const options = { issuer, audience, jwks: { keys: published.map(({ jwk }) => jwk) } }
  return minted
    .filter(({ token, signed }) => !signed && token !== '')
    .map(({ token }) => ({ name: JSON.stringify(token), options, token }))
}

function throwing(value: unknown): () => never {
  return () => {
    // oxlint-disable-next-line typescript/only-throw-error -- a user's fetch may do so
    throw value
  }
}
