import { createTestClock, createTestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, test } from 'vitest'
import type { VerificationKey } from '../../src/jose/jwk.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import { ResolvedIssuers, type TrustedIssuer } from '../../src/verify/resolved-issuers.ts'

// Which issuers are live, for how long, and what their keys are worth after that.

const pen = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => pen.close())
const { kid, publicJwk } = pen.key
const header = { alg: 'ES256', kid, typ: undefined }
const tenant = 'https://tenant.example.com'
const fixed = { issuer: tenant, jwks: { keys: [publicJwk] } }

interface Desk {
  readonly issuers: ResolvedIssuers
  readonly clock: ReturnType<typeof createTestClock>
  readonly asked: readonly string[]
  readonly fetched: readonly string[]
  readonly admit: (iss?: string) => Promise<TrustedIssuer>
}

function open(rule: (iss: string) => unknown): Desk {
  const [clock, asked, fetched] = [createTestClock(), [] as string[], [] as string[]]
  // What is subtracted from this clock must not be zero.
  clock.advance(3600)
  const resolveIssuer = (iss: string): unknown => {
    asked.push(iss)
    return rule(iss)
  }
  const fetch = async (url: string): Promise<Response> => {
    fetched.push(url)
    return Response.json(
      url.endsWith('/jwks')
        ? { keys: [publicJwk] }
        : { issuer: tenant, jwks_uri: `${tenant}/jwks` },
    )
  }
  const options = { audience: 'order-service', clock, resolveIssuer, fetch }
  const policy = createPolicy(options, 'verifier')
  const issuers = new ResolvedIssuers(policy, policy.resolveIssuer!)
  const admit = async (iss = tenant): Promise<TrustedIssuer> => {
    const found = await issuers.find(iss)
    if (found instanceof Refusal) throw new Error(found.reason)
    return found
  }
  return { issuers, clock, asked, fetched, admit }
}

async function keyOf({ source }: TrustedIssuer): Promise<VerificationKey> {
  const key = await source.find(header)
  if (key instanceof Refusal) throw new Error(key.reason)
  return key
}

test.each<[what: string, iss: string, rule: () => unknown, code: string, reason: string]>([
  [
    ...(['spelled oddly', `${tenant}:443`, () => fixed, 'issuer_not_trusted'] as const),
    "the token's iss is no plainly spelled issuer",
  ],
  [
    ...(['refused', tenant, () => undefined, 'issuer_not_trusted'] as const),
    "resolveIssuer refuses the token's iss",
  ],
  [
    ...(['met with a bug', tenant, () => Promise.reject(new Error('x'))] as const),
    ...(['verification_failed', 'resolveIssuer gave no answer: it failed'] as const),
  ],
  [
    ...(['answered oddly', tenant, () => ({ issuer: 'https://other.example' })] as const),
    'verification_failed',
    'resolveIssuer gave no answer: resolveIssuer returned a different issuer. Return { issuer } exactly as it was passed in.',
  ],
])('an issuer that is %s', async (_what, iss, rule, code, reason) => {
  const detail = code === 'verification_failed' ? { retryAfter: 1 } : { claim: 'iss' }
  expect(await open(rule).issuers.find(iss)).toEqual(new Refusal(code as never, reason, detail))
})

test.each([
  ['yes', fixed],
  ['no', undefined],
])('a %s counts for a minute', async (_what, answer) => {
  const { issuers, clock, asked } = open(() => answer)
  for (const wait of [0, 59.999, 0.001, 59.999]) {
    clock.advance(wait)
    await issuers.find(tenant)
  }
  expect(asked).toHaveLength(2)
})

test('who is let in after a no is in', async () => {
  let member = false
  const { issuers, clock, admit } = open(() => (member ? fixed : undefined))
  expect(await issuers.find(tenant)).toBeInstanceOf(Refusal)
  member = true
  clock.advance(60)
  const live = await admit()
  // At once, since it is the same issuer still.
  expect(issuers.find(tenant)).toBe(live)
})

