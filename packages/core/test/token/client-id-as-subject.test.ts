import { describe, expect, test } from 'vitest'
import { createVerifier, defaultProfile, type DecisionRecord, extend } from '../../src/index.ts'
import { keycloak } from '../../src/providers/index.ts'
import { responseSent, aud, optionsFor, startIssuer } from '../support.ts'

// Tokens without sub, such as those that a client of Duende IdentityServer gets for itself.

const issuer = await startIssuer()
const profile = extend(defaultProfile, { clientIdAsSubject: true })
const tokenOf = (claims: object): string =>
  issuer.token({ aud, claims: { sub: undefined, client_id: 'worker', ...claims } })

async function check(claims: object, options: object = { profile }) {
  const records: DecisionRecord[] = []
  const onDecision = (record: DecisionRecord): void => void records.push(record)
  const verifier = createVerifier({ ...optionsFor(issuer), ...options, onDecision })
  const result = await verifier.check(tokenOf(claims))
  await responseSent()
  return { result, record: records[0] }
}

describe('a token without sub', () => {
  test('is refused by default, with a hint that names clientIdAsSubject', async () => {
    const { result } = await check({}, {})
    expect(result).toMatchObject({ code: 'claim_missing', claim: 'sub' })
    expect(result).toMatchObject({
      reason: expect.stringMatching(/^the token has no sub\. .*clientIdAsSubject/),
    })
  })

  test('is refused by the rfc9068 profile, with the same hint', async () => {
    const { result } = await check({}, { profile: 'rfc9068' })
    expect(result).toMatchObject({
      code: 'claim_missing',
      reason: expect.stringContaining('clientIdAsSubject'),
    })
  })

  test.each([
    { client_id: 'worker' },
    { client_id: undefined, azp: 'worker', scope: 'a' },
    { client_id: undefined, cid: 'worker' },
  ])('has the client ID as its subject with clientIdAsSubject: %j', async (claims) => {
    const { result, record } = await check(claims)
    expect(result).toMatchObject({ ok: true, token: { subject: 'worker', clientId: 'worker' } })
    expect(record).toMatchObject({ outcome: 'granted', subject: 'worker', clientId: 'worker' })
    if (result.ok) expect(result.token.claims).not.toHaveProperty('sub')
  })

  test('has the same subject if it comes from the cache', async () => {
    const verifier = createVerifier({ ...optionsFor(issuer), profile })
    const token = tokenOf({})
    for (let use = 0; use < 3; use += 1) {
      expect(await verifier.verify(token)).toMatchObject({ subject: 'worker' })
    }
  })

  test('has the client ID as its subject in the record of a refusal', async () => {
    const { record } = await check({ aud: 'stock' })
    expect(record).toMatchObject({ outcome: 'refused', subject: 'worker' })
    const strict = await check({ aud: 'stock' }, {})
    expect(strict.record).not.toHaveProperty('subject')
  })

  test('is refused with clientIdAsSubject if it has no client ID either', async () => {
    const { result } = await check({ client_id: undefined, scope: 'a' })
    const reason = 'the token has no sub or client_id or azp or cid or appid'
    expect(result).toMatchObject({ code: 'claim_missing', reason: expect.stringContaining(reason) })
    expect(result).not.toHaveProperty('claim')
  })

  test.each([{ client_id: '' }, { client_id: 1 }, { client_id: null }])(
    'is refused with clientIdAsSubject if its client ID is malformed: %j',
    async (claims) => {
      expect((await check(claims)).result).toMatchObject({ code: 'claim_malformed' })
    },
  )
})

describe('with clientIdAsSubject', () => {
  test('sub is the subject if the token has one', async () => {
    expect((await check({ sub: 'user-42' })).result).toMatchObject({
      token: { subject: 'user-42' },
    })
  })

  test.each([null, '', 1])('a malformed sub is still refused: %j', async (sub) => {
    const { result, record } = await check({ sub })
    expect(result).toMatchObject({ code: 'claim_malformed', claim: 'sub' })
    expect(record).not.toHaveProperty('subject')
  })

  test('the profile of a provider can be extended, too', () => {
    const url = 'https://keycloak.example.com/realms/shop'
    expect(extend(keycloak(url), { clientIdAsSubject: true }).profile.clientIdAsSubject).toBe(true)
  })
})
