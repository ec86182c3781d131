import { createTestClock, createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  createVerifier,
  type IssuerOptions,
  type Verifier,
  type VerifierOptions,
} from '../../src/index.ts'
import { aud, bearer, createGateHarness, statusOf } from '../support.ts'

// Tenants that are not known in advance.

const clock = createTestClock()

async function startTenant(path = ''): Promise<TestIssuer> {
  const issuer = await createTestIssuer({ algorithm: 'ES256', clock, path })
  onTestFinished(() => issuer.close())
  return issuer
}

interface Setup {
  readonly verifier: Verifier
  /** What the rule was asked about, in order. */
  readonly asked: readonly string[]
  readonly ask: (token: string) => Promise<string>
}

/** A verifier whose rule knows these and nobody else. */
function knowing(
  tenants: readonly (IssuerOptions | TestIssuer)[],
  options: VerifierOptions = {},
): Setup {
  const asked: string[] = []
  const known = new Map(
    tenants.map((tenant) =>
      'url' in tenant ? [tenant.url, { issuer: tenant.url }] : [tenant.issuer, tenant],
    ),
  )
  const resolveIssuer = (iss: string): IssuerOptions | undefined => {
    asked.push(iss)
    return known.get(iss)
  }
  return { ...setupOf({ resolveIssuer, ...options }), asked }
}

function setupOf(options: VerifierOptions): Omit<Setup, 'asked'> {
  const verifier = createVerifier({ audience: aud, clock, ...options })
  onTestFinished(() => verifier.close())
  const ask = async (token: string): Promise<string> => {
    const verdict = await verifier.check(token)
    return verdict.ok ? 'granted' : verdict.code
  }
  return { verifier, ask }
}

test('a tenant that the rule knows is served, and one that it refuses is never fetched from', async () => {
  const [ours, theirs] = [await startTenant('/a'), await startTenant('/b')]
  const { ask, asked } = knowing([ours])
  expect(await ask(ours.token({ aud }))).toBe('granted')
  expect(await ask(theirs.token({ aud }))).toBe('issuer_not_trusted')
  expect(theirs.requests).toEqual({ discovery: 0, keys: 0 })
  expect(asked).toEqual([ours.url, theirs.url])
})

test('two tenants with the same kid never mix', async () => {
  const [one, other] = [await startTenant(), await startTenant()]
  const { ask } = knowing([one, other])
  expect(one.key.kid).toBe(other.key.kid)
  expect(await ask(one.token({ aud }))).toBe('granted')
  expect(await ask(other.token({ aud }))).toBe('granted')
  const mixed = one.token({ aud, claims: { iss: other.url } })
  expect(await ask(mixed)).toBe('signature_invalid')
})

test('no answer is asked for twice within a minute, neither a yes nor a no', async () => {
  const [ours, theirs] = [await startTenant(), await startTenant()]
  const { ask, asked } = knowing([ours])
  for (let at = 0; at < 5; at += 1) {
    await ask(ours.token({ aud, sub: `user-${at}` }))
    await ask(theirs.token({ aud, sub: `user-${at}` }))
  }
  expect(asked).toHaveLength(2)
  clock.advance(60)
  await Promise.all([ask(ours.token({ aud })), ask(ours.token({ aud, sub: 'b' }))])
  expect(asked).toHaveLength(3)
  expect(ours.requests.keys, 'and the keys are kept').toBe(1)
})

test('a tenant that is removed is out within a minute, remembered tokens included', async () => {
  const tenant = await startTenant()
  let member = true
  const rule = (iss: string): IssuerOptions | undefined =>
    member && iss === tenant.url ? { issuer: iss } : undefined
  const { ask } = setupOf({ resolveIssuer: rule })
  const token = tenant.token({ aud })
  expect(await ask(token)).toBe('granted')
  member = false
  clock.advance(60)
  expect(await ask(token)).toBe('issuer_not_trusted')
})

test('a tenant whose options change is judged by the new ones, remembered tokens included', async () => {
  const tenant = await startTenant()
  let audience = aud
  const { ask } = setupOf({ resolveIssuer: (issuer) => ({ issuer, audience }) })
  const token = tenant.token({ aud })
  expect(await ask(token)).toBe('granted')
  audience = 'stock-service'
  clock.advance(60)
  expect(await ask(token)).toBe('audience_mismatch')
})

