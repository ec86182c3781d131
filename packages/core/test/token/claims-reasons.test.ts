import { Refusal } from '../../src/errors/refusal.ts'
import type { Verified } from '../../src/jose/signature.ts'
import { createTestClock } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import {
  checkClaims,
  type ClaimContext,
  claimChecks,
  recheckClaims,
} from '../../src/token/claims.ts'
import type { VerifierOptions } from '../../src/index.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { audienceOf } from '../../src/config/audience.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'

// A fixed time, because it is part of test titles.
const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
const now = clock.now() / 1000
const iss = 'https://as.example.com'
const validClaims = { iss, sub: 'user-42', aud: 'orders', scope: 'a', iat: now, exp: now + 300 }

/**
 * Checks the valid claims with these changes. A claim that is `undefined` is removed. Returns
 * `accepted`, or the code and the reason of the refusal.
 */
function run(
  claims: object,
  options: VerifierOptions = {},
  check: Check = checkAll,
  typ?: string,
): string {
  const refusal = refusalOf(claims, options, check, typ)
  return refusal ? `${refusal.code}: ${refusal.reason}` : 'accepted'
}

function refusalOf(
  claims: object,
  options: VerifierOptions,
  check: Check = checkAll,
  typ?: string,
): Refusal | undefined {
  return check(changed(claims), contextOf(options, typ))
}

const changed = (claims: object): JsonObject =>
  Object.fromEntries(
    Object.entries({ ...validClaims, ...claims }).filter(([, value]) => value !== undefined),
  )

function contextOf(options: VerifierOptions, typ?: string): ClaimContext {
  const policy = createPolicy({ issuer: iss, audience: 'orders', clock, ...options }, 'verifier')
  const [issuer] = policy.issuers.values()
  if (!issuer?.audience) throw new Error('the policy has no issuer with an audience')
  const { audience } = issuer
  return { policy, issuer, audience, typ, now }
}

type Check = (claims: JsonObject, context: ClaimContext) => Refusal | undefined

/** All checks of a new token. */
function checkAll(claims: JsonObject, context: ClaimContext): Refusal | undefined {
  const result = checkClaims({ claims } as unknown as Verified, context)
  return result instanceof Refusal ? result : undefined
}

test.each<readonly [claims: object, code: string, reason: string]>([
  [
    { at_hash: 'x' },
    'not_an_access_token',
    'the token has at_hash, which marks another kind of token',
  ],
  [{ sub: undefined }, 'claim_missing', 'the token has no sub'],
  [{ sub: '' }, 'claim_malformed', 'sub is not a non-empty string'],
  [{ aud: [] }, 'claim_malformed', 'aud is not a non-empty string or a list of non-empty strings'],
  [
    { aud: ['orders', ''] },
    'claim_malformed',
    'aud is not a non-empty string or a list of non-empty strings',
  ],
  [{ exp: '1' }, 'claim_malformed', 'exp is not a NumericDate'],
  [{ iat: null }, 'claim_malformed', 'iat is not a NumericDate'],
  [{ nbf: -1 }, 'claim_malformed', 'nbf is not a NumericDate'],
  [{ auth_time: 1e12 }, 'claim_malformed', 'auth_time is not a NumericDate'],
  [{ jti: 1 }, 'claim_malformed', 'jti is not a non-empty string'],
  [{ typ: 1 }, 'claim_malformed', 'typ is not a non-empty string'],
  [{ token_use: '' }, 'claim_malformed', 'token_use is not a non-empty string'],
  [{ client_id: [] }, 'claim_malformed', 'client_id is not a non-empty string'],
  [{ azp: null }, 'claim_malformed', 'azp is not a non-empty string'],
  [{ cid: {} }, 'claim_malformed', 'cid is not a non-empty string'],
  [{ appid: true }, 'claim_malformed', 'appid is not a non-empty string'],
  [{ scope: 1 }, 'claim_malformed', 'scope is not a string or a list of strings'],
  [{ scp: [1] }, 'claim_malformed', 'scp is not a string or a list of strings'],
  [{ cnf: 'x' }, 'claim_malformed', 'cnf is not an object'],
  [{ iat: now + 301 }, 'claim_malformed', 'iat is after exp'],
  [{ nbf: now + 301 }, 'claim_malformed', 'nbf is after exp'],
  [{ nbf: now, iat: now - 9, exp: now - 4 }, 'claim_malformed', 'nbf is after exp'],
  [{ nbf: now + 300 }, 'token_not_yet_valid', 'nbf is 300 s in the future; clockTolerance is 5 s'],
  [{ iat: now, exp: now - 5 }, 'token_expired', 'exp was 5 s ago; clockTolerance is 5 s'],
  [{ iat: now, exp: now - 4 }, 'claim_malformed', 'iat is after exp'],
  [{ exp: now - 5.0004, iat: now - 9 }, 'token_expired', 'exp was 5 s ago; clockTolerance is 5 s'],
  [
    { exp: now - 60.1236, iat: now - 90 },
    'token_expired',
    'exp was 60.124 s ago; clockTolerance is 5 s',
  ],
  [
    { nbf: now + 60.1236 },
    'token_not_yet_valid',
    'nbf is 60.124 s in the future; clockTolerance is 5 s',
  ],
  [{ aud: 'stock' }, 'audience_mismatch', 'aud is ["stock"], expected one of ["orders"]'],
  [{ cnf: {} }, 'binding_unsupported', 'cnf has neither jkt nor x5t#S256, so it cannot be checked'],
])('checkClaims refuses %o with %s: %s', (claims, code, reason) => {
  expect(run(claims)).toBe(`${code}: ${reason}`)
})

