import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { audienceOf, audienceRule } from '../../src/config/audience.ts'
import { createPolicy } from '../../src/config/policy.ts'
import * as providers from '../../src/providers/index.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import type { Verified } from '../../src/jose/signature.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import {
  checkClaims,
  checkEverything,
  type ClaimContext,
  isOrdinaryToken,
  recheckClaims,
} from '../../src/token/claims.ts'
import { isOrdinary } from '../../src/token/ordinary-claims.ts'
import type { Audience } from '../../src/options/options.ts'
import { defaultProfile } from '../../src/providers/default.ts'

// The shortcut for ordinary tokens must never skip a check that would refuse.

const url = 'https://as.example.com/realms/test'
const now = 1_700_000_000

function contextOf(issuer: object | string, typ: string | undefined): ClaimContext {
  const options = { issuer, audience: 'order-service' } as Parameters<typeof createPolicy>[0]
  const policy = createPolicy(options, 'verifier')
  const only = [...policy.issuers.values()].at(0)!
  return { policy, issuer: only, audience: only.audience!, typ, now }
}

const issuers: Readonly<Record<string, object | string>> = {
  'a plain issuer': url,
  keycloak: providers.keycloak(url),
  okta: providers.okta('https://dev.okta.com/oauth2/default'),
  'spring-authorization-server': providers.springAuthorizationServer(url),
  rfc9068: providers.rfc9068(url),
  zitadel: providers.zitadel(url),
}

const valid: JsonObject = {
  iss: url,
  sub: 'user-42',
  aud: 'order-service',
  exp: now + 60,
  iat: now,
  nbf: now,
  jti: 'a',
  client_id: 'user-service',
  azp: 'user-service',
  cid: 'user-service',
  scope: 'orders:read',
  scp: ['orders:read'],
  typ: 'Bearer',
}

const names = [
  ...Object.keys(valid),
  ...['auth_time', 'token_use', 'appid', 'cnf', 'tid', 'nonce', 'events', 'at_hash', 'c_hash'],
  ...['s_hash', 'roles', 'act', 'may_act', 'type', 'ver', 'uid', 'realm_access', 'custom'],
]
const values = fc.oneof(
  fc.constantFrom<unknown>(
    ...['', 'a', 'ID', 'id', 'Refresh', 'access', 'Bearer', 'order-service'],
    ...[0, -1, 1.5, 1e300, now + 60, true, null],
    ...[[], ['a'], [1], {}, { jkt: 'a' }, '72f988bf-86f1-41af-91ab-2d7cd011db47'],
  ),
  fc.constant(undefined),
)
const changes = fc.dictionary(fc.constantFrom(...names), values, { maxKeys: 4 })
const types = fc.constantFrom('at+jwt', 'JWT', undefined)

describe.each(Object.entries(issuers))('with %s', (_name, issuer) => {
  test('the same tokens are refused for the same reasons as by all checks one by one', () => {
    let ordinary = 0
    fc.assert(
      fc.property(changes, types, (changed, typ) => {
        const claims = Object.fromEntries(
          Object.entries({ ...valid, ...changed }).filter(([, value]) => value !== undefined),
        )
        const context = contextOf(issuer, typ)
        if (isOrdinaryToken(claims, context)) ordinary += 1
        const checked = checkClaims({ claims } as Verified, context)
        const refusal = checked instanceof Refusal ? checked : undefined
        expect(refusal).toEqual(checkEverything(claims, context))
      }),
      { numRuns: 2000, seed: 17 },
    )
    expect(ordinary).toBeGreaterThan(100)
  })
})

const audiences = fc
  .constantFrom<Audience>('order-service', 'a', ['a', 'order-service'], { only: 'order-service' })
  .map(audienceRule)
const moments = fc.constantFrom(now - 60, now - 6, now, now + 54, now + 60, now + 66, now + 3600)
const lifetimes = fc.constantFrom(undefined, 59, 60, 3600)

test('the repeated checks refuse an accepted token at another time and route as all checks do', () => {
  const counts = { accepted: 0, refused: 0 }
  const property = fc.property(
    changes,
    fc.tuple(audiences, moments, audiences, moments),
    lifetimes,
    fc.constantFrom(defaultProfile, { ...defaultProfile, audienceClaims: ['scp', 'aud'] }),
    (changed, [firstAudience, firstTime, audience, time], maxLifetime, profile) => {
      const claims = Object.fromEntries(
        Object.entries({ ...valid, ...changed }).filter(([, value]) => value !== undefined),
      )
      const start = contextOf({ issuer: url, profile }, 'at+jwt')
      const policy = { ...start.policy, ...(maxLifetime !== undefined && { maxLifetime }) }
      const first = { ...start, policy, audience: firstAudience, now: firstTime }
      fc.pre(!checkEverything(claims, first))
      const later = { ...first, audience, now: time }
      const found = audienceOf(claims, later.issuer.profile)
      const refusal = recheckClaims(claims as Parameters<typeof recheckClaims>[0], found, later)
      expect(refusal).toEqual(checkEverything(claims, later))
      counts[refusal ? 'refused' : 'accepted'] += 1
    },
  )
  fc.assert(property, { numRuns: 2000, seed: 17 })
  expect(counts.accepted).toBeGreaterThan(100)
  expect(counts.refused).toBeGreaterThan(100)
})

test('an inherited claim does not make a token ordinary', () => {
  const { sub: _, ...others } = valid
  const claims = Object.setPrototypeOf({ ...others }, { sub: 'user-42' }) as JsonObject
  expect(isOrdinaryToken(valid, contextOf(url, 'at+jwt'))).toBe(true)
  expect(isOrdinaryToken(claims, contextOf(url, 'at+jwt'))).toBe(false)
})

test('a token is ordinary only if it has one claim of each required list', () => {
  const profile = { ...defaultProfile }
  const rules = {
    required: [['a', 'b'], ['b', 'c'], ['d']],
    forms: new Map(),
    unusual: new Set('e'),
  }
  const rulesOf = vi.fn<() => typeof rules>(() => rules)
  const isOrdinaryWith = (...claims: readonly string[]): boolean =>
    isOrdinary(Object.fromEntries(claims.map((name) => [name, 1])), profile, rulesOf)
  expect(isOrdinaryWith('b', 'd')).toBe(true)
  expect(isOrdinaryWith('a', 'c', 'd', 'other')).toBe(true)
  expect(isOrdinaryWith('a', 'd')).toBe(false)
  expect(isOrdinaryWith('b', 'd', 'e')).toBe(false)
  expect(rulesOf).toHaveBeenCalledOnce()
})

// Each list has one bit. Without the limit, 32 lists would have the bits of none.
test.each([
  [30, true],
  [31, false],
  [32, false],
])('with %i required claims, a token that has them is ordinary: %j', (count, expected) => {
  const required = Array.from({ length: count }, (_, at) => [`claim-${at}`])
  const rules = { required, forms: new Map(), unusual: new Set('e') }
  const profile = { ...defaultProfile }
  const complete = Object.fromEntries(required.flat().map((name) => [name, 1]))
  expect(isOrdinary(complete, profile, () => rules)).toBe(expected)
  expect(isOrdinary({}, profile, () => rules)).toBe(false)
})
