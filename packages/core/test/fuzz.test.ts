import { createTestIssuer } from '@resource-server/testing'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { createGate, fromFetch, fromNode, type GuardResult } from '../src/adapter.ts'
import { codes, createVerifier, type VerificationResult } from '../src/index.ts'

// The seed is random. The message of a failed property contains it. Repeat with FUZZ_SEED=… npx vitest run …
const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
const runs = { seed, numRuns: Number(process.env.FUZZ_RUNS ?? 500) }

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const aud = 'order-service'
const options = { issuer: issuer.url, audience: aud, clock: issuer.clock }
const verifier = createVerifier(options)
const gate = createGate(options)
const { guard } = gate.guards((made) => ({ guard: made })).requireAuthentication()
const good = issuer.token({ aud, scope: 'orders:read', actors: ['user-service'] })

const byte = fc.integer({ min: 0, max: 255 })
const position = fc.nat(good.length - 1)
const base64url = fc.constantFrom(...Array.from('AZaz09-_.=+/ \n\0é'))

/** One change to the text of the token. Changes that have no effect are filtered out. */
const mutated = fc
  .oneof(
    fc.tuple(position, byte).map(([at, code]) => splice(at, 1, String.fromCharCode(code))),
    fc.tuple(position, base64url).map(([at, character]) => splice(at, 1, character)),
    fc.tuple(position, base64url).map(([at, character]) => splice(at, 0, character)),
    fc.tuple(position, fc.integer({ min: 1, max: 9 })).map(([at, count]) => splice(at, count, '')),
    fc.tuple(position, position).map(([from, to]) => good.slice(from) + good.slice(0, to)),
    fc.tuple(position, position).map(([from, to]) => splice(from, 0, good.slice(from, to))),
    fc.shuffledSubarray(good.split('.'), { minLength: 1 }).map((parts) => parts.join('.')),
    fc.tuple(fc.nat(2), fc.uint8Array({ maxLength: 64 })).map(([index, bytes]) => {
      const parts = good.split('.')
      parts[index] = Buffer.from(bytes).toString('base64url')
      return parts.join('.')
    }),
  )
  .filter((token) => token !== good)

function splice(at: number, count: number, text: string): string {
  return good.slice(0, at) + text + good.slice(at + count)
}

/** Claims of any type, mostly with registered names. */
const names = [
  'iss',
  'sub',
  'aud',
  'exp',
  'iat',
  'nbf',
  'scope',
  'scp',
  'act',
  'may_act',
  'cnf',
  'nonce',
  'client_id',
  'azp',
  'typ',
  'token_use',
  'events',
  'at_hash',
  '__proto__',
  'constructor',
]
const oddValue = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(
    aud,
    [aud, 1],
    [],
    {},
    -1,
    Infinity,
    2 ** 53,
    '',
    { sub: 'x' },
    { act: {} },
    null,
  ),
)
const oddClaims = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), oddValue, {
  minKeys: 1,
  maxKeys: 4,
})

function expectTyped(result: VerificationResult): void {
  if (result.ok) return
  expect(codes).toHaveProperty(result.code)
  // An unexpected error in the verifier has this code.
  expect(result.code).not.toBe('verification_failed')
}

const ask = async (headers: [string, string][]): Promise<GuardResult> =>
  gate.pass({}, { method: 'GET', url: '/', headers }, guard)

function expectRefusal(result: GuardResult): void {
  const status = result.action === 'reply' ? result.reply.status : result.action
  expect([400, 401]).toContain(status)
}

describe('fuzzing', () => {
  test('the token to mutate is accepted', async () => {
    expect(await verifier.check(good)).toMatchObject({ ok: true })
    expect(await ask([['Authorization', `Bearer ${good}`]])).toEqual({ action: 'proceed' })
  })

  test('no mutation of a valid token is accepted', () =>
    fc.assert(
      fc.asyncProperty(mutated, async (token) => {
        const result = await verifier.check(token)
        expect(result.ok).toBe(false)
        expectTyped(result)
      }),
      runs,
    ))

  test('signed claims of any type are refused, or read as they are in the token', () =>
    fc.assert(
      fc.asyncProperty(oddClaims, async (claims) => {
        const now = issuer.clock.now() / 1000
        const valid = { iss: issuer.url, sub: 'user-42', aud, scope: 'a', iat: now, exp: now + 60 }
        const payload = JSON.stringify({ ...valid, ...claims })
        const result = await verifier.check(issuer.sign({ payload }))
        expectTyped(result)
        if (!result.ok) return
        const { subject, audience, actor, claims: tokenClaims, expiresAt } = result.token
        expect(audience).toContain(aud)
        expect([subject, actor !== undefined]).toEqual([
          tokenClaims.sub,
          Object.hasOwn(claims, 'act'),
        ])
        expect(expiresAt.getTime()).toBeGreaterThan(issuer.clock.now() - 5000)
        expect(Object.hasOwn(tokenClaims, 'act')).toBe(false)
      }),
      runs,
    ))

  test('no Authorization header except the valid one is accepted', () =>
    fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string().map((text) => `Bearer ${text}`),
          mutated.map((token) => `Bearer ${token}`),
          fc.tuple(fc.string({ minLength: 1 }), fc.string()).map((around) => around.join(good)),
          fc
            .constantFrom(',', ', ', ', Bearer ', ' ,Bearer ')
            .map((by) => `Bearer ${good}${by}${good}`),
        ),
        async (value) => expectRefusal(await ask([['authorization', value]])),
      ),
      runs,
    ))

  test('no raw headers cause an error, and no second credential is accepted', () => {
    const value = fc.oneof(fc.string(), fc.constant(`Bearer ${good}`), fc.constant('Basic eDp5'))
    const name = fc.oneof(fc.string(), fc.constantFrom('Authorization', 'AUTHORIZATION', 'cookie'))
    return fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 6 }), async (headers) => {
        const raw = fromNode({ method: 'GET', url: '/', rawHeaders: headers.flat(), headers: {} })
        const result = await gate.pass({}, raw, guard)
        const sent = headers.filter(([key]) => key.toLowerCase() === 'authorization')
        const single = sent.length === 1 && sent[0]?.[1] === `Bearer ${good}`
        if (single) expect(result).toEqual({ action: 'proceed' })
        else expectRefusal(result)
      }),
      runs,
    )
  })

  test('no Fetch Request causes an error, and no second credential is accepted', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(good, 'x', ''), { maxLength: 3 }),
        async (tokens) => {
          const headers = new Headers()
          for (const token of tokens) headers.append('authorization', `Bearer ${token}`)
          const request = new Request('https://orders.example/', { headers })
          const result = await gate.pass(request, fromFetch(request), guard)
          if (tokens.length === 1 && tokens[0] === good) expect(result.action).toBe('proceed')
          else expectRefusal(result)
        },
      ),
      runs,
    ))
})
