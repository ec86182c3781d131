import { describe, expect, test } from 'vitest'
import { createVerifier, defaultProfile, extend, type VerifierOptions } from '../../src/index.ts'
import { bearer, createGateHarness, optionsFor, startIssuer, statusOf } from '../support.ts'

// Tokens of servers without a provider function, as real servers issued them on loopback, under the plain URL
// of the issuer. Names and ids are replaced.

const issuer = await startIssuer()
const now = issuer.clock.now() / 1000
const audience = 'order-service'
const times = { iat: now, exp: now + 300 }
const base = { iss: issuer.url, sub: 'user-42', aud: audience, ...times, jti: 'j' }

type Claims = Readonly<Record<string, unknown>>

async function check(claims: Claims, typ?: string, options: Partial<VerifierOptions> = {}) {
  const header = { ...(typ && { typ }) }
  const present = Object.entries(claims).filter(([, value]) => value !== undefined)
  const token = issuer.sign({ header, payload: Object.fromEntries(present) })
  return await createVerifier({ ...optionsFor(issuer), audience, ...options }).check(token)
}

describe('LemonLDAP::NG 2.16', () => {
  const token = { ...base, client_id: 'shop', scope: 'orders:read' }

  test('is accepted', async () => {
    expect(await check(token, 'at+JWT')).toMatchObject({ ok: true })
  })

  test('writes sub: null for client credentials, which is refused with a hint', async () => {
    const result = await check({ ...token, sub: null }, 'at+JWT')
    expect(result).toMatchObject({ code: 'claim_malformed', claim: 'sub' })
    expect(result).toMatchObject({ reason: expect.stringContaining('LemonLDAP::NG') })
  })
})

describe('Glewlwyd 2.7.5', () => {
  const token = { ...base, type: 'access_token', scope: 'orders:read', client_id: 'shop' }

  test('is accepted, even without a scope and a client ID', async () => {
    expect(await check(token, 'at+jwt')).toMatchObject({ ok: true })
    const least = { ...token, scope: undefined, client_id: undefined }
    expect(await check(least, 'JWT')).toMatchObject({ ok: true })
  })

  test('writes the scope into aud if the client requests no resource, which is refused with a hint', async () => {
    const result = await check({ ...token, aud: 'orders:read' }, 'at+jwt')
    expect(result).toMatchObject({ code: 'audience_mismatch' })
    expect(result).toMatchObject({ reason: expect.stringContaining('Glewlwyd writes the scope') })
  })

  test('does not write iss with its old plugin, which is refused with a hint', async () => {
    const result = await check({ ...token, iss: undefined }, 'JWT')
    expect(result).toMatchObject({ code: 'issuer_not_trusted', claim: 'iss' })
    expect(result).toMatchObject({ reason: expect.stringContaining('old OAuth 2 plugin') })
  })
})

describe('MITREid Connect 1.3.4', () => {
  const token = { iss: issuer.url, sub: 'user-42', azp: 'shop', ...times, jti: 'j' }

  test('is accepted if the client requested an audience', async () => {
    expect(await check({ ...token, aud: audience })).toMatchObject({
      ok: true,
      token: { clientId: 'shop' },
    })
  })

  test('writes no aud otherwise, which is refused with a hint', async () => {
    const result = await check(token)
    expect(result).toMatchObject({ code: 'claim_missing', claim: 'aud' })
    expect(result).toMatchObject({ reason: expect.stringContaining('MITREid Connect') })
  })

  test('issues ID tokens that are refused, even if aud is the audience', async () => {
    const { azp: _azp, ...idToken } = { ...token, aud: audience, kid: 'rsa1' }
    expect(await check(idToken)).toMatchObject({ code: 'not_an_access_token' })
  })
})

describe('Authlib 1.9', () => {
  const token = { ...base, client_id: 'shop', scope: 'orders:read' }

  test.each([undefined, 'rfc9068'] as const)('is accepted with the profile %s', async (profile) => {
    const options = profile ? { profile } : {}
    expect(await check(token, 'at+jwt', options)).toMatchObject({ ok: true })
  })
})

describe('@jmondi/oauth2-server 4.3.7', () => {
  const token = { ...base, cid: 'shop', scope: 'orders:read' }

  test('is accepted', async () => {
    expect(await check(token)).toMatchObject({ ok: true, token: { clientId: 'shop' } })
  })

  test('omits sub for client credentials, which is accepted with clientIdAsSubject only', async () => {
    const machine = { ...token, sub: undefined }
    const refused = await check(machine)
    expect(refused).toMatchObject({ code: 'claim_missing', claim: 'sub' })
    expect(refused).toMatchObject({ reason: expect.stringContaining('clientIdAsSubject') })
    const profile = extend(defaultProfile, { clientIdAsSubject: true })
    expect(await check(machine, undefined, { profile })).toMatchObject({
      token: { subject: 'shop' },
    })
  })
})

describe('zitadel/oidc 3.52, the example server', () => {
  const act = { sub: 'user-service', act: { sub: 'gateway' } }
  const token = { ...base, client_id: 'shop', act }

  test('is accepted, with its actors', async () => {
    expect(await check(token)).toMatchObject({
      ok: true,
      token: {
        actor: { subject: 'user-service' },
        priorActors: [{ subject: 'gateway' }],
        scopes: [],
      },
    })
  })

  test('writes no scope, so requireScope refuses with a hint', async () => {
    const desk = createGateHarness({ ...optionsFor(issuer), audience })
    const headers = bearer(issuer.sign({ payload: token }))
    const guard = desk.guards.requireScope('orders:read')
    const key = {}
    expect(statusOf(await desk.pass(key, guard, headers))).toBe(403)
    expect(desk.records[0]).toMatchObject({
      code: 'scope_insufficient',
      reason: expect.stringContaining('zitadel/oidc'),
    })
  })

  test('requireScope gives no such hint if the token has a scope', async () => {
    const desk = createGateHarness({ ...optionsFor(issuer), audience })
    const headers = bearer(issuer.sign({ payload: { ...token, scope: 'a' } }))
    await desk.pass({}, desk.guards.requireScope('orders:read'), headers)
    expect(desk.records[0]).toMatchObject({ reason: 'the token lacks orders:read; it has a' })
  })
})

describe('Ory Hydra 2.3.0, without a requested audience', () => {
  test('writes aud: [], which is refused with a hint', async () => {
    const result = await check(
      { ...base, client_id: 'worker', scp: ['orders:read'], aud: [] },
      'JWT',
    )
    expect(result).toMatchObject({ code: 'claim_malformed', claim: 'aud' })
    expect(result).toMatchObject({
      reason: expect.stringContaining("Ory Hydra: the parameter 'audience'"),
    })
  })
})
