import { expect, test } from 'vitest'
import type { VerifierOptions } from '../../src/index.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { privilegeRule } from '../../src/guards/role.ts'
import { defaultProfile } from '../../src/providers/default.ts'

const policyOf = (options: VerifierOptions) =>
  createPolicy({ audience: 'a', ...options }, 'verifier')
const issuer = 'https://as.example.com'
const [roles, permissions] = [[{ path: ['roles'] }], [{ path: ['permissions'] }]]
const both = policyOf({ issuer, profile: { ...defaultProfile, roles, permissions } })
const neither = policyOf({ issuer })
const token = { roles: ['editor', 'reader'], permissions: ['read'] }

test.each([
  ['roles', ['editor'], undefined],
  ['roles', ['reader', 'editor'], undefined],
  [
    'roles',
    ['editor', 'admin', 'x'],
    ['role_insufficient', 'the token\'s roles lack admin x; they are ["editor","reader"]'],
  ],
  [
    'roles',
    ['read'],
    ['role_insufficient', 'the token\'s roles lack read; they are ["editor","reader"]'],
  ],
  ['permissions', ['read'], undefined],
  [
    'permissions',
    ['editor'],
    ['permission_insufficient', 'the token\'s permissions lack editor; they are ["read"]'],
  ],
] as const)('%s %j: %j', (kind, required, told) => {
  const refusal = privilegeRule(kind, required, both)(token)
  expect(refusal && [refusal.code, refusal.reason, refusal.detail]).toEqual(told && [...told, {}])
})

test('a list that is changed later changes nothing', () => {
  const required = ['editor']
  const rule = privilegeRule('roles', required, both)
  required[0] = 'admin'
  expect(rule(token)).toBeUndefined()
})

const noName = "requireRole got no name. Write requireRole('editor')."

test.each([[[]], [['']], [['a', '']], [[1]], [[['a']]]])('%j is no name', (required) => {
  expect(() => privilegeRule('roles', required, both)).toThrow(noName)
})

test.each([
  ['roles', 'requireRole'],
  ['permissions', 'requirePermission'],
] as const)('%s that no issuer is known to have', (kind, guard) => {
  const other = kind === 'roles' ? { permissions } : { roles }
  const wrong = policyOf({ issuer, profile: { ...defaultProfile, ...other } })
  for (const policy of [neither, wrong])
    expect(() => privilegeRule(kind, ['a'], policy)).toThrow(
      `${guard}: no profile says where the ${kind} are. Name the provider, such as issuer: keycloak(url), or use requireClaim.`,
    )
})

test('one issuer of several is enough, and so is one that is not known yet', () => {
  const profile = { ...defaultProfile, roles }
  const several = policyOf({ issuers: [issuer, { issuer: 'https://b.example.com', profile }] })
  const resolved = policyOf({ resolveIssuer: () => undefined })
  for (const policy of [several, resolved])
    expect(privilegeRule('roles', ['editor'], policy)(token)).toBeUndefined()
})
