import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/lib/json.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import type { Profile } from '../../src/options/profile.ts'
import { checkKind, isAcceptedKind } from '../../src/token/token-kind.ts'

const profile = (members: Partial<Profile> = {}): Profile => ({ ...defaultProfile, ...members })
const marked = (mark: string): string => `${mark}, which marks another kind of token`
const nonce = 'the token has nonce but no scope, like an ID token'
const unmarked = profile({ acceptUnmarked: true })
const acme = {
  name: 'acme',
  expectedClaims: { typ: ['Bearer', 'JWT'], use: ['access'] },
}

describe('checkKind', () => {
  test.each<readonly [reason: string, claims: JsonObject, profile: Profile]>([
    [marked('the token has at_hash'), { at_hash: 'x' }, profile()],
    [marked('the token has c_hash'), { c_hash: 'x' }, profile()],
    [marked('the token has s_hash'), { s_hash: null }, profile()],
    [marked('the token has events'), { events: {} }, profile()],
    [marked('the token has events'), { events: {} }, profile({ forbiddenClaims: ['events'] })],
    [marked('the token has at_hash'), { nonce: 'x', scope: 'a', at_hash: 'x' }, profile()],
    [nonce, { nonce: 'x' }, profile()],
    [nonce, { nonce: 'x', scp: 'a' }, profile({ scopeClaims: ['scope'] })],
    [marked('the token has sid'), { sid: 'x' }, profile({ forbiddenClaims: ['sid'] })],
    [marked("the claim typ is 'id'"), { typ: 'ID' }, profile()],
    [marked("the claim typ is 'refresh'"), { typ: 'Refresh' }, profile()],
    [marked("the claim typ is 'offline'"), { typ: 'offline' }, profile()],
    [marked("the claim typ is 'logout'"), { typ: 'LOGOUT' }, profile()],
    [marked("the claim token_use is 'id'"), { token_use: 'Id' }, profile()],
    [
      "the profile 'acme' requires the claim typ to be Bearer or JWT",
      { typ: 'bearer', use: 'access' },
      profile(acme),
    ],
    [
      "the profile 'acme' requires the claim use to be access",
      { typ: 'JWT', use: ['access'] },
      profile(acme),
    ],
  ])('refuses with "%s": %j', (reason, claims, of) => {
    expect(checkKind(claims, undefined, of)).toMatchObject({ code: 'not_an_access_token', reason })
  })

  test.each<readonly [claims: JsonObject, claim: string, profile: Profile]>([
    [{ nonce: 'x' }, 'nonce', profile()],
    [{ at_hash: 'x' }, 'at_hash', profile()],
    [{ typ: 'ID' }, 'typ', profile()],
    [{ token_use: 'id' }, 'token_use', profile()],
    [{ typ: 'JWT', use: 'id' }, 'use', profile(acme)],
  ])('for the claims %j, the claim at fault is %s', (claims, claim, of) => {
    expect(checkKind(claims, undefined, of)?.detail).toEqual({ claim })
  })

  test('accepts an azp without an audience as a sign of an access token', () => {
    expect(checkKind({ azp: 'shop' }, undefined, profile())).toBeUndefined()
    expect(checkKind({ azp: 'shop', aud: 'shop' }, undefined, profile())).toBeDefined()
  })

  test.each<readonly [claims: JsonObject, profile: Profile]>([
    [{}, unmarked],
    [{ nonce: 'x', scope: '' }, profile()],
    [{ nonce: 'x', scp: [] }, profile()],
    [{ at_hash: 'x' }, profile({ forbiddenClaims: [], acceptUnmarked: true })],
    [{ typ: 'Bearer', token_use: 'access' }, profile()],
    [{ scope: 'a', events: [] }, profile()],
    [{ scope: 'a', events: [{}] }, profile()],
    [{ scope: 'a', events: 'login' }, profile()],
    [{ scope: 'a', events: 3 }, profile()],
    [{ scope: 'a', events: null }, profile()],
    [{ scope: 'a', events: ['login'] }, profile({ forbiddenClaims: ['events'] })],
    [{ typ: ['id'], token_use: ['id'] }, unmarked],
    [{ token_use: 'refresh' }, unmarked],
    [{ typ: 'Bearer', use: 'access' }, profile(acme)],
    [{ typ: 'JWT', use: 'access' }, profile({ ...acme, acceptUnmarked: true })],
  ])('accepts %j as an access token', (claims, of) => {
    expect(checkKind(claims, undefined, of)).toBeUndefined()
  })
})

type Row = readonly [claims: JsonObject, members: Partial<Profile>]