test.each<readonly [claims: object, claim: string, options: VerifierOptions]>([
  [{ sub: undefined }, 'sub', {}],
  [{ sub: 1 }, 'sub', {}],
  [{ iat: now - 90, exp: now - 60 }, 'exp', {}],
  [{ iat: now + 301 }, 'iat', {}],
  [{ nbf: now + 301 }, 'nbf', {}],
  [{ nbf: now + 60 }, 'nbf', {}],
  [{}, 'exp', { maxLifetime: 60 }],
  [{ aud: 'stock' }, 'aud', {}],
  [{ cnf: {} }, 'cnf', {}],
])('for the claims %o, the claim at fault is %s', (claims, claim, options) => {
  expect(refusalOf(claims, options)?.detail).toEqual(expect.objectContaining({ claim }))
})

test('a malformed cnf is reported before a token that expired', () => {
  expect(run({ cnf: 'x', iat: now - 90, exp: now - 60 })).toBe(
    'claim_malformed: cnf is not an object',
  )
})

test.each([
  ['client_id', 'a non-empty string'],
  ['azp', 'a non-empty string'],
  ['cid', 'a non-empty string'],
  ['appid', 'a non-empty string'],
  ['scope', 'a string or a list of strings'],
  ['scp', 'a string or a list of strings'],
])('%s must have the right type even if the profile does not read it', (name, expected) => {
  const none = { scopeClaims: [], clientClaims: [], acceptUnmarked: true }
  const options = { profile: { ...defaultProfile, ...none } }
  expect(run({ [name]: 1 }, options)).toBe(`claim_malformed: ${name} is not ${expected}`)
})

test('the reason of lifetime_too_long gives seconds', () => {
  const options = { maxLifetime: 60 }
  const tooLong = (lifetime: string): string =>
    `lifetime_too_long: the token's lifetime is ${lifetime} s; maxLifetime is 60 s`
  expect(run({}, options)).toEqual(tooLong('300'))
  expect(run({ exp: now + 60 }, options)).toBe('accepted')
  expect(run({ iat: now + 90, exp: now + 99.5 }, options)).toEqual(tooLong('94.5'))
})

describe('requiredClaims of a profile', () => {
  const profile = { ...defaultProfile, requiredClaims: ['jti', ['client_id', 'azp']] }

  test.each<readonly [claims: object, outcome: string]>([
    [{ jti: 'x', azp: 'shop' }, 'accepted'],
    [{ jti: 'x', client_id: 'shop' }, 'accepted'],
    [{ jti: 'x' }, 'claim_missing: the token has no client_id or azp'],
    [{ azp: 'shop' }, 'claim_missing: the token has no jti'],
  ])('for a token with %j: %s', (claims, outcome) => {
    expect(run(claims, { profile })).toBe(outcome)
    expect(run({ ...claims, iss: undefined }, { profile })).toBe(
      'claim_missing: the token has no iss',
    )
  })
})

