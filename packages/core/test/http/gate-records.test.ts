import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createGate } from '../../src/adapter.ts'
import { ConfigError, type DecisionRecord } from '../../src/index.ts'
import {
  responseSent,
  aud,
  bearer,
  createGateHarness,
  optionsFor,
  startIssuer,
  statusOf,
} from '../support.ts'

// When a request is recorded, and how many times.

const issuer = await startIssuer()
const options = optionsFor(issuer)
const good = issuer.token({ aud })

describe('a granted request is recorded', () => {
  test('once, when the response is sent', async () => {
    const { guards, pass, records, settle } = createGateHarness(options)
    const key = {}
    await pass(key, guards.requireAuthentication(), bearer(good))
    expect(records).toEqual([])
    await settle(key)
    await settle(key)
    expect(records).toMatchObject([{ outcome: 'granted' }])
  })

  test('not while a guard is running, even if the response is sent', async () => {
    const { guards, pass, records, settle } = createGateHarness(options)
    const key = {}
    let decide = (_result: boolean): void => {}
    const slow = guards.requirePolicy(() => new Promise<boolean>((resolve) => (decide = resolve)))
    await pass(key, guards.requireAuthentication(), bearer(good))
    const passing = pass(key, slow, bearer(good))
    await settle(key)
    expect(records).toEqual([])
    decide(true)
    await passing
    await settle(key)
    expect(records).toMatchObject([{ checks: [{ passed: true }, { passed: true }] }])
  })

  test('once more after resetRecord', async () => {
    const { gate, guards, pass, records, settle } = createGateHarness(options)
    const key = {}
    await pass(key, guards.requireAuthentication(), bearer(good))
    await settle(key)
    gate.resetRecord(key)
    await pass(key, guards.requireAudience(aud), bearer(good))
    await settle(key)
    expect(records).toMatchObject([{ checks: [{}] }, { checks: [{}, {}] }])
  })
})

test('a refused request is recorded once, even after resetRecord', async () => {
  const { gate, guards, pass, records, settle } = createGateHarness(options)
  const key = {}
  await pass(key, guards.requireScope('x'), bearer(good))
  gate.resetRecord(key)
  await pass(key, guards.requireAuthentication(), bearer(good))
  await settle(key)
  expect(records).toMatchObject([{ outcome: 'refused', checks: [{ passed: false }] }])
})

test('a request without a guard is not recorded', async () => {
  const { gate, records, settle } = createGateHarness(options)
  gate.resetRecord({})
  await settle({})
  expect(records).toEqual([])
})

test('a preflight and a request that no guard has decided are not recorded, and not lost', async () => {
  const { gate, guards, pass, records, settle } = createGateHarness({
    ...options,
    allowPreflight: true,
  })
  const headers = [
    ['Origin', 'https://shop.example'],
    ['Access-Control-Request-Method', 'PUT'],
  ] as const
  const [preflight, open, granted] = [{}, {}, {}]
  await gate.pass(preflight, { method: 'OPTIONS', url: '/', headers }, guards.requireDirect())
  gate.open(open, { method: 'GET', url: '/', headers: [] })
  for (const key of [preflight, open]) await settle(key)
  await pass(granted, guards.requireAuthentication(), bearer(good))
  await settle(granted)
  expect(records).toMatchObject([{ outcome: 'granted' }])
  expect(records[0]).not.toHaveProperty('lost')
  expect(records[0]?.request).toStrictEqual({ method: 'GET', path: '/orders' })
})

test('a record has the time that all guards took, except before there was a listener', async () => {
  let time = 0
  const clock = { now: () => issuer.clock.now(), monotonic: () => (time += 1) }
  const { guards, pass, records, settle } = createGateHarness({ ...options, clock })
  const route = [guards.requireAuthentication(), guards.requireDirect()]
  await pass({}, guards.requireAuthentication(), bearer(good))
  const [key, single] = [{}, {}]
  for (const guard of route) await pass(key, guard, bearer(good))
  await settle(key)
  await pass(single, guards.requireAuthentication(), bearer(good))
  await settle(single)
  const [both = 0, one = 0] = records.map(({ durationMs }) => durationMs)
  expect(one).toBeGreaterThan(0)
  expect(both).toBeGreaterThan(one)

  const quiet = createGate({ ...optionsFor(issuer), clock })
  const [first, second] = [quiet.guards((guard) => guard), {}]
  const request = { method: 'GET', url: '/', headers: bearer(good) }
  await quiet.pass(second, request, first.requireAuthentication())
  const received: DecisionRecord[] = []
  const listener = (record: unknown): void => void received.push(record as DecisionRecord)
  subscribe('resource-server:decision', listener)
  onTestFinished(() => void unsubscribe('resource-server:decision', listener))
  await quiet.pass(second, request, first.requireDirect())
  quiet.recordDecision(second)
  expect(received).toMatchObject([{ checks: [{ passed: true }, { passed: true }], durationMs: 1 }])
})

test('a gate without a listener grants requests', async () => {
  const gate = createGate(options)
  const guard = gate.guards((created) => created).requireAuthentication()
  const key = {}
  const pass = (token: string) =>
    gate.pass(key, { method: 'GET', url: '/', headers: bearer(token) }, guard)
  expect(await pass(good)).toEqual({ action: 'proceed' })
  gate.recordDecision(key)
  expect(gate.token(key)?.raw).toBe(good)
})

test('without an audience, a request rejects with a ConfigError and is recorded as unavailable', async () => {
  const { guards, pass, records } = createGateHarness({ clock: issuer.clock, issuer: issuer.url })
  const key = {}
  await expect(pass(key, guards.requireAuthentication(), bearer(good))).rejects.toThrow(ConfigError)
  await responseSent()
  expect(records).toMatchObject([
    {
      outcome: 'unavailable',
      code: 'verification_failed',
      reason: 'the guard requireAuthentication threw',
      checks: [{ guard: 'requireAuthentication', passed: false }],
    },
  ])
  expect(statusOf(await pass(key, guards.requireAudience(aud), bearer(good)))).toBe(503)
})