test('of ten thousand no, the oldest are forgotten', async () => {
  const { issuers, asked } = open(() => undefined)
  for (let at = 0; at < 10_000; at += 1) await issuers.find(`https://t${at}.example`)
  await issuers.find('https://t9999.example')
  expect(asked).toHaveLength(10_000)
  await issuers.find('https://t10000.example')
  await issuers.find('https://t0.example')
  expect(asked).toHaveLength(10_002)
})

test('a thousand questions may be open, each once', async () => {
  let answer = (_value: undefined): void => {}
  const answered = new Promise<undefined>((resolve) => (answer = resolve))
  const { issuers, asked } = open(() => answered)
  const open1000 = Array.from({ length: 1000 }, (_, at) => issuers.find(`https://t${at}.example`))
  expect(issuers.find('https://t0.example')).toBe(open1000[0])
  expect(await issuers.find(tenant)).toEqual(
    new Refusal('verification_failed', 'resolveIssuer gave no answer: too many are asked about', {
      retryAfter: 1,
    }),
  )
  expect(asked).toHaveLength(1000)
  answer(undefined)
  for (const question of open1000) await question
  await issuers.find(tenant)
  expect(asked).toHaveLength(1001)
})

describe('a key holds', () => {
  test('for as long as the answer counts, and again after the next one', async () => {
    const { clock, admit } = open(() => fixed)
    const live = await admit()
    const key = await keyOf(live)
    expect(live.source.holds(key)).toBe(true)
    expect(live.source.holds({ ...key })).toBe(false)
    clock.advance(60)
    expect(live.source.holds(key)).toBe(false)
    expect(await admit()).toBe(live)
    expect(live.source.holds(key)).toBe(true)
  })

  test('no longer where the answer is another', async () => {
    const answers = [fixed, { ...fixed, audience: 'other' }, undefined]
    const { issuers, clock, admit } = open(() => answers.shift())
    const first = await admit()
    const key = await keyOf(first)
    clock.advance(60)
    const second = await admit()
    const again = await keyOf(second)
    expect([first.source.holds(key), second.source.holds(again)]).toEqual([false, true])
    clock.advance(60)
    await issuers.find(tenant)
    expect(second.source.holds(again)).toBe(false)
    expect(issuers.sources).toEqual([])
  })
})

describe('the keys of a live issuer', () => {
  test('can be asked about as others can', async () => {
    const { source } = await open(() => fixed).admit()
    expect(source.ready()).toBe(false)
    await source.warmUp()
    expect(source.ready()).toBe(true)
    expect(source.health()).toMatchObject({ issuer: tenant, state: 'fresh', keys: 1 })
    source.blockKey(kid)
    expect(await source.find(header)).toMatchObject({ code: 'key_not_found' })
    for (const work of [source.warmUp(), source.refreshKeys()])
      await expect(work).rejects.toThrow("No key in 'jwks' is usable")
  })

  test('are fetched where none are given, until it is closed', async () => {
    const { issuers, fetched, clock, admit } = open(() => ({ issuer: tenant }))
    const { source } = await admit()
    await source.warmUp()
    expect(source.health()).toHaveProperty('nextAttempt')
    issuers.close()
    expect(source.health()).not.toHaveProperty('nextAttempt')
    clock.advance(3600)
    expect(fetched).toHaveLength(2)
  })

  test('are fetched no more once their own source is closed', async () => {
    const { source } = await open(() => ({ issuer: tenant })).admit()
    await source.warmUp()
    source.close()
    expect(source.health()).not.toHaveProperty('nextAttempt')
  })

  test('are not fetched for one that comes after the end', async () => {
    const { issuers, fetched, admit } = open(() => ({ issuer: tenant }))
    issuers.close()
    const { source } = await admit()
    expect(await source.find(header)).toMatchObject({ code: 'keys_unavailable' })
    expect(fetched).toEqual([])
  })

  test('are none that were evicted, before and after', async () => {
    const { issuers, admit } = open((iss) => ({ ...fixed, issuer: iss }))
    const early = await admit()
    issuers.blockKey(kid)
    const late = await admit('https://late.example.com')
    for (const { source } of [early, late])
      expect(await source.find(header)).toMatchObject({ code: 'key_not_found' })
  })
})
