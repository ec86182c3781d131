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
import { aud, bearer, createGateHarness, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()

interface Outcome {
  readonly status: number
  readonly challenge: string | undefined
  readonly code: string | undefined
  readonly reason: string | undefined
}

/** The outcome of a request with this token to a route with this guard. */
async function outcome(
  options: Partial<ResourceServerOptions>,
  guard: (guards: Guards<Guard>) => Guard,
  token: Partial<TokenOptions> & { readonly provider?: ProviderId },
): Promise<Outcome> {
  const { gate, guards, pass, records } = createGateHarness({ ...optionsFor(issuer), ...options })
  const request = {}
  const result = await pass(request, guard(guards), bearer(issuer.token({ aud, ...token })))
  gate.recordDecision(request)
  const reply = result.action === 'reply' ? result.reply : undefined
  return {
    status: reply?.status ?? 200,
    challenge: reply?.headers['WWW-Authenticate'],
    code: records[0]?.code,
    reason: records[0]?.reason,
  }
}

const realmProfile: Profile = keycloak('https://k.example/realms/x').profile
const clientProfile: Profile = keycloak('https://k.example/realms/x', { rolesOf: aud }).profile
const keycloakRoles = {
  realm_access: { roles: ['editor', 'offline_access'] },
  resource_access: { [aud]: { roles: ['reader'] }, other: { roles: ['admin'] } },
}
const keycloakToken = { provider: 'keycloak' as const, claims: keycloakRoles }

describe('requireRole', () => {
  test.each<[string, Profile, [string, ...string[]], number]>([
    ['accepts a realm role', realmProfile, ['editor'], 200],
    ['accepts a token with all roles', realmProfile, ['editor', 'offline_access'], 200],
    ['refuses a token with one of two roles', realmProfile, ['editor', 'admin'], 403],
    ['refuses a client role if the profile uses realm roles', realmProfile, ['reader'], 403],
    ['accepts a role of the client in rolesOf', clientProfile, ['reader'], 200],
    ['refuses a realm role if the profile uses client roles', clientProfile, ['editor'], 403],
    ['refuses a role of another client', clientProfile, ['admin'], 403],
    ['refuses a role with different capitalization', realmProfile, ['Editor'], 403],
  ])('%s', async (_what, profile, roles, status) => {
    const found = await outcome(
      { profile },
      (guards) => guards.requireRole(...roles),
      keycloakToken,
    )
    expect(found.status).toBe(status)
    expect(found.code).toBe(status === 200 ? undefined : 'role_insufficient')
  })

  test('challenges with insufficient_scope and names the roles only in the record', async () => {
    const found = await outcome(
      { profile: realmProfile },
      (guards) => guards.requireRole('admin', 'editor'),
      keycloakToken,
    )
    expect(found.challenge).toBe(
      'Bearer realm="api", error="insufficient_scope", error_description="The access token lacks a required privilege"',
    )
    expect(found.reason).toBe('the token lacks admin; its roles are ["editor", "offline_access"]')
  })

  test('uses app roles for Entra', async () => {
    const tenant = '11111111-2222-4333-8444-555555555555'
    const { profile } = entra({ tenant })
    const token = { provider: 'entra' as const, claims: { tid: tenant, roles: ['Orders.Read'] } }
    const found = await outcome({ profile }, (guards) => guards.requireRole('Orders.Read'), token)
    expect(found.status).toBe(200)
  })

  test.each([
    ['no arguments', (guards: Guards<Guard>) => guards.requireRole(...([] as unknown as [string]))],
    ['an empty string', (guards: Guards<Guard>) => guards.requireRole('')],
    ['a list', (guards: Guards<Guard>) => guards.requireRole(['a'] as never)],
  ])('throws a ConfigError for %s', (_what, make) => {
    const { guards } = createGateHarness({ ...optionsFor(issuer), profile: realmProfile })
    expect(() => make(guards)).toThrow(ConfigError)
  })

  test('throws a ConfigError if the profile has no roles', () => {
    const { guards } = createGateHarness(optionsFor(issuer))
    expect(() => guards.requireRole('admin')).toThrow('Name the provider')
    expect(() => guards.requirePermission('read')).toThrow('Name the provider')
  })

  test('can be used if one of several issuers has roles', async () => {
    const issuers = [{ issuer: issuer.url, audience: aud }, keycloak('https://k.example/realms/x')]
    const { issuer: _, ...common } = optionsFor(issuer)
    const { guards, pass } = createGateHarness({ ...common, issuers })
    const result = await pass({}, guards.requireRole('admin'), bearer(issuer.token({ aud })))
    expect(result).toMatchObject({ action: 'reply', reply: { status: 403 } })
  })
})

describe('requirePermission', () => {
  const { profile } = auth0('acme.auth0.com')
  const token = { provider: 'auth0' as const, claims: { permissions: ['read:orders'] } }

  test('accepts a token with the permission', async () => {
    const found = await outcome({ profile }, (g) => g.requirePermission('read:orders'), token)
    expect(found.status).toBe(200)
  })

  test('refuses a token without the permission, even if it is among the scopes', async () => {
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
  test.each<[scope: string, required: string, status: number]>([
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
  ])('a token with %s on a route that requires %s: %d', async (scope, required, status) => {
    const found = await outcome({ impliedScopes }, (g) => g.requireScope(required), { scope })
    expect(found.status).toBe(status)
    const any = await outcome({ impliedScopes }, (g) => g.requireAnyScope('none', required), {
      scope,
    })
    expect(any.status).toBe(status)
  })

  test('are required for an asterisk to have a meaning', async () => {
    const other = await outcome({}, (g) => g.requireScope('stock:read'), { scope: 'stock:*' })
    expect(other.status).toBe(403)
    const same = await outcome({}, (g) => g.requireScope('stock:*'), { scope: 'stock:*' })
    expect(same.status).toBe(200)
  })

  test('do not change the challenge, which names the scopes that the route requires', async () => {
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

  test('apply to hasScope in a policy function, but not to scopes', async () => {
    const results: unknown[] = []
    await outcome(
      { impliedScopes },
      (guards) =>
        guards.requirePolicy((token) => {
          results.push(token.scopes, token.hasScope('orders:read'), token.hasScope('none'))
          return true
        }),
      { scope: 'admin' },
    )
    expect(results).toEqual([['admin'], true, false])
  })

  test('can be set per issuer', async () => {
    const other = await startIssuer()
    const { audience, clock } = optionsFor(issuer)
    const issuers = [issuer.url, { issuer: other.url, impliedScopes: { admin: ['orders:read'] } }]
    const { guards, pass } = createGateHarness({ audience, clock, issuers })
    const guard = guards.requireScope('orders:read')
    const results = await Promise.all(
      [issuer, other].map((one) => pass({}, guard, bearer(one.token({ aud, scope: 'admin' })))),
    )
    expect(results.map(({ action }) => action)).toEqual(['reply', 'proceed'])
  })

  test.each<[string, unknown]>([
    ['a list', ['admin']],
    ['a string instead of a list', { admin: 'orders:read' }],
    ['an empty list', { admin: [] }],
    ['a bare asterisk', { admin: ['*'] }],
    ['an asterisk without a separator before it', { admin: ['orders*'] }],
    ['an asterisk in the middle', { admin: ['*:read', 'a b'] }],
    ['an implied scope that is not a scope token', { admin: ['orders read'] }],
    ['a key that is not a scope token', { 'a b': ['orders:read'] }],
    ['a number in a list', { admin: [1] }],
  ])('cause a ConfigError: %s', (_what, value) => {
    const options = { ...optionsFor(issuer), impliedScopes: value as never }
    expect(() => createGateHarness(options)).toThrow(ConfigError)
  })
})
