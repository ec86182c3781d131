import { describe, expect, test } from 'vitest'
import { createGate } from '../../src/adapter.ts'
import { ConfigError } from '../../src/index.ts'
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
    },
  ])
  expect(statusOf(await pass(key, guards.requireAudience(aud), bearer(good)))).toBe(503)
})
