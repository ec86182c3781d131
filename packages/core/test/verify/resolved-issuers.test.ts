import { createTestClock, createTestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, test } from 'vitest'
import type { VerifierOptions } from '../../src/index.ts'
import type { VerificationKey } from '../../src/jose/jwk.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import { ResolvedIssuers } from '../../src/verify/resolved-issuers.ts'
import type { TrustedIssuer } from '../../src/verify/trusted-issuer.ts'

// How long a result of resolveIssuer is used, and how long the keys of an issuer count.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const { kid, publicJwk } = issuer.key
const header = { alg: 'ES256', kid, typ: undefined }
const tenant = 'https://tenant.example.com'
const fixed = { issuer: tenant, jwks: { keys: [publicJwk] } }

interface Harness {
  readonly issuers: ResolvedIssuers
  readonly clock: ReturnType<typeof createTestClock>
  readonly resolved: readonly string[]
  readonly fetched: readonly string[]
  readonly accept: (iss?: string) => Promise<TrustedIssuer>
}

function createHarness(resolve: (iss: string) => unknown, more: VerifierOptions = {}): Harness {
  const [clock, resolved, fetched] = [createTestClock(), [] as string[], [] as string[]]
  // So that a time of zero is distinguishable from the current time.
  clock.advance(3600)
  const resolveIssuer = (iss: string): unknown => {
    resolved.push(iss)
    return resolve(iss)
  }
  const fetch = async (url: string): Promise<Response> => {
    fetched.push(url)
    return Response.json(
      url.endsWith('/jwks')
        ? { keys: [publicJwk] }
        : { issuer: tenant, jwks_uri: `${tenant}/jwks` },
    )
  }
  const options = { audience: 'order-service', clock, resolveIssuer, fetch, ...more }
  const policy = createPolicy(options, 'verifier')
  const issuers = new ResolvedIssuers(policy, policy.resolveIssuer!)
  const accept = async (iss = tenant): Promise<TrustedIssuer> => {
    const found = await issuers.find(iss)
    if (found instanceof Refusal) throw new Error(found.reason)
    return found
  }
  return { issuers, clock, resolved, fetched, accept }
}

async function keyOf({ source }: TrustedIssuer): Promise<VerificationKey> {
  const key = await source.find(header)
  if (key instanceof Refusal) throw new Error(key.reason)
  return key
}

test.each<[what: string, iss: string, resolve: () => unknown, code: string, reason: string]>([
  [
    'not normalized',
    `${tenant}:443`,
    () => fixed,
    'issuer_not_trusted',
    `the token's iss is "${tenant}:443", which is not a normalized issuer URL`,
  ],
  [
    'refused',
    tenant,
    () => undefined,
    'issuer_not_trusted',
    `resolveIssuer does not accept the token's iss "${tenant}"`,
  ],
  [
    'resolved with an error',
    tenant,
    () => Promise.reject(new TypeError('no\nrow')),
    'verification_failed',
    String.raw`resolveIssuer failed: it threw TypeError: "no\u000arow"`,
  ],
  [
    'resolved to another issuer',
    tenant,
    () => ({ issuer: 'https://other.example' }),
    'verification_failed',
    'resolveIssuer failed: resolveIssuer returned a different issuer. Return { issuer } exactly as it was passed in.',
  ],
])('find returns a refusal for an issuer that is %s', async (_what, iss, resolve, code, reason) => {
  const detail = code === 'verification_failed' ? { retryAfter: 1 } : { claim: 'iss' }
  expect(await createHarness(resolve).issuers.find(iss)).toEqual(
    new Refusal(code as never, reason, detail),
  )
})

test.each([
  ['an acceptance', fixed],
  ['a refusal', undefined],
])('%s is used for a minute', async (_what, result) => {
  const { issuers, clock, resolved } = createHarness(() => result)
  for (const wait of [0, 59.999, 0.001, 59.999]) {
    clock.advance(wait)
    await issuers.find(tenant)
  }
  expect(resolved).toHaveLength(2)
})

test('an issuer that is accepted after a refusal stays accepted', async () => {
  let member = false
  const { issuers, clock, accept } = createHarness(() => (member ? fixed : undefined))
  expect(await issuers.find(tenant)).toBeInstanceOf(Refusal)
  member = true
  clock.advance(60)
  const accepted = await accept()
  // Synchronously, because the result is still used.
  expect(issuers.find(tenant)).toBe(accepted)
})

