import { describe, expect, test } from 'vitest'
import {
  authenticateFor,
  authenticateOnly,
  createGate,
  type HeaderPair,
  type GuardResult,
  scopeGuard,
} from '../../src/adapter.ts'
import { refuse } from '../../src/errors/refusal.ts'
import { withChallengeScope } from '../../src/http/challenge-scope.ts'
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

// Challenges, anonymous requests and delegation with several guards on one request.

const issuer = await startIssuer()
const good = issuer.token({ aud, scope: 'a b' })
const harnessWith = (options: Partial<ResourceServerOptions> = {}): GateHarness =>
  createGateHarness({ ...optionsFor(issuer), ...options })

const challengeOf = (result: GuardResult): string | undefined =>
  result.action === 'reply' ? result.reply.headers['WWW-Authenticate'] : result.action

describe('a challenge', () => {
  const start = 'Bearer realm="api", error="insufficient_scope", error_description='

  test('lists the scopes of all guards so far, without duplicates', async () => {
    const { guards, pass } = harnessWith()
    const key = {}
    await pass(key, guards.requireAuthentication(), bearer(good))
    await pass(key, guards.requireScope('a'), bearer(good))
    await pass(key, guards.requireAnyScope('z', 'b'), bearer(good))
    expect(challengeOf(await pass(key, guards.requireScope('c', 'a'), bearer(good)))).toBe(
      `${start}"The access token lacks a required scope", scope="a b c"`,
    )
  })

  test('lists no scopes if the refusal has another reason', async () => {
    const { guards, pass } = harnessWith()
    const key = {}
    await pass(key, guards.requireScope('a'), bearer(good))
    const denied = guards.requirePolicy(() => false)
    expect(challengeOf(await pass(key, denied, bearer(good)))).toBe('Bearer realm="api"')
  })
})

describe('an anonymous request', () => {
  test('with optional: true passes requireAudience but not requireScope', async () => {
    const { gate, guards, pass } = harnessWith({ optional: true })
    const key = {}
    expect(statusOf(await pass(key, guards.requireAudience(aud)))).toBe('proceed')
    expect(gate.token(key)).toBe(undefined)
    expect(statusOf(await pass(key, guards.requireScope('a')))).toBe(401)
    expect(() => gate.token(key)).toThrow(ConfigError)
  })

  test('stays anonymous, because the headers are read once', async () => {
    const { gate, guards } = harnessWith({ optional: true })
    const key = {}
    const headers: HeaderPair[] = []
    const request = { method: 'GET', url: '/', headers }
    await gate.pass(key, request, guards.requireAudience(aud))
    headers.push(...bearer(good))
    await gate.pass(key, request, guards.requireAudience(aud))
    expect(gate.token(key)).toBe(undefined)
  })

  test('is refused without optional, and recorded with a reason', async () => {
    const { guards, pass, records } = harnessWith()
    await pass({}, guards.requireAuthentication())
    expect(records).toMatchObject([
      { code: 'credential_missing', reason: 'the request has no Authorization header' },
    ])
  })
})

describe('the delegation option', () => {
  const delegated = issuer.token({ aud, actors: ['order-service'] })

  test.each([
    ['direct', 'refuses a delegated token', delegated, 403],
    ['direct', 'accepts a direct token', good, 'proceed'],
    ['delegated', 'refuses a direct token', good, 403],
    ['delegated', 'accepts a delegated token', delegated, 'proceed'],
  ] as const)('%s %s', async (delegation, _what, token, outcome) => {
    const { guards, pass } = harnessWith({ delegation })
    expect(statusOf(await pass({}, guards.requireAuthentication(), bearer(token)))).toBe(outcome)
  })

  test('is not checked for a token that is refused anyway', async () => {
    const { guards, pass, records } = harnessWith({ delegation: 'delegated' })
    await pass({}, guards.requireAuthentication(), bearer(issuer.forge.expired({ aud })))
    expect(records).toMatchObject([{ code: 'token_expired' }])
  })

  test('is replaced by a first guard that requires another delegation', async () => {
    const { guards, pass } = harnessWith({ delegation: 'direct' })
    expect(statusOf(await pass({}, guards.requireDelegated(), bearer(delegated)))).toBe('proceed')
    expect(statusOf(await pass({}, guards.requireDelegated(), bearer(good)))).toBe(403)
  })
})

test('the metadata and the OpenAPI description list the scopes of the guards', () => {
  const resource = 'https://api.example.com'
  const gate = createGate({ ...optionsFor(issuer), resource })
  const handler = gate.guards((guard) => ({ guard })).requireScope('a')
  expect(gate.metadata().document()).toMatchObject({ resource, scopes_supported: ['a'] })
  expect(gate.openapi<typeof handler>().security(handler)).toEqual([
    { accessToken: ['a'] },
    { dpopAccessToken: ['a'] },
  ])
})

describe('a guard that knows all scopes of the request', () => {
  const first = authenticateFor(['a', 'c'])
  const challenge = 'Bearer realm="api", scope="a c"'

  test('names them if there is no token, or an invalid one', async () => {
    const { pass } = harnessWith()
    expect(challengeOf(await pass({}, first))).toBe(challenge)
    expect(challengeOf(await pass({}, scopeGuard(['a', 'c'])))).toBe(challenge)
    expect(challengeOf(await pass({}, first, bearer('x')))).toContain(', scope="a c"')
    expect(challengeOf(await pass({}, authenticateOnly))).toBe('Bearer realm="api"')
  })

  test('lets a valid token pass without them, and scopeGuard requires them', async () => {
    const { gate, pass } = harnessWith()
    const key = {}
    expect(statusOf(await pass(key, first, bearer(good)))).toBe('proceed')
    expect(statusOf(await pass(key, scopeGuard(['a']), bearer(good)))).toBe('proceed')
    expect(challengeOf(await pass(key, scopeGuard(['b', 'c']), bearer(good)))).toContain(
      ', scope="a b c"',
    )
    expect(() => gate.token(key)).toThrow(ConfigError)
  })

  test('does not name them in a refusal of another guard', async () => {
    const { guards, pass } = harnessWith()
    const key = {}
    await pass(key, first, bearer(good))
    const denied = guards.requirePolicy(() => false)
    expect(challengeOf(await pass(key, denied, bearer(good)))).toBe('Bearer realm="api"')
  })

  test('does not change the refusal if the issuer is unavailable, or if it knows no scopes', () => {
    const unavailable = refuse('keys_unavailable', 'why', { retryAfter: 1 })
    expect(withChallengeScope(unavailable, first)).toBe(unavailable)
    const refused = refuse('token_expired', 'why')
    expect(withChallengeScope(refused, authenticateOnly)).toBe(refused)
    expect(withChallengeScope(refused, first).detail).toEqual({ scope: ['a', 'c'] })
  })

  test('is not listed in the metadata', () => {
    const { gate } = harnessWith({ resource: 'https://orders.example.com' })
    scopeGuard(['a'])
    expect(gate.metadata().document()).not.toHaveProperty('scopes_supported')
  })

  test.each([[[]], [['a b']]])('refuses the scopes %j', (scopes) => {
    expect(() => scopeGuard(scopes)).toThrow(ConfigError)
  })
})
