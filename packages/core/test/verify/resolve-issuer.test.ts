import { createTestClock, createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  createVerifier,
  type IssuerOptions,
  type Verifier,
  type VerifierOptions,
} from '../../src/index.ts'
import { aud, bearer, createGateHarness, statusOf } from '../support.ts'

// resolveIssuer, with tenants that are not known in advance.

const clock = createTestClock()

async function startTenant(path = ''): Promise<TestIssuer> {
  const issuer = await createTestIssuer({ algorithm: 'ES256', clock, path })
  onTestFinished(() => issuer.close())
  return issuer
}

interface Setup {
  readonly verifier: Verifier
  /** The issuers that resolveIssuer was called with, in order. */
  readonly resolved: readonly string[]
  readonly outcomeOf: (token: string) => Promise<string>
}

/** A verifier whose resolveIssuer accepts only these tenants. */
function setupWith(
  tenants: readonly (IssuerOptions | TestIssuer)[],
  options: VerifierOptions = {},
): Setup {
  const resolved: string[] = []
  const accepted = new Map(
    tenants.map((tenant) =>
      'url' in tenant ? [tenant.url, { issuer: tenant.url }] : [tenant.issuer, tenant],
    ),
  )
  const resolveIssuer = (iss: string): IssuerOptions | undefined => {
    resolved.push(iss)
    return accepted.get(iss)
  }
  return { ...setupOf({ resolveIssuer, ...options }), resolved }
}

function setupOf(options: VerifierOptions): Omit<Setup, 'resolved'> {
  const verifier = createVerifier({ audience: aud, clock, ...options })
  onTestFinished(() => verifier.close())
  const outcomeOf = async (token: string): Promise<string> => {
    const result = await verifier.check(token)
    return result.ok ? 'granted' : result.code
  }
  return { verifier, outcomeOf }
}

test('accepts a tenant that resolveIssuer accepts, and fetches nothing from one that it refuses', async () => {
  const [ours, theirs] = [await startTenant('/a'), await startTenant('/b')]
  const { outcomeOf, resolved } = setupWith([ours])
  expect(await outcomeOf(ours.token({ aud }))).toBe('granted')
  expect(await outcomeOf(theirs.token({ aud }))).toBe('issuer_not_trusted')
  expect(theirs.requests).toEqual({ discovery: 0, keys: 0 })
  expect(resolved).toEqual([ours.url, theirs.url])
})

test('refuses a token of one tenant signed by another with the same kid', async () => {
  const [one, other] = [await startTenant(), await startTenant()]
  const { outcomeOf } = setupWith([one, other])
  expect(one.key.kid).toBe(other.key.kid)
  expect(await outcomeOf(one.token({ aud }))).toBe('granted')
  expect(await outcomeOf(other.token({ aud }))).toBe('granted')
  const mixed = one.token({ aud, claims: { iss: other.url } })
  expect(await outcomeOf(mixed)).toBe('signature_invalid')
})

test('calls resolveIssuer once per minute for each issuer, whether accepted or refused', async () => {
  const [ours, theirs] = [await startTenant(), await startTenant()]
  const { outcomeOf, resolved } = setupWith([ours])
  for (let at = 0; at < 5; at += 1) {
    await outcomeOf(ours.token({ aud, sub: `user-${at}` }))
    await outcomeOf(theirs.token({ aud, sub: `user-${at}` }))
  }
  expect(resolved).toHaveLength(2)
  clock.advance(60)
  await Promise.all([outcomeOf(ours.token({ aud })), outcomeOf(ours.token({ aud, sub: 'b' }))])
  expect(resolved).toHaveLength(3)
  expect(ours.requests.keys, 'the keys are kept').toBe(1)
})

test('refuses a removed tenant after a minute, even for a cached token', async () => {
  const tenant = await startTenant()
  let member = true
  const resolveIssuer = (iss: string): IssuerOptions | undefined =>
    member && iss === tenant.url ? { issuer: iss } : undefined
  const { outcomeOf } = setupOf({ resolveIssuer })
  const token = tenant.token({ aud })
  expect(await outcomeOf(token)).toBe('granted')
  member = false
  clock.advance(60)
  expect(await outcomeOf(token)).toBe('issuer_not_trusted')
})

