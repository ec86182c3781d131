import { createTestClock } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { checkClaims, recheckClaims } from '../../src/token/claims.ts'
import type { VerifierOptions } from '../../src/index.ts'
import { createPolicy, optionNames } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'

// What the operator reads, and where the profile says what to look at.

// Fixed, for it is in the names of tests.
const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
const now = clock.now() / 1000
const iss = 'https://as.example.com'
const whole = { iss, sub: 'user-42', aud: 'orders', iat: now, exp: now + 300 }

type Judged = readonly [code: string, reason: string] | undefined

function judge(claims: object, options: VerifierOptions = {}, check = checkClaims): Judged {
  const policy = createPolicy(
    { issuer: iss, audience: 'orders', clock, ...options },
    optionNames.verifier,
  )
  const [issuer] = policy.issuers.values()
  const given = Object.entries({ ...whole, ...claims }).filter(([, value]) => value !== undefined)
  if (!issuer?.audience) throw new Error('The policy has an issuer with an audience.')
  const { audience } = issuer
  const refusal = check(Object.fromEntries(given), { policy, issuer, audience, now })
  return refusal && [refusal.code, refusal.reason]
}

test.each<readonly [claims: object, code: string, reason: string]>([
  [{ at_hash: 'x' }, 'not_an_access_token', 'the token has at_hash, as other kinds of token have'],
  [{ sub: undefined }, 'claim_missing', 'the token has no sub'],
  [{ sub: '' }, 'claim_malformed', 'sub is not a non-empty string'],
  [{ aud: [] }, 'claim_malformed', 'aud is not a non-empty string or list of them'],
  [{ aud: ['orders', ''] }, 'claim_malformed', 'aud is not a non-empty string or list of them'],
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
  [
    { exp: now - 5.0004, iat: now - 9 },
    ...(['token_expired', 'exp is 5 s ago; the tolerance is 5 s'] as const),
  ],
  [
    { exp: now - 60.1236, iat: now - 90 },
    ...(['token_expired', 'exp is 60.124 s ago; the tolerance is 5 s'] as const),
  ],
  [
    { nbf: now + 60.1236 },
    ...(['token_not_yet_valid', 'nbf is in 60.124 s; the tolerance is 5 s'] as const),
  ],
  [{ aud: 'stock' }, 'audience_mismatch', 'aud is ["stock"], expected one of ["orders"]'],
  [
    { cnf: {} },
    'binding_unsupported',
    'the token has cnf: it is bound to a key and was sent as a bearer token',
  ],
])('%j: %s: %s', (claims, code, reason) => {
  expect(judge(claims)).toEqual([code, reason])
})

test('a lifetime is told in seconds', () => {
  const options = { maxLifetime: 60 }
  const told = (text: string) => ['lifetime_too_long', text]
  expect(judge({}, options)).toEqual(told('the token lives 300 s; maxLifetime is 60 s'))
  expect(judge({ exp: now + 60 }, options)).toBeUndefined()
  expect(judge({ iat: now + 90, exp: now + 99.5 }, options)).toEqual(
    told('the token lives 94.5 s; maxLifetime is 60 s'),
  )
})

describe('what a profile requires', () => {
  const profile = { ...defaultProfile, requiredClaims: ['jti', ['client_id', 'azp']] }

  test.each<readonly [claims: object, reason: string | undefined]>([
    [{ jti: 'x', azp: 'shop' }, undefined],
    [{ jti: 'x', client_id: 'shop' }, undefined],
    [{ jti: 'x' }, 'the token has no client_id and no azp'],
    [{ azp: 'shop' }, 'the token has no jti'],
  ])('%j: %s', (claims, reason) => {
    expect(judge(claims, { profile })?.[1]).toBe(reason)
    expect(judge({ ...claims, iss: undefined }, { profile })?.[1]).toBe('the token has no iss')
  })
})