describe('scopeClaims and clientClaims of a profile', () => {
  const profile = { ...defaultProfile, scopeClaims: ['permissions'], clientClaims: ['app'] }

  test.each<readonly [claims: object, outcome: string]>([
    [{ permissions: ['a'], app: 'shop' }, 'accepted'],
    [{ permissions: 'a' }, 'accepted'],
    [{ permissions: 1 }, 'claim_malformed: permissions is not a string or a list of strings'],
    [{ permissions: null }, 'claim_malformed: permissions is not a string or a list of strings'],
    [
      { permissions: ['a', 1] },
      'claim_malformed: permissions is not a string or a list of strings',
    ],
    [{ app: 1 }, 'claim_malformed: app is not a non-empty string'],
    [{ app: '' }, 'claim_malformed: app is not a non-empty string'],
    [{ app: ['shop'] }, 'claim_malformed: app is not a non-empty string'],
  ])('must have the right type, as in a token with %j: %s', (claims, outcome) => {
    expect(run(claims, { profile: { ...profile, acceptUnmarked: true } })).toBe(outcome)
    expect(run(claims)).toBe('accepted')
  })
})

describe('audienceClaims of a profile', () => {
  const profile = { ...defaultProfile, audienceClaims: ['resource', 'aud'] }
  const malformed =
    'claim_malformed: the audience is not a non-empty string or a list of non-empty strings'

  test.each<readonly [claims: object, outcome: string]>([
    [{ resource: 'orders' }, 'accepted'],
    [{ resource: ['stock', 'orders'], aud: undefined }, 'accepted'],
    [{ resource: ['orders', 1] }, malformed],
    [{ resource: 1 }, malformed],
    [{ resource: '' }, malformed],
    [{ resource: null }, malformed],
    [{ resource: [] }, 'audience_mismatch: resource is [], expected one of ["orders"]'],
    [{ resource: 'orders', aud: 'other' }, 'accepted'],
    [{ aud: undefined }, 'claim_missing: the token has no resource or aud'],
  ])('for a token with %o: %s', (claims, outcome) => {
    expect(run(claims, { profile })).toBe(outcome)
  })

  test('without aud, a malformed aud is refused as well', () => {
    const only = { ...defaultProfile, audienceClaims: ['resource'] }
    expect(run({ resource: 'orders', aud: 'stock' }, { profile: only })).toBe('accepted')
    expect(run({ resource: 'orders', aud: 1 }, { profile: only })).toBe(
      'claim_malformed: aud is not a non-empty string or a list of non-empty strings',
    )
  })
})

describe('roles and permissions of a profile', () => {
  const roles = { path: ['realm', 'roles'] }
  const permissions = { path: ['permissions'], format: 'keys' } as const
  const malformedRoles =
    'claim_malformed: realm.roles is malformed, expected a string or a list of strings'
  const malformedPermissions = 'claim_malformed: permissions is malformed, expected an object'

  test.each<readonly [claims: object, outcome: string]>([
    [{}, 'accepted'],
    [{ realm: { roles: ['a'] }, permissions: { b: 1 } }, 'accepted'],
    [{ realm: { roles: 1 } }, malformedRoles],
    [{ permissions: ['b'] }, malformedPermissions],
  ])('for a token with %j: %s', (claims, outcome) => {
    const both = { ...defaultProfile, roles: [roles], permissions: [permissions] }
    expect(run(claims, { profile: both })).toBe(outcome)
    const onlyRoles = { ...defaultProfile, roles: [roles] }
    expect(run(claims, { profile: onlyRoles })).toBe(
      outcome === malformedRoles ? malformedRoles : 'accepted',
    )
    const onlyPermissions = { ...defaultProfile, permissions: [permissions] }
    expect(run(claims, { profile: onlyPermissions })).toBe(
      outcome === malformedPermissions ? malformedPermissions : 'accepted',
    )
    expect(run(claims)).toBe('accepted')
  })
})