test('uses new options of a tenant after a minute, even for a cached token', async () => {
  const tenant = await startTenant()
  let audience = aud
  const { outcomeOf } = setupOf({ resolveIssuer: (issuer) => ({ issuer, audience }) })
  const token = tenant.token({ aud })
  expect(await outcomeOf(token)).toBe('granted')
  audience = 'stock-service'
  clock.advance(60)
  expect(await outcomeOf(token)).toBe('audience_mismatch')
})

describe('with more than maxResolvedIssuers', () => {
  test('drops the least recently used issuer', async () => {
    const tenants = [await startTenant(), await startTenant(), await startTenant()] as const
    const { outcomeOf, verifier } = setupWith(tenants, { maxResolvedIssuers: 2 })
    for (const at of [0, 1, 0, 2] as const)
      expect(await outcomeOf(tenants[at].token({ aud, sub: `user-${at}-${clock.now()}` }))).toBe(
        'granted',
      )
    const live = verifier.health().issuers.map(({ issuer }) => issuer)
    expect(live).toEqual([tenants[0].url, tenants[2].url])
    expect(await outcomeOf(tenants[1].token({ aud, sub: 'again' }))).toBe('granted')
  })

  test('drops no issuer whose tokens wait for keys, and says so', async () => {
    const [slow, other] = [await startTenant(), await startTenant()]
    let release = (): void => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    let asked = (): void => {}
    const asking = new Promise<void>((resolve) => (asked = resolve))
    const waitingFetch: typeof fetch = async (url, init) => {
      asked()
      await released
      return fetch(url, init)
    }
    const options = { maxResolvedIssuers: 1, fetch: waitingFetch }
    const { outcomeOf, verifier } = setupWith([slow, other], options)
    const waiting = outcomeOf(slow.token({ aud }))
    await asking
    expect(await verifier.check(other.token({ aud }))).toMatchObject({
      code: 'keys_unavailable',
      reason: 'JWKS of a new issuer is unavailable: tokens of other issuers are waiting for keys',
    })
    release()
    expect(await waiting).toBe('granted')
    expect(await outcomeOf(other.token({ aud }))).toBe('granted')
  })

  test('first drops an issuer without keys', async () => {
    const tenants = [await startTenant(), await startTenant(), await startTenant()] as const
    tenants[1].stop()
    const { outcomeOf, verifier } = setupWith(tenants, { maxResolvedIssuers: 2 })
    expect(await outcomeOf(tenants[0].token({ aud }))).toBe('granted')
    expect(await outcomeOf(tenants[1].token({ aud }))).toBe('keys_unavailable')
    expect(await outcomeOf(tenants[2].token({ aud }))).toBe('granted')
    const live = verifier.health().issuers.map(({ issuer }) => issuer)
    expect(live).toEqual([tenants[0].url, tenants[2].url])
  })
})

test('does not call resolveIssuer with an issuer that is not normalized', async () => {
  const issuer = await startTenant('/tenants/a')
  const { port, origin } = new URL(issuer.url)
  const { outcomeOf, resolved } = setupWith([issuer])
  const issuers = [
    `http://good.example.com@127.0.0.1:${port}/tenants/a`,
    `HTTP://127.0.0.1:${port}/tenants/a`,
    `http://127.1:${port}/tenants/a`,
    `http://0x7f000001:${port}/tenants/a`,
    `http://LOCALHOST:${port}/tenants/a`,
    `http://localhost.:${port}/tenants/a`,
    'https://as.example.com:443/tenants/a',
    'https://AS.example.com/tenants/a',
    'https://as.example.com./tenants/a',
    'https://аs.example.com/tenants/a',
    'https://as。example.com/tenants/a',
    `${origin}/tenants/b/../a`,
    `${origin}/tenants/./a`,
    `${origin}//tenants/a`,
    `${origin}/tenants//a`,
    `${origin}/tenants/%61`,
    `${origin}/tenants%2fa`,
    `${origin}\\tenants\\a`,
    `${origin}/tenants/a?`,
    `${origin}/tenants/a#`,
    `${origin}/tenants/a\n`,
    ` ${origin}/tenants/a`,
    'http://169.254.169.254/',
    'http://as.example.com/tenants/a',
    'file:///etc/passwd',
    'javascript:alert(1)',
    `https://as.example.com/${'a'.repeat(512)}`,
    '',
  ]
  for (const iss of issuers)
    expect(await outcomeOf(issuer.token({ aud, claims: { iss } })), iss).toBe('issuer_not_trusted')
  expect(resolved).toEqual([])
  expect(await outcomeOf(issuer.token({ aud }))).toBe('granted')
})