describe('an access token without the typ at+jwt', () => {
  const idToken = { iss: 'https://as.example.com', sub: 'u', aud: 'shop', iat: 1, exp: 2, jti: 'x' }

  test.each<Row>([
    [{}, {}],
    [{ azp: 'shop' }, {}],
    [{ azp: 'shop', aud: ['shop'] }, {}],
    [{ azp: 'shop', aud: ['shop', 'shop'] }, {}],
    [{ azp: 'shop', resource: 'shop', aud: 'a' }, { audienceClaims: ['resource', 'aud'] }],
    [{ scope: 'a' }, { scopeClaims: ['permissions'] }],
    [{ client_id: 'shop' }, { clientClaims: ['client'] }],
    [{ azp: 'other' }, { clientClaims: ['client_id'] }],
    [{ typ: 'bearer' }, {}],
    [{ typ: 'JWT' }, {}],
    [{ token_use: 'Access' }, {}],
    [{ type: 'access' }, {}],
    [{ type: ['access_token'] }, {}],
    [{ roles: ['admin'], email: 'user@example.com' }, {}],
    [{}, { requiredClaims: ['jti'], expectedClaims: { jti: ['x'] } }],
    [{ azp: 'shop' }, { acceptUnmarked: false }],
  ])('is refused if it could be an ID token: %j', (claims, members) => {
    for (const typ of ['jwt', 'JWT', undefined]) {
      const refusal = checkKind({ ...idToken, ...claims }, typ, profile(members))
      expect(refusal).toMatchObject({ code: 'not_an_access_token', detail: {} })
      expect(isAcceptedKind({ ...idToken, ...claims }, typ, profile(members))).toBe(false)
    }
    const withTyp = checkKind(
      { ...idToken, ...claims },
      'at+jwt',
      profile({ ...members, expectedClaims: {} }),
    )
    expect(withTyp).toBeUndefined()
  })

  test.each<Row>([
    [{ scope: 'a' }, {}],
    [{ scope: '' }, {}],
    [{ scp: [] }, {}],
    [{ client_id: 'shop' }, {}],
    [{ cid: 'shop' }, {}],
    [{ appid: 'shop' }, {}],
    [{ azp: 'other' }, {}],
    [{ azp: 'shop', aud: ['shop', 'orders'] }, {}],
    [{ azp: 'shop', client_id: 'shop' }, {}],
    [{ permissions: 'a' }, { scopeClaims: ['permissions'] }],
    [{ client: 'shop' }, { clientClaims: ['client'] }],
    [{ typ: 'Bearer' }, {}],
    [{ token_use: 'access' }, {}],
    [{ type: 'access_token' }, {}],
    [{}, { acceptUnmarked: true }],
    [{ azp: 'shop' }, { acceptUnmarked: true }],
  ])('is accepted if it shows what it is: %j', (claims, members) => {
    for (const typ of ['jwt', undefined]) {
      expect(checkKind({ ...idToken, ...claims }, typ, profile(members))).toBeUndefined()
      expect(isAcceptedKind({ ...idToken, ...claims }, typ, profile(members))).toBe(true)
    }
  })

  test('is refused with a reason that says what to do', () => {
    expect(checkKind(idToken, undefined, profile())?.reason).toBe(
      'nothing shows that the token is an access token: its typ is not at+jwt, and it has no scope (scope, ' +
        'scp), no client ID (client_id, azp, cid, appid; an azp that equals aud does not count) and no claim ' +
        'such as token_use. If it is an ID token, send the access token instead. If it is an access token, ' +
        'configure the provider by name, such as keycloak(url), have the issuer add a scope or a client_id, or ' +
        'set acceptUnmarked: extend(defaultProfile, { acceptUnmarked: true })',
    )
  })
})

describe.each(['at+jwt', 'AT+JWT', 'application/at+jwt'])('checkKind with the typ %s', (typ) => {
  test.each<readonly [claims: JsonObject, profile: Profile]>([
    [{ nonce: 'x' }, profile()],
    [{ at_hash: 'x', c_hash: 'x', s_hash: null }, profile()],
    [{ nonce: 'x', at_hash: 'x' }, profile({ scopeClaims: [] })],
  ])('accepts %j, because the claims of an ID token prove nothing', (claims, of) => {
    expect(checkKind(claims, typ, of)).toBeUndefined()
    for (const other of ['jwt', 'at+jwt2', 'at', undefined]) {
      expect(checkKind(claims, other, of)).toMatchObject({ code: 'not_an_access_token' })
    }
  })

  test.each<readonly [claims: JsonObject, profile: Profile]>([
    [{ events: {} }, profile()],
    [{ typ: 'ID' }, profile()],
    [{ token_use: 'id' }, profile()],
    [{ at_hash: 'x' }, profile({ forbiddenClaims: ['at_hash'] })],
    [{ nonce: 'x' }, profile({ forbiddenClaims: ['nonce'] })],
    [{ typ: 'Bearer' }, profile(acme)],
  ])('refuses %j', (claims, of) => {
    expect(checkKind(claims, typ, of)).toMatchObject({ code: 'not_an_access_token' })
  })
})