describe('the tenant in iss and in tid', () => {
  const ours = 'aaaaaaaa-2222-4333-8444-555555555555'
  const theirs = 'bbbbbbbb-2222-4333-8444-555555555555'
  const mismatch = 'claim_malformed: tid does not match the tenant in iss'

  test.each<readonly [path: string, tid: unknown, outcome: string]>([
    [`/${ours}/v2.0`, ours, 'accepted'],
    [`/${ours}/v2.0`, ours.toUpperCase(), 'accepted'],
    [`/${ours.toUpperCase()}/v2.0`, ours, 'accepted'],
    [`/${theirs}/${ours}`, ours, 'accepted'],
    [`/${ours}/v2.0`, theirs, mismatch],
    [`/${ours}`, `12345678${ours.slice(8)}`, mismatch],
    [`/${ours}/v2.0`, undefined, 'accepted'],
    [`/${ours}/v2.0`, 'acme', 'accepted'],
    [`/${ours}/v2.0`, [theirs], 'accepted'],
    ['/acme', theirs, 'accepted'],
    // A tid that is almost a UUID.
    [`/${ours}`, `0${theirs}`, 'accepted'],
    [`/${ours}`, `${theirs}0`, 'accepted'],
    [`/${ours}`, theirs.slice(1), 'accepted'],
    [`/${ours}`, theirs.slice(0, -1), 'accepted'],
    [`/${ours}`, theirs.replace('b', 'g'), 'accepted'],
    [`/${ours}`, theirs.replace('4333', 'z333'), 'accepted'],
    [`/${ours}`, theirs.replace('-2222', ''), 'accepted'],
  ])('for an issuer with the path %s and tid %j: %s', (path, tid, outcome) => {
    const issuer = `${iss}${path}`
    expect(run({ iss: issuer, tid }, { issuer })).toBe(outcome)
  })

  test('name tid as the claim at fault', () => {
    const issuer = `${iss}/${ours}`
    expect(refusalOf({ iss: issuer, tid: theirs }, { issuer })?.detail).toEqual({ claim: 'tid' })
  })
})

test('recheckClaims checks only the times and the audience', () => {
  const recheck = (claims: object, options: VerifierOptions = {}): string =>
    run(claims, options, (modified, context) =>
      recheckClaims(
        modified as typeof validClaims & JsonObject,
        audienceOf(modified, context.issuer.profile),
        context,
      ),
    )
  expect(recheck({})).toBe('accepted')
  expect(recheck({ sub: undefined, at_hash: 'x', cnf: {} })).toBe('accepted')
  expect(recheck({ exp: now - 60 })).toMatch(/^token_expired:/)
  expect(recheck({ nbf: now + 60 })).toMatch(/^token_not_yet_valid:/)
  expect(recheck({ aud: 'stock' })).toMatch(/^audience_mismatch:/)
  expect(recheck({}, { maxLifetime: 60 })).toMatch(/^lifetime_too_long:/)
})

describe('the checks of explain', () => {
  test('have these titles and read these claims', () => {
    const rows = claimChecks.map(({ title, reads }) => [title, reads])
    expect(rows).toEqual([
      ['kind of token', undefined],
      ['required claims', undefined],
      ['claim formats', undefined],
      ['tenant', undefined],
      ['roles and permissions', undefined],
      ['expiry', ['exp']],
      ['order of times', ['exp', 'iat', 'nbf']],
      ['not before', ['nbf']],
      ['lifetime', ['exp', 'iat']],
      ['audience', ['aud']],
      ['binding', ['cnf']],
    ])
  })

  test.each<readonly [title: string, claims: object, reasons: readonly string[]]>([
    ['required claims', {}, []],
    [
      'required claims',
      { sub: undefined, exp: undefined },
      ['the token has no exp', 'the token has no sub'],
    ],
    ['claim formats', {}, []],
    [
      'claim formats',
      { sub: 1, exp: '1' },
      ['sub is not a non-empty string', 'exp is not a NumericDate'],
    ],
  ])('%s: for the claims %o, all refusals are %j', (title, claims, reasons) => {
    const { all } = claimChecks.find((check) => check.title === title)!
    const found = all!(changed(claims), contextOf({}))
    expect(found.map(({ reason }) => reason)).toEqual(reasons)
  })
})