describe('an audience that is elsewhere', () => {
  const profile = { ...defaultProfile, audienceClaims: ['resource', 'aud'] }
  const malformed = ['claim_malformed', 'the audience is not a non-empty string or list of them']

  test.each<readonly [claims: object, judged: readonly string[] | undefined]>([
    [{ resource: 'orders' }, undefined],
    [{ resource: ['stock', 'orders'], aud: undefined }, undefined],
    [{ resource: ['orders', 1] }, malformed],
    [{ resource: 1 }, malformed],
    [{ resource: '' }, malformed],
    [{ resource: null }, malformed],
    [{ aud: undefined }, ['claim_missing', 'the token has no resource and no aud']],
  ])('%j: %j', (claims, judged) => {
    expect(judge(claims, { profile })).toEqual(judged)
  })
})

describe('names, such as roles', () => {
  const roles = { path: ['realm', 'roles'] }
  const permissions = { path: ['permissions'], format: 'keys' } as const
  const wrongRoles = ['claim_malformed', 'realm.roles is no list of names']
  const wrongPermissions = ['claim_malformed', 'permissions is no keys of names']

  test.each<readonly [claims: object, judged: readonly string[] | undefined]>([
    [{}, undefined],
    [{ realm: { roles: ['a'] }, permissions: { b: 1 } }, undefined],
    [{ realm: { roles: 1 } }, wrongRoles],
    [{ permissions: ['b'] }, wrongPermissions],
  ])('%j: %j', (claims, judged) => {
    const both = { ...defaultProfile, roles: [roles], permissions: [permissions] }
    expect(judge(claims, { profile: both })).toEqual(judged)
    const some = { ...defaultProfile, roles: [roles] }
    expect(judge(claims, { profile: some })).toEqual(judged === wrongRoles ? judged : undefined)
    const others = { ...defaultProfile, permissions: [permissions] }
    expect(judge(claims, { profile: others })).toEqual(
      judged === wrongPermissions ? judged : undefined,
    )
    expect(judge(claims)).toBeUndefined()
  })
})

describe('the tenant in iss and in tid', () => {
  const [ours, theirs] = [
    'aaaaaaaa-2222-4333-8444-555555555555',
    'bbbbbbbb-2222-4333-8444-555555555555',
  ]
  const another = ['claim_malformed', 'tid names another tenant than iss']

  test.each<readonly [path: string, tid: unknown, judged: readonly string[] | undefined]>([
    [`/${ours}/v2.0`, ours, undefined],
    [`/${ours}/v2.0`, ours.toUpperCase(), undefined],
    [`/${ours.toUpperCase()}/v2.0`, ours, undefined],
    [`/${theirs}/${ours}`, ours, undefined],
    [`/${ours}/v2.0`, theirs, another],
    [`/${ours}`, `12345678${ours.slice(8)}`, another],
    [`/${ours}/v2.0`, undefined, undefined],
    [`/${ours}/v2.0`, 'acme', undefined],
    [`/${ours}/v2.0`, [theirs], undefined],
    ['/acme', theirs, undefined],
    // almost UUIDs: in tid, and in iss
    ...[`0${theirs}`, `${theirs}0`, theirs.slice(1), theirs.slice(0, -1)].map(
      (text) => [`/${ours}`, text, undefined] as const,
    ),
    ...[theirs.replace('b', 'g'), theirs.replace('4333', 'z333'), theirs.replace('-2222', '')].map(
      (text) => [`/${ours}`, text, undefined] as const,
    ),
  ])('%s and %j: %j', (path, tid, judged) => {
    const issuer = `${iss}${path}`
    expect(judge({ iss: issuer, tid }, { issuer })).toEqual(judged)
  })
})

test('a token that passed is judged again for its time and its audience alone', () => {
  const again = (claims: object): string | undefined => judge(claims, {}, recheckClaims)?.[0]
  expect(again({})).toBeUndefined()
  expect(again({ sub: undefined, at_hash: 'x', cnf: {} })).toBeUndefined()
  expect(again({ exp: now - 60 })).toBe('token_expired')
  expect(again({ nbf: now + 60 })).toBe('token_not_yet_valid')
  expect(again({ aud: 'stock' })).toBe('audience_mismatch')
  expect(judge({}, { maxLifetime: 60 }, recheckClaims)?.[0]).toBe('lifetime_too_long')
})
