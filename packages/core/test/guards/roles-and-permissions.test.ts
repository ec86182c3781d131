import { type ProviderId, type TokenOptions } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import type { Guard } from '../../src/adapter.ts'
import {
  ConfigError,
  type Guards,
  type Profile,
  type ResourceServerOptions,
} from '../../src/index.ts'
import { auth0, entra, keycloak } from '../../src/providers/index.ts'
import { aud, bearer, openDesk, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()

interface Outcome {
  readonly status: number
  readonly challenge: string | undefined
  readonly code: string | undefined
  readonly reason: string | undefined
}

/** What became of a request with this token at a route with this guard. */
async function outcome(
  options: Partial<ResourceServerOptions>,
  guard: (guards: Guards<Guard>) => Guard,
  token: Partial<TokenOptions> & { readonly provider?: ProviderId },
): Promise<Outcome> {
  const desk = openDesk({ ...optionsFor(issuer), ...options })
  const request = {}
  const result = await desk.pass(
    request,
    guard(desk.guards),
    bearer(issuer.token({ aud, ...token })),
  )
  desk.gate.recordDecision(request)
  const reply = result.action === 'reply' ? result.reply : undefined
  return {
    status: reply?.status ?? 200,
    challenge: reply?.headers['WWW-Authenticate'],
    code: desk.records[0]?.code,
    reason: desk.records[0]?.reason,
  }
}

const realm: Profile = keycloak('https://k.example/realms/x').profile
const client: Profile = keycloak('https://k.example/realms/x', { rolesOf: aud }).profile
const privileges = {
  realm_access: { roles: ['editor', 'offline_access'] },
  resource_access: { [aud]: { roles: ['reader'] }, other: { roles: ['admin'] } },
}
const byKeycloak = { provider: 'keycloak' as const, claims: privileges }

describe('requireRole', () => {
  test.each<[string, Profile, [string, ...string[]], number]>([
    ["a realm's role", realm, ['editor'], 200],
    ['all of several', realm, ['editor', 'offline_access'], 200],
    ['one of two only', realm, ['editor', 'admin'], 403],
    ["a client's role, where the realm's are meant", realm, ['reader'], 403],
    ["this client's role", client, ['reader'], 200],
    ["a realm's role, where a client's are meant", client, ['editor'], 403],
    ["another client's role", client, ['admin'], 403],
    ['the role in capitals', realm, ['Editor'], 403],
  ])('%s', async (_what, profile, roles, status) => {
    const found = await outcome({ profile }, (guards) => guards.requireRole(...roles), byKeycloak)
    expect(found.status).toBe(status)
    expect(found.code).toBe(status === 200 ? undefined : 'role_insufficient')
  })

  test('says insufficient_scope, and names to the operator what the caller does not hear', async () => {
    const found = await outcome(
      { profile: realm },
      (guards) => guards.requireRole('admin', 'editor'),
      byKeycloak,
    )
    expect(found.challenge).toBe(
      'Bearer realm="api", error="insufficient_scope", error_description="The access token lacks a required privilege"',
    )
    expect(found.reason).toBe('the token\'s roles lack admin; they are ["editor","offline_access"]')
  })

  test('of Entra are the app roles', async () => {
    const tenant = '11111111-2222-4333-8444-555555555555'
    const { profile } = entra({ tenant })
    const token = { provider: 'entra' as const, claims: { tid: tenant, roles: ['Orders.Read'] } }
    const read = await outcome({ profile }, (guards) => guards.requireRole('Orders.Read'), token)
    expect(read.status).toBe(200)
  })

  test.each([
    ['no role', (guards: Guards<Guard>) => guards.requireRole(...([] as unknown as [string]))],
    ['an empty name', (guards: Guards<Guard>) => guards.requireRole('')],
    ['no string', (guards: Guards<Guard>) => guards.requireRole(['a'] as never)],
  ])('with %s is a ConfigError', (_what, make) => {
    const { guards } = openDesk({ ...optionsFor(issuer), profile: realm })
    expect(() => make(guards)).toThrow(ConfigError)
  })

  test('with a profile that knows no roles is a ConfigError', () => {
    const { guards } = openDesk(optionsFor(issuer))
    expect(() => guards.requireRole('admin')).toThrow('Name the provider')
    expect(() => guards.requirePermission('read')).toThrow('Name the provider')
  })

  test('is allowed where one issuer of several has roles', async () => {
    const issuers = [{ issuer: issuer.url, audience: aud }, keycloak('https://k.example/realms/x')]
    const { issuer: _, ...common } = optionsFor(issuer)
    const { guards, pass } = openDesk({ ...common, issuers })
    const result = await pass({}, guards.requireRole('admin'), bearer(issuer.token({ aud })))
    expect(result).toMatchObject({ action: 'reply', reply: { status: 403 } })
  })
})

describe('requirePermission', () => {
  const { profile } = auth0('acme.auth0.com')
  const token = { provider: 'auth0' as const, claims: { permissions: ['read:orders'] } }

  test('lets through who has all', async () => {
    const found = await outcome({ profile }, (g) => g.requirePermission('read:orders'), token)
    expect(found.status).toBe(200)
  })

  test('refuses who lacks one, though it be among the scopes', async () => {
    const found = await outcome({ profile }, (g) => g.requirePermission('write:orders'), {
      ...token,
      scope: 'write:orders',
    })
    expect(found).toMatchObject({ status: 403, code: 'permission_insufficient' })
    expect(found.challenge).toContain('error="insufficient_scope"')
    expect(found.challenge).not.toContain('scope="')
  })
})

describe('impliedScopes', () => {
  const impliedScopes = {
    admin: ['orders:write', 'stock:*'],
    'orders:write': ['orders:read'],
    'orders:read': ['orders:write'],
    'stock:*': ['stock:*'],
    'stock:read': ['bin:read'],
  }
  test.each<[held: string, required: string, status: number]>([
    ['admin', 'admin', 200],
    ['admin', 'orders:write', 200],
    ['admin', 'orders:read', 200],
    ['orders:write', 'orders:read', 200],
    ['orders:read', 'admin', 403],
    ['orders:write', 'stock:read', 403],
    ['admin', 'stock:anything', 200],
    ['admin', 'stock:', 200],
    ['admin', 'stock', 403],
    ['admin', 'stock2:read', 403],
    ['stock:*', 'stock:read', 200],
    ['stock:*', 'bin:read', 200],
    ['stock:read', 'stock:write', 403],
    ['orders:*', 'orders:read', 403],
    ['Admin', 'orders:read', 403],
    ['toString', 'orders:read', 403],
  ])('who has %s asks for %s: %d', async (held, required, status) => {
    const found = await outcome({ impliedScopes }, (g) => g.requireScope(required), { scope: held })
    expect(found.status).toBe(status)
    const any = await outcome({ impliedScopes }, (g) => g.requireAnyScope('none', required), {
      scope: held,
    })
    expect(any.status).toBe(status)
  })

  test('without the option, an asterisk is a letter like any other', async () => {
    const read = await outcome({}, (g) => g.requireScope('stock:read'), { scope: 'stock:*' })
    expect(read.status).toBe(403)
    const star = await outcome({}, (g) => g.requireScope('stock:*'), { scope: 'stock:*' })
    expect(star.status).toBe(200)
  })

  test('the challenge names what the route requires, not what would imply it', async () => {
    const found = await outcome(
      { impliedScopes },
      (g) => g.requireScope('orders:read', 'bin:read'),
      {
        scope: 'orders:write',
      },
    )
    expect(found.challenge).toContain('scope="orders:read bin:read"')
    expect(found.reason).toContain('lacks bin:read; it has orders:write')
  })

  test('hasScope and policy functions count the same; scopes stay as issued', async () => {
    const seen: unknown[] = []
    await outcome(
      { impliedScopes },
      (guards) =>
        guards.requirePolicy((token) => {
          seen.push(token.scopes, token.hasScope('orders:read'), token.hasScope('none'))
          return true
        }),
      { scope: 'admin' },
    )
    expect(seen).toEqual([['admin'], true, false])
  })

  test('can differ by issuer', async () => {
    const other = await startIssuer()
    const { audience, clock } = optionsFor(issuer)
    const issuers = [issuer.url, { issuer: other.url, impliedScopes: { admin: ['orders:read'] } }]
    const desk = openDesk({ audience, clock, issuers })
    const guard = desk.guards.requireScope('orders:read')
    const statuses = await Promise.all(
      [issuer, other].map((one) =>
        desk.pass({}, guard, bearer(one.token({ aud, scope: 'admin' }))),
      ),
    )
    expect(statuses.map(({ action }) => action)).toEqual(['reply', 'proceed'])
  })

  test.each<[string, unknown]>([
    ['a list', ['admin']],
    ['a string for a list', { admin: 'orders:read' }],
    ['an empty list', { admin: [] }],
    ['a bare asterisk', { admin: ['*'] }],
    ['an asterisk after a letter', { admin: ['orders*'] }],
    ['an asterisk in the middle', { admin: ['*:read', 'a b'] }],
    ['no scope token', { admin: ['orders read'] }],
    ['a name that is no scope', { 'a b': ['orders:read'] }],
    ['a number', { admin: [1] }],
  ])('%s is a ConfigError', (_what, given) => {
    const options = { ...optionsFor(issuer), impliedScopes: given as never }
    expect(() => openDesk(options)).toThrow(ConfigError)
  })
})
