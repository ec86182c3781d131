import { describe, expect, test } from 'vitest'
import type { VerifierOptions } from '../../src/index.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { privilegeCheck } from '../../src/guards/role.ts'
import { defaultProfile } from '../../src/providers/default.ts'

const policyOf = (options: VerifierOptions) =>
  createPolicy({ audience: 'a', ...options }, 'verifier')
const issuer = 'https://as.example.com'
const roles = [{ path: ['roles'] }]
const permissions = [{ path: ['permissions'] }]
const withBoth = policyOf({ issuer, profile: { ...defaultProfile, roles, permissions } })
const withNeither = policyOf({ issuer })
const token = { roles: ['editor', 'reader'], permissions: ['read'] }

describe('the check of requireRole and requirePermission', () => {
  test.each([
    ['roles', ['editor']],
    ['roles', ['reader', 'editor']],
    ['permissions', ['read']],
  ] as const)('accepts a token that has all required %s: %j', (kind, required) => {
    expect(privilegeCheck(kind, required, withBoth)(token)).toBeUndefined()
  })

  test.each([
    [
      'roles',
      ['editor', 'admin', 'x'],
      'role_insufficient',
      'the token lacks admin x; its roles are ["editor", "reader"]',
    ],
    [
      'roles',
      ['read'],
      'role_insufficient',
      'the token lacks read; its roles are ["editor", "reader"]',
    ],
    [
      'permissions',
      ['editor'],
      'permission_insufficient',
      'the token lacks editor; its permissions are ["read"]',
    ],
  ] as const)('refuses a token without the %s %j: %s: %s', (kind, required, code, reason) => {
    const refusal = privilegeCheck(kind, required, withBoth)(token)
    expect(refusal).toMatchObject({ code, reason })
    // The challenge does not name them.
    expect(refusal?.detail).toEqual({})
  })

  test('does not change if the list of roles changes later', () => {
    const required = ['editor']
    const check = privilegeCheck('roles', required, withBoth)
    required[0] = 'admin'
    expect(check(token)).toBeUndefined()
  })

  test.each([
    ['one of several issuers has roles', { issuers: [issuer, rolesAt('https://b.example.com')] }],
    ['issuers are resolved at run time', { resolveIssuer: () => undefined }],
  ])('can be created if %s', (_what, options) => {
    expect(privilegeCheck('roles', ['editor'], policyOf(options))(token)).toBeUndefined()
  })
})

function rolesAt(url: string) {
  return { issuer: url, profile: { ...defaultProfile, roles } }
}

describe('requireRole and requirePermission throw a ConfigError', () => {
  test.each([
    ['roles', "requireRole needs at least one role. Write requireRole('editor')."],
    [
      'permissions',
      "requirePermission needs at least one permission. Write requirePermission('orders:write').",
    ],
  ] as const)('for an empty list of %s: %s', (kind, message) => {
    expect(() => privilegeCheck(kind, [], withBoth)).toThrow(message)
  })

  test.each([[['']], [['a', '']], [[1]], [[['a']]]])(
    'for %j, which is not a list of names',
    (required) => {
      expect(() => privilegeCheck('roles', required, withBoth)).toThrow(
        "requireRole accepts non-empty strings only. Write requireRole('editor').",
      )
      expect(() => privilegeCheck('permissions', required, withBoth)).toThrow(
        "requirePermission accepts non-empty strings only. Write requirePermission('orders:write').",
      )
    },
  )

  test.each([
    ['roles', 'requireRole', { permissions }],
    ['permissions', 'requirePermission', { roles }],
  ] as const)('if no configured issuer has %s', (kind, guard, otherKind) => {
    const withOtherKind = policyOf({ issuer, profile: { ...defaultProfile, ...otherKind } })
    for (const policy of [withNeither, withOtherKind])
      expect(() => privilegeCheck(kind, ['a'], policy)).toThrow(
        `${guard} would refuse every request, because no configured profile has '${kind}'. Name the provider, such as issuer: keycloak(url), or use requireClaim.`,
      )
  })
})