describe('the least recently used is dropped', () => {
  test('when there are too many', async () => {
    const tenants = [await startTenant(), await startTenant(), await startTenant()] as const
    const { ask, verifier } = knowing(tenants, { maxResolvedIssuers: 2 })
    for (const at of [0, 1, 0, 2] as const)
      expect(await ask(tenants[at].token({ aud, sub: `user-${at}-${clock.now()}` }))).toBe(
        'granted',
      )
    const live = verifier.health().issuers.map(({ issuer }) => issuer)
    expect(live).toEqual([tenants[0].url, tenants[2].url])
    expect(await ask(tenants[1].token({ aud, sub: 'again' }))).toBe('granted')
  })

  test('and first of all one that has no keys', async () => {
    const tenants = [await startTenant(), await startTenant(), await startTenant()] as const
    tenants[1].stop()
    const { ask, verifier } = knowing(tenants, { maxResolvedIssuers: 2 })
    expect(await ask(tenants[0].token({ aud }))).toBe('granted')
    expect(await ask(tenants[1].token({ aud }))).toBe('keys_unavailable')
    expect(await ask(tenants[2].token({ aud }))).toBe('granted')
    const live = verifier.health().issuers.map(({ issuer }) => issuer)
    expect(live).toEqual([tenants[0].url, tenants[2].url])
  })
})

test('tricks of spelling do not reach the rule', async () => {
  const issuer = await startTenant('/tenants/a')
  const { port, origin } = new URL(issuer.url)
  const { ask, asked } = knowing([issuer])
  const tricks = [
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
  for (const iss of tricks)
    expect(await ask(issuer.token({ aud, claims: { iss } })), iss).toBe('issuer_not_trusted')
  expect(asked).toEqual([])
  expect(await ask(issuer.token({ aud }))).toBe('granted')
})

describe('a rule that does not answer as it should gives no verdict', () => {
  test.each<[string, (iss: string) => unknown]>([
    [
      'it throws',
      () => {
        throw new Error('down')
      },
    ],
    ['it rejects', () => Promise.reject(new Error('down'))],
    ['true is no policy', () => true],
    ['null is no policy', () => null],
    ['another issuer', () => ({ issuer: 'https://as.example.com' })],
    ['an unknown option', (issuer) => ({ issuer, audiance: aud })],
  ])('%s', async (_what, rule) => {
    const tenant = await startTenant()
    const { ask } = setupOf({ resolveIssuer: rule as never })
    expect(await ask(tenant.token({ aud }))).toBe('verification_failed')
    expect(tenant.requests).toEqual({ discovery: 0, keys: 0 })
  })

  test('and neither does one that forgets the audience', async () => {
    const tenant = await startTenant()
    const verifier = createVerifier({ clock, resolveIssuer: (issuer) => ({ issuer }) })
    onTestFinished(() => verifier.close())
    expect(await verifier.check(tenant.token({ aud }))).toMatchObject({ outcome: 'unavailable' })
  })
})

test('an evicted key is refused at tenants that come later, too', async () => {
  const tenant = await startTenant()
  const { ask, verifier } = knowing([tenant])
  verifier.blockKey(tenant.key.kid)
  expect(await ask(tenant.token({ aud }))).not.toBe('granted')
})

test('beside configured issuers, and with every guard that looks at the issuer', async () => {
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
  expect(() => harness.guards.requireActor('someone')).toThrow('more than one issuer')
  expect(() => harness.guards.requireClient('someone')).toThrow('more than one issuer')
})

test('what is refused is recorded with its issuer', async () => {
  const tenant = await startTenant()
  const resolveIssuer = (issuer: string): IssuerOptions => ({ issuer })
  const harness = createGateHarness({ audience: aud, clock, resolveIssuer })
  const guard = harness.guards.requireAuthentication()
  await harness.pass({}, guard, bearer(tenant.token({ aud: 'stock-service' })))
  await new Promise((resolve) => setImmediate(resolve))
  expect(harness.records[0]).toMatchObject({ code: 'audience_mismatch', issuer: tenant.url })
})
