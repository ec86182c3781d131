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

// When a request is recorded, and how often.

const issuer = await startIssuer()
const options = optionsFor(issuer)
const good = issuer.token({ aud })

describe('a granted request is recorded', () => {
  test('when the host has answered, and once', async () => {
    const { guards, pass, records, settle } = createGateHarness(options)
    const key = {}
    await pass(key, guards.requireAuthentication(), bearer(good))
    expect(records).toEqual([])
    await settle(key)
    await settle(key)
    expect(records).toMatchObject([{ outcome: 'granted' }])
  })

  test('not while a guard is at work, whatever the host has answered', async () => {
    const { guards, pass, records, settle } = createGateHarness(options)
    const key = {}
    let decide = (_answer: boolean): void => {}
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

  test('once more where it was reopened', async () => {
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

test('a refused request is recorded once, also where it was reopened', async () => {
  const { gate, guards, pass, records, settle } = createGateHarness(options)
  const key = {}
  await pass(key, guards.requireScope('x'), bearer(good))
  gate.resetRecord(key)
  await pass(key, guards.requireAuthentication(), bearer(good))
  await settle(key)
  expect(records).toMatchObject([{ outcome: 'refused', checks: [{ passed: false }] }])
})

test('a request that no guard has seen is none', async () => {
  const { gate, records, settle } = createGateHarness(options)
  gate.resetRecord({})
  await settle({})
  expect(records).toEqual([])
})

test('where nobody listens, requests pass all the same', async () => {
  const gate = createGate(options)
  const guard = gate.guards((made) => made).requireAuthentication()
  const key = {}
  const ask = (token: string) =>
    gate.pass(key, { method: 'GET', url: '/', headers: bearer(token) }, guard)
  expect(await ask(good)).toEqual({ action: 'proceed' })
  gate.recordDecision(key)
  expect(gate.token(key)?.raw).toBe(good)
})

test('without any audience a request is misuse, and recorded as undecided', async () => {
  const { guards, pass, records } = createGateHarness({ clock: issuer.clock, issuer: issuer.url })
  const key = {}
  await expect(pass(key, guards.requireAuthentication(), bearer(good))).rejects.toThrow(ConfigError)
  await responseSent()
  expect(records).toMatchObject([
    {
      ...{ outcome: 'unavailable', code: 'verification_failed' },
      reason: 'the guard requireAuthentication threw',
    },
  ])
  expect(statusOf(await pass(key, guards.requireAudience(aud), bearer(good)))).toBe(503)
})