describe('the decision is unavailable if resolveIssuer', () => {
  test.each<[string, (iss: string) => unknown]>([
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
    ['returns true', () => true],
    ['returns null', () => null],
    ['returns another issuer', () => ({ issuer: 'https://as.example.com' })],
    ['returns an unknown option', (issuer) => ({ issuer, audiance: aud })],
  ])('%s', async (_what, resolveIssuer) => {
    const tenant = await startTenant()
    const { outcomeOf } = setupOf({ resolveIssuer: resolveIssuer as never })
    expect(await outcomeOf(tenant.token({ aud }))).toBe('verification_failed')
    expect(tenant.requests).toEqual({ discovery: 0, keys: 0 })
  })

  test('returns no audience, and none is configured', async () => {
    const tenant = await startTenant()
    const verifier = createVerifier({ clock, resolveIssuer: (issuer) => ({ issuer }) })
    onTestFinished(() => verifier.close())
    expect(await verifier.check(tenant.token({ aud }))).toMatchObject({ outcome: 'unavailable' })
  })
})

test('refuses a blocked key of a tenant that is resolved later', async () => {
  const tenant = await startTenant()
  const other = await startTenant()
  const { outcomeOf, verifier } = setupWith([tenant, other])
  verifier.blockKey({ issuer: tenant.url, kid: tenant.key.kid })
  expect(await outcomeOf(tenant.token({ aud }))).toBe('key_not_found')
  expect(other.key.kid).toBe(tenant.key.kid)
  expect(await outcomeOf(other.token({ aud }))).toBe('granted')
})

test('blockKey throws a ConfigError for an issuer that is never resolved', async () => {
  const { verifier } = setupWith([await startTenant()])
  const issuer = 'https://tenant.example.com:443'
  expect(() => verifier.blockKey({ issuer, kid: 'key-1' })).toThrow(
    'Pass the exact iss value of its tokens.',
  )
})

test('works together with configured issuers, but not with names that need a single issuer', async () => {
  const [configured, tenant] = [await startTenant(), await startTenant()]
  const resolveIssuer = (issuer: string): IssuerOptions | undefined =>
    issuer === tenant.url ? { issuer } : undefined
  const harness = createGateHarness({ issuer: configured.url, audience: aud, clock, resolveIssuer })
  const guards = [
    harness.guards.requireAudience(aud),
    harness.guards.requireAudience([aud, 'other']),
  ]
  for (const one of [configured, tenant]) {
    const key = {}
    for (const guard of guards) {
      const result = await harness.pass(key, guard, bearer(one.token({ aud })))
      expect(statusOf(result)).toBe('proceed')
    }
  }
  const unknown = (await startTenant()).token({ aud })
  await harness.pass({}, harness.guards.requireAudience(aud), bearer(unknown))
  const reason = harness.records.at(-1)?.reason
  expect(reason).toContain(`expected "${configured.url}"`)
  expect(reason).toMatch(/\. resolveIssuer does not accept it either$/)
  expect(() => harness.guards.requireActor('someone')).toThrow('more than one issuer')
  expect(() => harness.guards.requireClient('someone')).toThrow('more than one issuer')
})

test('records the issuer of a refused token', async () => {
  const tenant = await startTenant()
  const resolveIssuer = (issuer: string): IssuerOptions => ({ issuer })
  const harness = createGateHarness({ audience: aud, clock, resolveIssuer })
  const guard = harness.guards.requireAuthentication()
  await harness.pass({}, guard, bearer(tenant.token({ aud: 'stock-service' })))
  await new Promise((resolve) => setImmediate(resolve))
  expect(harness.records[0]).toMatchObject({ code: 'audience_mismatch', issuer: tenant.url })
})
