import { createTestIssuer } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { clientCheck } from '../../src/guards/client.ts'
import { ConfigError, type Profile, type VerifierOptions } from '../../src/index.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { createDelegationFixture } from '../token/delegation-fixture.ts'
import { aud, bearer, createGateHarness, statusOf } from '../support.ts'

const { issuer, options, sign, outcome } = await createDelegationFixture()

describe('requireClient', () => {
  const subjectIsClient = { ...defaultProfile, actorSubjectIsClient: true }
  const other = 'https://other.example'

  test.each<readonly [string, object, Profile]>([
    ['client_id', { client_id: 'user-service' }, defaultProfile],
    ['azp (Keycloak standard exchange, Auth0)', { azp: 'user-service' }, defaultProfile],
    ['cid (Okta on-behalf-of)', { cid: 'user-service' }, defaultProfile],
    [
      'the client ID of the actor',
      { act: { sub: 'a-uuid', client_id: 'user-service' } },
      defaultProfile,
    ],
    [
      'act.sub, if the profile sets actorSubjectIsClient',
      { act: { sub: 'user-service' } },
      subjectIsClient,
    ],
    [
      'azp, if the actor is a person',
      { azp: 'user-service', act: { sub: 'agent-7' } },
      defaultProfile,
    ],
  ])('accepts the required client in %s', async (_what, claims, profile) => {
    const found = await outcome(
      ({ requireClient }) => requireClient('user-service'),
      sign(claims),
      { profile },
    )
    expect(found).toBe('proceed')
  })

  test.each<readonly [string, object, Profile]>([
    ['another client', { azp: 'web-shop' }, defaultProfile],
    [
      'an actor whose subject is the client ID, because it may be a person',
      { act: { sub: 'user-service' } },
      defaultProfile,
    ],
    [
      'an actor of another issuer whose client ID is the same',
      { act: { sub: 'a', client_id: 'user-service', iss: other } },
      defaultProfile,
    ],
    [
      'an actor of another issuer whose subject is the client ID',
      { act: { sub: 'user-service', iss: other } },
      subjectIsClient,
    ],
    [
      'a prior actor with the client ID',
      { azp: 'x', act: { sub: 'x', client_id: 'x', act: { sub: 'y', client_id: 'user-service' } } },
      subjectIsClient,
    ],
    ['a token whose subject is the client ID', { sub: 'user-service' }, subjectIsClient],
    ['a token without any client (Spring by default)', {}, defaultProfile],
  ])('refuses %s', async (_what, claims, profile) => {
    const found = await outcome(
      ({ requireClient }) => requireClient('user-service'),
      sign(claims),
      { profile },
    )
    expect(found).toBe(403)
  })

  test('records why it refused', async () => {
    const { guards, pass, records } = createGateHarness(options)
    await pass({}, guards.requireClient('user-service'), bearer(sign({})))
    expect(records[0]?.reason).toBe(
      'the token has no client ID (client_id, azp, cid, appid) and no actor with a client ID, expected one of ["user-service"]',
    )
  })

  test('with several issuers, requires { iss, client_id } and compares both', async () => {
    await using second = await createTestIssuer({ algorithm: 'ES256' })
    const issuers = [issuer.url, second.url]
    const { guards, pass } = createGateHarness({ issuers, audience: aud, clock: issuer.clock })
    expect(() => guards.requireClient('user-service')).toThrow(ConfigError)
    const guard = guards.requireClient({ iss: issuer.url, client_id: 'user-service' })
    const statusFor = async (from: typeof issuer) =>
      statusOf(await pass({}, guard, bearer(from.token({ aud, clientId: 'user-service' }))))
    expect([await statusFor(issuer), await statusFor(second)]).toEqual(['proceed', 403])
  })

  test.each<readonly [string, readonly unknown[]]>([
    ['no client', []],
    ['an empty string', ['']],
    ['a list', [['user-service']]],
    ['null', [null]],
    ['an identity without iss', [{ client_id: 'a' }]],
    [
      'an identity with an unknown member',
      [{ iss: 'https://as.example.com', client_id: 'a', sub: 'b' }],
    ],
  ])('throws a ConfigError for %s', (_what, given) => {
    const { guards } = createGateHarness(options)
    expect(() => guards.requireClient(...(given as [string]))).toThrow(ConfigError)
  })
})

describe('the check of requireClient', () => {
  const a = 'https://a.example.com'
  const b = 'https://b.example.com'
  const policyOf = (more: VerifierOptions) => createPolicy({ audience: aud, ...more }, 'verifier')
  const token = { issuer: a, clientId: undefined, actor: undefined }
  const noClient = (claims: string): string =>
    `the token has no client ID (${claims}) and no actor with a client ID, expected one of ["x"]`

  test('accepts one of several clients and names the others in its refusal', () => {
    const check = clientCheck(['x', 'y'], policyOf({ issuer: a }))
    expect(check({ ...token, clientId: 'y' })).toBeUndefined()
    expect(check({ ...token, clientId: 'z' })).toMatchObject({
      code: 'client_not_allowed',
      reason: `the token's client IDs at '${a}' are ["z"], expected one of ["x", "y"]`,
    })
  })

  test('names the claims of the profile if the token has no client', () => {
    const profile = { ...defaultProfile, clientClaims: ['azp', 'cid'] }
    const check = clientCheck(['x'], policyOf({ issuer: a, profile }))
    expect(check(token)?.reason).toBe(noClient('azp, cid'))
    const resolved = policyOf({ issuer: b, resolveIssuer: () => undefined })
    const checkOfResolved = clientCheck([{ iss: a, client_id: 'x' }], resolved)
    expect(checkOfResolved(token)?.reason).toBe(noClient('client_id'))
  })

  const fix = "Write requireClient('user-service') or requireClient({ iss, client_id })."
  const empty = `requireClient needs at least one client. ${fix}`
  const invalid = `requireClient received a value that does not identify a client. ${fix}`
  const ambiguous =
    "The client ID 'x' is ambiguous, because more than one issuer is trusted. Write requireClient({ iss, client_id })."

  test.each<readonly [rules: readonly unknown[], message: string, options: VerifierOptions]>([
    [[], empty, { issuer: a }],
    [[''], invalid, { issuer: a }],
    [[1], invalid, { issuer: a }],
    [[{ iss: a, client_id: 'x', sub: 'y' }], invalid, { issuer: a }],
    [[{ iss: 1, client_id: 'x' }], invalid, { issuer: a }],
    [['x'], ambiguous, { issuers: [a, b] }],
    [['x'], ambiguous, { issuer: a, resolveIssuer: () => undefined }],
  ])('throws a ConfigError for %j: %s', (rules, message, policy) => {
    expect(() => clientCheck(rules, policyOf(policy))).toThrow(message)
  })
})
