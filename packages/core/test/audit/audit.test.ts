import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createVerifier, type DecisionRecord, type ResourceServerOptions } from '../../src/index.ts'
import {
  responseSent,
  aud,
  bearer,
  createGateHarness,
  optionsFor,
  startIssuer,
  statusOf,
} from '../support.ts'

const issuer = await startIssuer()
const valid = issuer.token({ aud, scope: 'a', actors: ['order-service', 'user-service'] })
const time = new Date(issuer.clock.now()).toISOString()

async function recordOf(token: string): Promise<DecisionRecord | undefined> {
  const records: DecisionRecord[] = []
  const onDecision = (record: DecisionRecord) => records.push(record)
  await createVerifier({ ...optionsFor(issuer), onDecision }).check(token)
  await responseSent()
  expect(records).toHaveLength(1)
  return records.at(0)
}

describe('a decision record', () => {
  test('of a granted request has the checks, the subject and the actors', async () => {
    const { guards, pass, records, settle } = createGateHarness(optionsFor(issuer))
    const key = {}
    await pass(key, guards.requireAudience(aud), bearer(valid))
    await pass(key, guards.requireScope('a'), bearer(valid))
    expect(records).toEqual([])
    await settle(key)
    await settle(key)
    const party = (subject: string) => expect.objectContaining({ issuer: issuer.url, subject })
    expect(records).toEqual([
      expect.objectContaining({
        version: 1,
        time,
        outcome: 'granted',
        checks: [
          { guard: 'requireAudience(order-service)', passed: true },
          { guard: 'requireScope(a)', passed: true },
        ],
        request: { method: 'GET', path: '/orders' },
        subject: 'user-42',
        issuer: issuer.url,
        audience: [aud],
        scopes: ['a'],
        actor: party('order-service'),
        chain: {
          actors: [party('order-service'), party('user-service')],
          depth: 2,
          truncated: false,
        },
      }),
    ])
  })

  test('of a refusal has the guard and the reason', async () => {
    const { guards, pass, records } = createGateHarness(optionsFor(issuer))
    await pass({}, guards.requireScope('b'), bearer(valid))
    expect(records).toMatchObject([
      {
        outcome: 'refused',
        code: 'scope_insufficient',
        subject: 'user-42',
        reason: 'the token lacks b; it has a',
        checks: [{ guard: 'requireScope(b)', passed: false }],
      },
    ])
  })

  test('of a token with an invalid signature has its names under unverified only', async () => {
    const record = await recordOf(issuer.forge.tampered({ aud }))
    expect(record).toMatchObject({ unverified: { issuer: issuer.url, kid: 'key-1', alg: 'ES256' } })
    expect(record).not.toHaveProperty('subject')
    expect(JSON.stringify(record)).not.toContain('somebody-else')
  })

  test('has unverified names escaped and cut to 128 characters', async () => {
    const kid = `\u001b[31m\r\n"\u202e${'x'.repeat(500)}`
    const record = await recordOf(issuer.token({ aud, header: { kid } }))
    expect(record?.unverified?.kid).toMatch(/^[\x20-\x7e]{1,128}$/)
    expect(record?.unverified?.kid).toContain(String.raw`\u001b[31m\u000d\u000a"\u202e`)
  })

  test.each([
    ['a valid token', valid],
    ['an expired token', issuer.forge.expired({ aud })],
    ['a tampered token', issuer.forge.tampered({ aud })],
    ['an unsigned token', issuer.forge.unsigned({ aud })],
    ['a credential that is not a token', 'hunter2hunter2'],
  ])('of %s does not contain any part of it', async (_what, token) => {
    const text = JSON.stringify(await recordOf(token))
    for (const part of token.split('.').filter(Boolean)) expect(text).not.toContain(part)
  })

  test('is frozen, and its path has no query', async () => {
    const { guards, pass, records } = createGateHarness(optionsFor(issuer))
    await pass({}, guards.requireAuthentication())
    expect(records[0]?.request?.path).toBe('/orders')
    expect(Object.isFrozen(records[0])).toBe(true)
  })
})

describe('onDecision', () => {
  const failingListeners: readonly (readonly [what: string, onDecision: () => unknown])[] = [
    [
      'throws',
      () => {
        throw new Error('disk full')
      },
    ],
    [
      'throws undefined',
      () => {
        throw undefined
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
    ['returns a promise that never settles', () => new Promise(() => {})],
    [
      'returns a thenable that throws',
      () => ({
        then: () => {
          throw new Error('x')
        },
      }),
    ],
    ['returns false', () => false],
  ]

  test.each(failingListeners)('does not change a decision if it %s', async (_what, onDecision) => {
    const options: ResourceServerOptions = { ...optionsFor(issuer), onDecision }
    const { gate, guards, pass } = createGateHarness(options)
    const key = {}
    expect(statusOf(await pass(key, guards.requireScope('a'), bearer(valid)))).toBe('proceed')
    expect(() => gate.recordDecision(key)).not.toThrow()
    expect(statusOf(await pass({}, guards.requireScope('b'), bearer(valid)))).toBe(403)
    const verifier = createVerifier(options)
    expect((await verifier.check(valid)).ok).toBe(true)
    expect((await verifier.check(issuer.forge.expired({ aud }))).ok).toBe(false)
  })
})

test('records are published on the diagnostics channel without onDecision', async () => {
  // Records of earlier tests are delivered first.
  await responseSent()
  const received: unknown[] = []
  const listener = (record: unknown) => void received.push(record)
  subscribe('resource-server:decision', listener)
  onTestFinished(() => void unsubscribe('resource-server:decision', listener))
  await createVerifier(optionsFor(issuer)).check(valid)
  await responseSent()
  expect(received).toMatchObject([{ version: 1, outcome: 'granted', subject: 'user-42' }])
})
