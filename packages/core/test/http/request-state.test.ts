import { describe, expect, test } from 'vitest'
import { audienceRule } from '../../src/config/audience.ts'
import type { Guard } from '../../src/guards/guards.ts'
import { createPolicy, optionNames, type Policy } from '../../src/config/policy.ts'
import { refuse } from '../../src/errors/refusal.ts'
import { bodyOf, namesOf, note, timeOf, Visit } from '../../src/http/request-state.ts'

const clock = { now: () => Date.UTC(2026, 10, 24, 12), monotonic: () => 5000 }
const policyOf = (options: object): Policy =>
  createPolicy({ issuer: 'https://as.example', clock, ...options }, optionNames.host)
const policy = policyOf({ audience: 'orders' })
const noon = '2026-11-24T12:00:00.000Z'

const directly = (work: () => void): void => work()
const visitOf = (more: { readonly route?: () => string | undefined } = {}): Visit =>
  new Visit({ method: 'GET', url: '/orders?a=b', headers: [], ...more }, directly)
const guard = (name: string, more: Partial<Guard> = {}): Guard => ({
  ...{ name, admitsAnonymous: false, check: () => undefined, ...more },
})
const granted = { token: undefined }
const refusal = refuse('scope_insufficient', 'why')
const request = { method: 'GET', path: '/orders' }

test('a visit begins with nothing', () => {
  expect(visitOf()).toEqual({
    request: { method: 'GET', url: '/orders?a=b', headers: [] },
    ...{ checks: [], credential: 'unread', judgement: undefined, verificationMs: undefined },
    ...{ state: 'pending', undecided: 0, waiting: undefined, recorded: false, inContext: directly },
  })
})

describe('what a guard decided', () => {
  test('is noted, and is what the request has come to', () => {
    const visit = visitOf()
    const lap = { at: 1, took: 2 }
    expect(note(visit, guard('a'), granted, lap)).toBe(undefined)
    expect(visit.state).toBe(granted)
    expect(note(visit, guard('b'), refusal, undefined)).toBe(refusal)
    expect(visit.state).toBe(refusal)
    expect(visit.checks).toMatchObject([
      { guard: { name: 'a' }, passed: true, lap },
      { guard: { name: 'b' }, passed: false, lap: undefined },
    ])
  })
})

describe('the record', () => {
  test('of a visit that nobody timed, and no guard has seen', () => {
    expect(bodyOf(visitOf(), policyOf({}))).toStrictEqual({
      ...{ time: noon, outcome: 'granted', checks: [], request },
    })
  })

  test('of a visit by several guards', () => {
    const visit = visitOf({ route: () => '/:kind' })
    note(visit, guard('a', { scopes: ['x', 'y'] }), granted, { at: 2000, took: 0.0014 })
    note(visit, guard('untimed'), granted, undefined)
    note(visit, guard('b'), granted, { at: 3000, took: 0.0004 })
    note(visit, guard('c', { scopes: ['z', 'x'] }), refusal, { at: 4000, took: 0.0012 })
    visit.verificationMs = 0
    expect(bodyOf(visit, policy)).toStrictEqual({
      ...{ time: '2026-11-24T11:59:59.000Z', outcome: 'refused' },
      ...{ code: 'scope_insufficient', reason: 'why', guard: 'c' },
      checks: [
        { guard: 'a', passed: true },
        { guard: 'untimed', passed: true },
        { guard: 'b', passed: true },
        { guard: 'c', passed: false },
      ],
      request: { ...request, route: '/:kind' },
      ...{ durationMs: 0.003, verificationMs: 0 },
      ...{ requiredAudience: ['orders'], requiredScopes: ['x', 'y', 'z'] },
    })
  })

  test('of a route that the host does not know has none', () => {
    expect(bodyOf(visitOf({ route: () => undefined }), policy).request).toStrictEqual(request)
  })

  test('names the audience that guards asked for, before the configured one', () => {
    const visit = visitOf()
    note(visit, guard('a', { audience: audienceRule('stock') }), granted, undefined)
    note(visit, guard('b'), granted, undefined)
    note(visit, guard('c', { audience: audienceRule(['stock', 'bills']) }), granted, undefined)
    expect(bodyOf(visit, policy).requiredAudience).toEqual(['stock', 'bills'])
  })

  test('holds what may be told of the token', () => {
    const visit = visitOf()
    visit.judgement = { result: refusal, identity: { subject: 'user-42', cached: false } }
    expect(bodyOf(visit, policy)).toMatchObject({ subject: 'user-42', cached: false })
  })
})

test.each([
  ['nobody timed', undefined, noon],
  ['was decided a second ago', { at: 4000, took: 1 }, '2026-11-24T11:59:59.000Z'],
])('the time of what %s', (_what, lap, time) => {
  expect(timeOf(lap, policy)).toBe(time)
})

test('the names of rules are there once each, whatever has none', () => {
  expect(namesOf([audienceRule(['a', 'b']), undefined, audienceRule('a')])).toEqual(['a', 'b'])
})