test('at most ten thousand refused issuers are remembered', async () => {
  const { issuers, resolved } = createHarness(() => undefined)
  for (let at = 0; at < 10_000; at += 1) await issuers.find(`https://t${at}.example`)
  await issuers.find('https://t9999.example')
  expect(resolved).toHaveLength(10_000)
  await issuers.find('https://t10000.example')
  await issuers.find('https://t0.example')
  expect(resolved).toHaveLength(10_002)
})

test('at most a thousand calls to resolveIssuer are pending, one for each issuer', async () => {
  let settle = (_value: undefined): void => {}
  const resolvedLater = new Promise<undefined>((resolve) => (settle = resolve))
  const { issuers, resolved } = createHarness(() => resolvedLater)
  const calls = Array.from({ length: 1000 }, (_, at) => issuers.find(`https://t${at}.example`))
  expect(issuers.find('https://t0.example')).toBe(calls[0])
  expect(await issuers.find(tenant)).toEqual(
    new Refusal('verification_failed', 'resolveIssuer failed: 1000 calls are pending', {
      retryAfter: 1,
    }),
  )
  expect(resolved).toHaveLength(1000)
  settle(undefined)
  for (const call of calls) await call
  await issuers.find(tenant)
  expect(resolved).toHaveLength(1001)
})

test('a call to resolveIssuer that does not settle within 5 seconds fails', async () => {
  const { issuers, clock, resolved } = createHarness(() => new Promise(() => {}))
  const found = issuers.find(tenant)
  clock.advance(5)
  expect(await found).toEqual(
    new Refusal('verification_failed', 'resolveIssuer failed: it did not settle within 5000 ms', {
      retryAfter: 1,
    }),
  )
  void issuers.find(tenant)
  expect(resolved).toHaveLength(2)
})

test('an accepted issuer is resolved again while a thousand calls for unknown issuers are pending', async () => {
  const { issuers, clock, accept } = createHarness((iss) =>
    iss === tenant ? fixed : new Promise(() => {}),
  )
  const accepted = await accept()
  clock.advance(60)
  for (let at = 0; at < 1000; at += 1) void issuers.find(`https://t${at}.example`)
  expect(await accept()).toBe(accepted)
})

test('an issuer whose keys cannot be fetched keeps its retry delay after others replaced it', async () => {
  const { issuers, accept, clock } = createHarness((iss) => ({ issuer: iss }))
  const failing = await accept('https://other.example')
  expect(await failing.source.find(header)).toBeInstanceOf(Refusal)
  for (let at = 0; at < 120; at += 1) {
    const found = issuers.find(`https://t${at}.example`)
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(0.1)
    await found
  }
  expect(issuers.sources).not.toContain(failing.source)
  expect(await accept('https://other.example')).toBe(failing)
  expect(failing.source.health()).toMatchObject({ lastError: expect.any(String), keys: 0 })
})

