import { createTestClock } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import {
  createVerifier,
  type DecisionRecord,
  VerificationError,
  type VerifierOptions,
} from '../../src/index.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import {
  responseSent,
  aud,
  bearer,
  type MakeGuard,
  createGateHarness,
  optionsFor,
  startIssuer,
} from '../support.ts'

// A refusal names the claim at fault, for the operator. The caller does not see it.

const issuer = await startIssuer({ clock: createTestClock(new Date('2026-01-01T00:00:00Z')) })
const now = issuer.clock.now() / 1000
const tokenWith = (claims: object): string =>
  issuer.token({ aud, scope: 'orders:read', header: { typ: 'JWT' }, claims: { ...claims } })

type Row = readonly [claims: object, claim: string | undefined, options: Partial<VerifierOptions>]
const profileWith = (members: object) => ({ profile: { ...defaultProfile, ...members } })

const rows: readonly Row[] = [
  [{ iss: undefined }, 'iss', {}],
  [{ iss: 'https://other.example' }, 'iss', {}],
  [{ at_hash: 'x' }, 'at_hash', {}],
  [{ nonce: 'x', scope: undefined }, 'nonce', {}],
  [{ typ: 'ID' }, 'typ', {}],
  [{ token_use: 'id' }, 'token_use', {}],
  [{ kind: 'x' }, 'kind', profileWith({ expectedClaims: { kind: ['access'] } })],
  [{ sub: undefined }, 'sub', {}],
  [{ aud: undefined }, 'aud', {}],
  [{}, undefined, profileWith({ requiredClaims: [['azp', 'uid']] })],
  [{ auth_time: 'x' }, 'auth_time', {}],
  [{ realm: { roles: 1 } }, 'realm', profileWith({ roles: [{ path: ['realm', 'roles'] }] })],
  [{ iat: now + 301 }, 'iat', {}],
  [{ iat: now - 90, exp: now - 60 }, 'exp', {}],
  [{ nbf: now + 60 }, 'nbf', {}],
  [{}, 'exp', { maxLifetime: 60 }],
  [{ aud: 'stock' }, 'aud', {}],
  [{ resource: 'stock' }, 'resource', profileWith({ audienceClaims: ['resource', 'aud'] })],
  [{ resource: 1 }, 'resource', profileWith({ audienceClaims: ['resource', 'aud'] })],
  [{ cnf: { jkt: 'x' } }, 'cnf', {}],
  [{ act: 'x' }, 'act', {}],
  [{ may_act: [] }, 'may_act', {}],
  [{ act: { sub: 'a', act: { sub: 'b' } } }, 'act', { maxActorDepth: 1 }],
  [{ act: { sub: 'a' } }, 'act', { delegation: 'direct' }],
  [{}, 'act', { delegation: 'delegated' }],
]

describe('the claim at fault', () => {
  test.each<Row>(rows)('of a token with %o is %s', async (claims, claim, more) => {
    const records: DecisionRecord[] = []
    const onDecision = (record: DecisionRecord): void => void records.push(record)
    const verifier = createVerifier({ ...optionsFor(issuer), ...more, onDecision })
    const result = await verifier.check(tokenWith(claims))
    expect(result).toMatchObject({ ok: false, outcome: 'refused' })
    expect(claimIn(result)).toBe(claim)
    const error: unknown = await verifier.verify(tokenWith(claims)).catch((thrown) => thrown)
    expect(error).toBeInstanceOf(VerificationError)
    expect((error as VerificationError).claim).toBe(claim)
    await responseSent()
    expect(records.map(claimIn)).toEqual([claim, claim])
  })

  test('is absent if the token is malformed', async () => {
    expect(await createVerifier(optionsFor(issuer)).check('x')).not.toHaveProperty('claim')
  })

  test('is also named if the token is in the cache', async () => {
    await using other = await startIssuer()
    const verifier = createVerifier(optionsFor(other))
    const token = other.token({ aud, expiresIn: 300 })
    for (let use = 0; use < 3; use += 1) await verifier.verify(token)
    other.clock.advance(600)
    expect(await verifier.check(token)).toMatchObject({ code: 'token_expired', claim: 'exp' })
  })
})

describe('the claim at fault of a guard', () => {
  test.each<readonly [what: string, guard: MakeGuard, claim: string]>([
    ['requireAudience', (guards) => guards.requireAudience('stock'), 'aud'],
    ['requireClaim, for an absent claim', (guards) => guards.requireClaim('tenant'), 'tenant'],
    ['requireClaim, for a value', (guards) => guards.requireClaim('plan', 'team'), 'plan'],
    ['requireActor', (guards) => guards.requireActor('a'), 'act'],
    ['requireStepUp with acr', (guards) => guards.requireStepUp({ acr: 'mfa' }), 'acr'],
    ['requireStepUp with maxAge', (guards) => guards.requireStepUp({ maxAge: 1 }), 'auth_time'],
  ])('%s is in the record and not in the reply', async (_what, make, claim) => {
    const desk = createGateHarness(optionsFor(issuer))
    const key = {}
    const headers = bearer(tokenWith({ plan: 'free' }))
    await desk.pass(key, desk.guards.requireAuthentication(), headers)
    const result = await desk.pass(key, make(desk.guards), headers)
    expect(desk.records.at(-1)).toMatchObject({ outcome: 'refused', claim })
    expect(result.action).toBe('reply')
    expect(JSON.stringify(result)).not.toContain('"claim"')
  })
})

test('the reply to a refused token does not depend on the claim at fault', async () => {
  const desk = createGateHarness(optionsFor(issuer))
  const replies = [{ tid: 1, auth_time: 'x' }, { jti: 7 }, { client_id: [] }].map((claims) =>
    desk.pass({}, desk.guards.requireAuthentication(), bearer(tokenWith(claims))),
  )
  const texts = (await Promise.all(replies)).map((reply) => JSON.stringify(reply))
  expect(new Set(texts).size).toBe(1)
  expect(texts[0]).not.toMatch(/auth_time|jti|client_id/)
})

const claimIn = (result: object): unknown => ('claim' in result ? result.claim : undefined)
