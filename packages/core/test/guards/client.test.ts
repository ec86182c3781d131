import { createTestIssuer } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { exchangeRule } from '../../src/guards/client.ts'
import { ConfigError, type Profile, type VerifierOptions } from '../../src/index.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { startActing } from '../token/acting.ts'
import { aud, bearer, openDesk, statusOf } from '../support.ts'

const { issuer, options, sign, outcome } = await startActing()

describe('requireClient', () => {
  const clients = { ...defaultProfile, actorSubjectIsClient: true }
  const other = 'https://other.example'

  test.each<readonly [string, object, Profile, number | string]>([
    ['client_id', { client_id: 'user-service' }, defaultProfile, 'proceed'],
    ['azp (Keycloak standard exchange, Auth0)', { azp: 'user-service' }, defaultProfile, 'proceed'],
    ['cid (Okta on-behalf-of)', { cid: 'user-service' }, defaultProfile, 'proceed'],
    ['another client', { azp: 'web-shop' }, defaultProfile, 403],
    [
      'the actor’s client id',
      { act: { sub: 'a-uuid', client_id: 'user-service' } },
      defaultProfile,
      'proceed',
    ],
    ['a subject that may be a person', { act: { sub: 'user-service' } }, defaultProfile, 403],
    [
      'a subject that is a client, says the profile',
      { act: { sub: 'user-service' } },
      clients,
      'proceed',
    ],
    [
      'a person set as actor, at the right client',
      { azp: 'user-service', act: { sub: 'agent-7' } },
      defaultProfile,
      'proceed',
    ],
    [
      'a client of another issuer',
      { act: { sub: 'a', client_id: 'user-service', iss: other } },
      defaultProfile,
      403,
    ],
    ['a subject of another issuer', { act: { sub: 'user-service', iss: other } }, clients, 403],
    [
      'a prior actor',
      { azp: 'x', act: { sub: 'x', client_id: 'x', act: { sub: 'y', client_id: 'user-service' } } },
      clients,
      403,
    ],
    ['the user’s own name', { sub: 'user-service' }, clients, 403],
    ['nothing (Spring by default)', {}, defaultProfile, 403],
  ])('%s', async (_what, claims, profile, expected) => {
    const guard = await outcome(
      ({ requireClient }) => requireClient('user-service'),
      sign(claims),
      { profile },
    )
    expect(guard).toBe(expected)
  })

  test('says why nothing is shown', async () => {
    const { guards, pass, records } = openDesk(options)
    await pass({}, guards.requireClient('user-service'), bearer(sign({})))
    expect(records[0]?.reason).toBe(
      'the token names no client (client_id, azp, cid, appid) and no actor that is known to be one: nothing shows that one of ["user-service"] exchanged it',
    )
  })

  test('wants pairs where there are several issuers, and keeps them apart', async () => {
    await using second = await createTestIssuer({ algorithm: 'ES256' })
    const issuers = [issuer.url, second.url]
    const desk = openDesk({ issuers, audience: aud, clock: issuer.clock })
    expect(() => desk.guards.requireClient('user-service')).toThrow(ConfigError)
    const guard = desk.guards.requireClient({ iss: issuer.url, client_id: 'user-service' })
    const ask = async (from: typeof issuer) =>
      statusOf(await desk.pass({}, guard, bearer(from.token({ aud, clientId: 'user-service' }))))
    expect([await ask(issuer), await ask(second)]).toEqual(['proceed', 403])
  })

  test.each<readonly [string, readonly unknown[]]>([
    ['no client', []],
    ['an empty one', ['']],
    ['a list', [['user-service']]],
    ['null', [null]],
    ['no iss', [{ client_id: 'a' }]],
    ['more than it knows', [{ iss: 'https://as.example.com', client_id: 'a', sub: 'b' }]],
  ])('is a ConfigError for %s', (_what, given) => {
    const { guards } = openDesk(options)
    expect(() => guards.requireClient(...(given as [string]))).toThrow(ConfigError)
  })
})

describe('what people read', () => {
  const [a, b] = ['https://a.example.com', 'https://b.example.com']
  const policyOf = (more: VerifierOptions) => createPolicy({ audience: aud, ...more }, 'verifier')
  const token = { issuer: a, clientId: undefined, actor: undefined }
  const none = (names: string, allowed: string): string =>
    `the token names no client (${names}) and no actor that is known to be one: nothing shows that one of ${allowed} exchanged it`

  test('where one of several clients got the token: nothing', () => {
    const rule = exchangeRule(['x', 'y'], policyOf({ issuer: a }))
    expect(rule({ ...token, clientId: 'y' })).toBeUndefined()
    expect(rule({ ...token, clientId: 'z' })).toMatchObject({
      code: 'client_not_allowed',
      reason: `the token was got by ["z"] of '${a}', not by one of ["x","y"]`,
    })
  })

  test('where no client is shown: where clients are, says the profile', () => {
    const profile = { ...defaultProfile, clientClaims: ['azp', 'cid'] }
    const rule = exchangeRule(['x'], policyOf({ issuer: a, profile }))
    expect(rule(token)?.reason).toBe(none('azp, cid', '["x"]'))
    const resolved = policyOf({ issuer: b, resolveIssuer: () => undefined })
    const other = exchangeRule([{ iss: a, client_id: 'x' }], resolved)
    expect(other(token)?.reason).toBe(none('client_id', '["x"]'))
  })

  test('where the guard is made wrongly', () => {
    const made = (rules: readonly unknown[], more: VerifierOptions) => () =>
      exchangeRule(rules, policyOf(more))
    const several =
      "With several issuers, the bare client id 'x' names nobody. Write requireClient({ iss, client_id })."
    expect(made(['x'], { issuers: [a, b] })).toThrow(several)
    expect(made(['x'], { issuer: a, resolveIssuer: () => undefined })).toThrow(several)
    for (const rules of [
      [],
      [''],
      [1],
      [{ iss: a, client_id: 'x', sub: 'y' }],
      [{ iss: 1, client_id: 'x' }],
    ])
      expect(made(rules, { issuer: a })).toThrow(
        "requireClient got no client id. Write requireClient('user-service'), or { iss, client_id }.",
      )
  })
})
