import { describe, expect, test } from 'vitest'
import {
  buildRecord,
  type Decision,
  type GuardDecision,
  type VerificationTrace,
} from '../../src/audit/build-record.ts'
import type { Timing } from '../../src/audit/reporter.ts'
import { audienceRule } from '../../src/config/audience.ts'
import { createPolicy, type Policy } from '../../src/config/policy.ts'
import type { Code } from '../../src/errors/codes.ts'
import { refuse } from '../../src/errors/refusal.ts'
import type { Guard } from '../../src/guards/guards.ts'
import type { BindingTrace } from '../../src/binding/binding-check.ts'
import type { Unverified, UnverifiedProof } from '../../src/jose/jws.ts'
import { type AccessToken, createToken, readContent } from '../../src/token/access-token.ts'
import type { CheckedToken } from '../../src/token/claims.ts'
import type { Delegation } from '../../src/token/delegation.ts'

const clock = { now: () => Date.UTC(2026, 10, 24, 12), monotonic: () => 5000 }
const policyOf = (options: object): Policy =>
  createPolicy({ issuer: 'https://as.example', clock, ...options }, 'resource server')
const policy = policyOf({ audience: 'orders' })
const noon = '2026-11-24T12:00:00.000Z'

const ran = (name: string, passed: boolean, more: Partial<Guard> = {}): GuardDecision => ({
  guard: { name, admitsAnonymous: false, check: () => undefined, ...more },
  passed,
  timing: undefined,
})
const decision = (more: Partial<Decision> = {}): Decision => ({
  refusal: undefined,
  guards: [],
  trace: {},
  timings: [],
  verificationMs: undefined,
  ...more,
})
const timings: readonly Timing[] = [
  { at: 2000, took: 0.0014 },
  { at: 3000, took: 0.0004 },
  { at: 4000, took: 0.0012 },
]

describe('buildRecord', () => {
  test('leaves out what is unknown', () => {
    expect(buildRecord(decision(), policyOf({}))).toStrictEqual({
      time: noon,
      outcome: 'granted',
      checks: [],
    })
  })

  test('names the deciding guard, every check, and all required scopes once', () => {
    const guards = [
      ran('a', true, { scopeNeed: { all: ['x', 'y'] } }),
      ran('untimed', true),
      ran('c', false, { scopeNeed: { any: ['z', 'x'] } }),
    ]
    const refusal = refuse('scope_insufficient', 'why')
    const request = { method: 'GET', path: '/orders', route: '/:kind' }
    expect(
      buildRecord(decision({ refusal, guards, request, timings, verificationMs: 0 }), policy),
    ).toStrictEqual({
      time: '2026-11-24T11:59:59.000Z',
      outcome: 'refused',
      code: 'scope_insufficient',
      reason: 'why',
      guard: 'c',
      checks: [
        { guard: 'a', passed: true },
        { guard: 'untimed', passed: true },
        { guard: 'c', passed: false },
      ],
      request,
      durationMs: 0.003,
      verificationMs: 0,
      requiredAudience: ['orders'],
      requiredScopes: ['x', 'y', 'z'],
    })
  })

  test('reports an outage as unavailable', () => {
    const refusal = refuse('keys_unavailable', 'why')
    expect(buildRecord(decision({ refusal }), policy)).toMatchObject({
      outcome: 'unavailable',
      code: 'keys_unavailable',
      reason: 'why',
    })
  })

  test('dates the decision by the monotonic clock', () => {
    expect(buildRecord(decision({ timings: timings.slice(0, 1) }), policy).time).toBe(
      '2026-11-24T11:59:57.000Z',
    )
  })

  test('prefers the audience that guards require to the configured one', () => {
    const guards = [
      ran('a', true, { audience: audienceRule('stock') }),
      ran('b', true),
      ran('c', true, { audience: audienceRule(['stock', 'bills']) }),
    ]
    expect(buildRecord(decision({ guards }), policy).requiredAudience).toEqual(['stock', 'bills'])
  })
})