test('keys that no token needs for two freshness lifetimes are not refreshed', async () => {
  const { fetched, clock, accept, issuers } = createHarness(() => ({ issuer: tenant }))
  const { source } = await accept()
  await source.find(header)
  for (let minute = 0; minute < 12; minute += 1) {
    clock.advance(60)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const requests = fetched.length
  expect(requests).toBeGreaterThan(2)
  clock.advance(3 * 3600)
  await new Promise((resolve) => setImmediate(resolve))
  expect(fetched).toHaveLength(requests)
  // The next token waits for new keys.
  const found = await issuers.find(tenant)
  if (found instanceof Refusal) throw new Error(found.reason)
  expect(await found.source.find(header)).toMatchObject({ kid })
  expect(fetched.length).toBeGreaterThan(requests)
})

test('an issuer is refused if too many others are to be added before it', async () => {
  const { issuers } = createHarness((iss) => ({ issuer: iss }))
  let [added, last]: [number, unknown] = [0, undefined]
  for (let at = 0; at < 311; at += 1) {
    void Promise.resolve(issuers.find(`https://tenant-${at}.example`)).then((found) => {
      if (found instanceof Refusal) last = found
      else added += 1
    })
  }
  await new Promise((resolve) => setImmediate(resolve))
  expect(added).toBe(10)
  expect(last).toMatchObject({
    code: 'keys_unavailable',
    reason: 'JWKS of a new issuer is unavailable: more than 10 new issuers per second',
  })
  issuers.close()
})

describe('holds is true', () => {
  test('while the result is used, and again after the issuer was accepted again', async () => {
    const { clock, accept } = createHarness(() => fixed)
    const accepted = await accept()
    const key = await keyOf(accepted)
    expect(accepted.source.holds(key)).toBe(true)
    expect(accepted.source.holds({ ...key })).toBe(false)
    clock.advance(60)
    expect(accepted.source.holds(key)).toBe(false)
    expect(await accept()).toBe(accepted)
    expect(accepted.source.holds(key)).toBe(true)
  })

  test('until resolveIssuer returns other options or refuses the issuer', async () => {
    const results = [fixed, { ...fixed, audience: 'other' }, undefined]
    const { issuers, clock, accept } = createHarness(() => results.shift())
    const first = await accept()
    const key = await keyOf(first)
    clock.advance(60)
    const second = await accept()
    const again = await keyOf(second)
    expect([first.source.holds(key), second.source.holds(again)]).toEqual([false, true])
    clock.advance(60)
    await issuers.find(tenant)
    expect(second.source.holds(again)).toBe(false)
    expect(issuers.sources).toEqual([])
  })
})

test('the keys of an issuer that too many others have replaced do not count', async () => {
  const { accept } = createHarness((iss) => ({ ...fixed, issuer: iss }), { maxResolvedIssuers: 1 })
  const accepted = await accept()
  const key = await keyOf(accepted)
  // One is active, and ten are paused.
  for (let at = 0; at < 10; at += 1) await accept(`${tenant}/${at}`)
  expect(accepted.source.holds(key)).toBe(true)
  await accept(`${tenant}/10`)
  expect(accepted.source.holds(key)).toBe(false)
})

test('the keys of an issuer that another one has replaced are not refreshed', async () => {
  const pending = new Set<() => void>()
  const time = createTestClock()
  const schedule = (_delay: number, callback: () => void): (() => void) => {
    pending.add(callback)
    return () => pending.delete(callback)
  }
  const clock = { now: () => time.now(), monotonic: () => time.monotonic(), schedule }
  const resolve = (iss: string): object =>
    iss === tenant ? { issuer: iss } : { ...fixed, issuer: iss }
  const { accept } = createHarness(resolve, { maxResolvedIssuers: 1, clock })
  await keyOf(await accept())
  expect(pending.size).toBe(1)
  await accept(`${tenant}/other`)
  expect(pending.size).toBe(0)
})

describe('the key source of an accepted issuer', () => {
  test('supports the operations of every key source', async () => {
    const { source } = await createHarness(() => fixed).accept()
    expect(source.ready()).toBe(false)
    await source.warmUp()
    expect(source.ready()).toBe(true)
    expect(source.health()).toMatchObject({ issuer: tenant, state: 'fresh', keys: 1 })
    source.blockKey(kid)
    expect(await source.find(header)).toMatchObject({ code: 'key_not_found' })
    for (const work of [source.warmUp(), source.refreshKeys()])
      await expect(work).rejects.toThrow("No key in 'jwks' is usable")
  })

  test('fetches keys by discovery until close', async () => {
    const { issuers, fetched, clock, accept } = createHarness(() => ({ issuer: tenant }))
    const { source } = await accept()
    await source.warmUp()
    expect(source.health()).toHaveProperty('nextAttempt')
    issuers.close()
    expect(source.health()).not.toHaveProperty('nextAttempt')
    clock.advance(3600)
    expect(fetched).toHaveLength(2)
  })

  test('stops fetching when it is closed itself', async () => {
    const { source } = await createHarness(() => ({ issuer: tenant })).accept()
    await source.warmUp()
    source.close()
    expect(source.health()).not.toHaveProperty('nextAttempt')
  })

  test('does not fetch keys for an issuer that is accepted after close', async () => {
    const { issuers, fetched, accept } = createHarness(() => ({ issuer: tenant }))
    issuers.close()
    const { source } = await accept()
    expect(await source.find(header)).toMatchObject({ code: 'keys_unavailable' })
    expect(fetched).toEqual([])
  })

  test('refuses blocked keys of its own issuer, even if the issuer is accepted later', async () => {
    const [late, other] = ['https://late.example.com', 'https://other.example.com']
    const { issuers, accept } = createHarness((iss) => ({ ...fixed, issuer: iss }))
    const early = await accept()
    expect(issuers.blockKey(tenant, 'another kid')).toBe(true)
    expect(issuers.blockKey(tenant, kid)).toBe(true)
    expect(issuers.blockKey(late, kid)).toBe(true)
    expect(issuers.blockKey('not a URL', kid)).toBe(false)
    for (const { source } of [early, await accept(late)])
      expect(await source.find(header)).toMatchObject({ code: 'key_not_found' })
    expect(await (await accept(other)).source.find(header)).toMatchObject({ kid })
  })
})
