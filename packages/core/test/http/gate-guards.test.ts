import { describe, expect, test } from 'vitest'
import { createGate, type HeaderPair, type GuardResult } from '../../src/adapter.ts'
import { ConfigError, type ResourceServerOptions } from '../../src/index.ts'
import {
  aud,
  bearer,
  type GateHarness,
  createGateHarness,
  optionsFor,
  startIssuer,
  statusOf,
} from '../support.ts'

// What several guards of one request make of it.

const issuer = await startIssuer()
const good = issuer.token({ aud, scope: 'a b' })
const open = (options: Partial<ResourceServerOptions> = {}): GateHarness =>
  createGateHarness({ ...optionsFor(issuer), ...options })

const challengeOf = (result: GuardResult): string | undefined =>
  result.action === 'reply' ? result.reply.headers['WWW-Authenticate'] : result.action

describe('a challenge names', () => {
  const start = 'Bearer realm="api", error="insufficient_scope", error_description='

  test('the scopes of all guards so far, each once', async () => {
    const { guards, pass } = open()
    const key = {}
    await pass(key, guards.requireAuthentication(), bearer(good))
    await pass(key, guards.requireScope('a'), bearer(good))
    await pass(key, guards.requireAnyScope('z', 'b'), bearer(good))
    expect(challengeOf(await pass(key, guards.requireScope('c', 'a'), bearer(good)))).toBe(
      `${start}"The access token lacks a required scope", scope="a b c"`,
    )
  })

  test('no scope where another thing is the reason', async () => {
    const { guards, pass } = open()
    const key = {}
    await pass(key, guards.requireScope('a'), bearer(good))
    const denied = guards.requirePolicy(() => false)
    expect(challengeOf(await pass(key, denied, bearer(good)))).toBe('Bearer realm="api"')
  })
})

describe('nobody, where that is allowed', () => {
  test('passes guards of who it is for, and none that looks at a token', async () => {
    const { gate, guards, pass } = open({ optional: true })
    const key = {}
    expect(statusOf(await pass(key, guards.requireAudience(aud)))).toBe('proceed')
    expect(gate.token(key)).toBe(undefined)
    expect(statusOf(await pass(key, guards.requireScope('a')))).toBe(401)
    expect(() => gate.token(key)).toThrow(ConfigError)
  })

  test('stays nobody: the headers are read once', async () => {
    const { gate, guards } = open({ optional: true })
    const key = {}
    const headers: HeaderPair[] = []
    const request = { method: 'GET', url: '/', headers }
    await gate.pass(key, request, guards.requireAudience(aud))
    headers.push(...bearer(good))
    await gate.pass(key, request, guards.requireAudience(aud))
    expect(gate.token(key)).toBe(undefined)
  })

  test('is recorded with a reason where it is not', async () => {
    const { guards, pass, records } = open()
    await pass({}, guards.requireAuthentication())
    expect(records).toMatchObject([
      { code: 'credential_missing', reason: 'the request has no Authorization header' },
    ])
  })
})

describe('whether somebody acts', () => {
  const acting = issuer.token({ aud, actors: ['order-service'] })

  test.each([
    ['direct', acting, 403],
    ['direct', good, 'proceed'],
    ['delegated', good, 403],
    ['delegated', acting, 'proceed'],
  ] as const)('counts: %s', async (delegation, token, outcome) => {
    const { guards, pass } = open({ delegation })
    expect(statusOf(await pass({}, guards.requireAuthentication(), bearer(token)))).toBe(outcome)
  })

  test('is not asked of a token that is refused anyway', async () => {
    const { guards, pass, records } = open({ delegation: 'delegated' })
    await pass({}, guards.requireAuthentication(), bearer(issuer.forge.expired({ aud })))
    expect(records).toMatchObject([{ code: 'token_expired' }])
  })

  test('is what the first guard says, before what is configured', async () => {
    const { guards, pass } = open({ delegation: 'direct' })
    expect(statusOf(await pass({}, guards.requireDelegated(), bearer(acting)))).toBe('proceed')
    expect(statusOf(await pass({}, guards.requireDelegated(), bearer(good)))).toBe(403)
  })
})

test('a gate tells what its guards ask for', () => {
  const resource = 'https://api.example.com'
  const gate = createGate({ ...optionsFor(issuer), resource })
  const handler = gate.guards((guard) => ({ guard })).requireScope('a')
  expect(gate.metadata().document()).toMatchObject({ resource, scopes_supported: ['a'] })
  expect(gate.openapi<typeof handler>().security(handler)).toEqual([{ accessToken: ['a'] }])
})