describe('the token in a record', () => {
  const unverified = {
    raw: 'a.b.c',
    header: { alg: 'ES256', kid: 'k', typ: undefined },
    claims: { iss: 'https://as.example' },
  } as unknown as Unverified
  const identityOf = (trace: VerificationTrace): object => buildRecord(decision({ trace }), policy)

  test('is absent if it could not be parsed', () => {
    const members = Object.keys(identityOf({ cached: false }))
    expect(members).toEqual(['time', 'outcome', 'checks', 'requiredAudience', 'cached'])
  })

  test('is unverified until the signature is verified', () => {
    expect(identityOf({ unverified })).toMatchObject({
      unverified: { issuer: 'https://as.example', kid: 'k', alg: 'ES256' },
    })
  })

  test('has only its issuer if the issuer was asked about it, and it is not accepted', () => {
    const record = identityOf({ unverified, introspectedBy: 'https://as.example' })
    expect(Object.keys(record)).toEqual(['time', 'outcome', 'checks', 'requiredAudience', 'issuer'])
    expect(record).toHaveProperty('issuer', 'https://as.example')
  })

  test('has neither kid nor alg if it was introspected instead of verified', () => {
    const claims = { iss: 'https://as.example', sub: 'user-42', aud: 'orders', jti: 'j' }
    const tokenFrom = (isIntrospected: boolean): AccessToken => {
      const checked = { claims } as unknown as CheckedToken
      const { profile } = [...policy.issuers.values()].at(0)!
      const delegation = { priorActors: [] } as unknown as Delegation
      const source = { checked, delegation, mayAct: undefined, profile, impliedScopes: [] }
      const header = Buffer.from('{"alg":"ES256","kid":"k"}').toString('base64url')
      return createToken(readContent({ ...source, isIntrospected }), `${header}.b.c`)
    }
    expect(identityOf({ token: tokenFrom(false) })).toMatchObject({ kid: 'k', alg: 'ES256' })
    const introspected = identityOf({ token: tokenFrom(true) })
    expect(introspected).toMatchObject({ subject: 'user-42', jti: 'j' })
    expect(introspected).not.toHaveProperty('kid')
    expect(introspected).not.toHaveProperty('alg')
  })

  test.each(['revocations', 'introspection'] as const)(
    'says that %s may be out of date only if they are',
    (name) => {
      expect(identityOf({ [name]: 'stale' })).toHaveProperty(name, 'stale')
      expect(identityOf({})).not.toHaveProperty(name)
    },
  )
})

describe('the binding in a record', () => {
  const proof = {
    claims: { htm: 'GET', htu: 'https://api.example/orders' },
  } as unknown as UnverifiedProof
  const bound = { scheme: 'DPoP', confirmation: { jkt: 'thumbprint' } } as const
  const recordOf = (binding: BindingTrace, code?: Code): object => {
    const refusal = code && refuse(code, 'why')
    const { binding: recorded, unverified } = buildRecord(
      decision({ refusal, trace: { binding } }),
      policy,
    )
    return { binding: recorded, unverified }
  }

  test('has the scheme and what the token is bound to', () => {
    expect(recordOf(bound)).toStrictEqual({
      binding: { scheme: 'DPoP', jkt: 'thumbprint' },
      unverified: undefined,
    })
    expect(recordOf({ scheme: 'DPoP', confirmation: undefined })).toStrictEqual({
      binding: { scheme: 'DPoP' },
      unverified: undefined,
    })
  })

  test('names the gateway if it compared the certificate', () => {
    const confirmation = { 'x5t#S256': 'hash' }
    expect(recordOf({ scheme: 'Bearer', confirmation, checkedBy: 'gateway' })).toStrictEqual({
      binding: { scheme: 'Bearer', 'x5t#S256': 'hash', checkedBy: 'gateway' },
      unverified: undefined,
    })
  })

  test.each<readonly [code: Code, sent: UnverifiedProof | undefined, unverified: unknown]>([
    ['proof_mismatch', proof, { htm: 'GET', htu: 'https://api.example/orders' }],
    ['proof_mismatch', undefined, undefined],
    ['binding_mismatch', proof, undefined],
  ])('after %s with the proof %o has the unverified names %o', (code, sent, unverified) => {
    const trace = { ...bound, ...(sent && { proof: sent }) }
    expect(recordOf(trace, code)).toHaveProperty('unverified', unverified)
  })

  test('has no URL of a refused proof if records are pseudonymous', () => {
    const refusal = refuse('proof_mismatch', 'why')
    const trace = { binding: { ...bound, proof } }
    const pseudonymous = policyOf({ records: { pseudonymKey: 'k'.repeat(32) } })
    expect(buildRecord(decision({ refusal, trace }), pseudonymous).unverified).toStrictEqual({
      htm: 'GET',
    })
  })

  test('has no names of a proof that was accepted', () => {
    expect(recordOf({ ...bound, proof })).toHaveProperty('unverified', undefined)
  })
})
