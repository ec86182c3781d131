import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/lib/json.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import type { Profile } from '../../src/options/profile.ts'
import { checkKind } from '../../src/token/token-kind.ts'

const profile = (members: Partial<Profile> = {}): Profile => ({ ...defaultProfile, ...members })
const marked = (mark: string): string => `${mark}, which marks another kind of token`
const nonce = 'the token has nonce but no scope, like an ID token'
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

  test.each<readonly [claims: JsonObject, profile: Profile]>([
    [{}, profile()],
    [{ nonce: 'x', scope: '' }, profile()],
    [{ nonce: 'x', scp: [] }, profile()],
    [{ at_hash: 'x' }, profile({ forbiddenClaims: [] })],
    [{ typ: 'Bearer', token_use: 'access' }, profile()],
    [{ typ: ['id'], token_use: ['id'] }, profile()],
    [{ token_use: 'refresh' }, profile()],
    [{ typ: 'Bearer', use: 'access' }, profile(acme)],
    [{ typ: 'JWT', use: 'access' }, profile(acme)],
  ])('accepts %j as an access token', (claims, of) => {
    expect(checkKind(claims, undefined, of)).toBeUndefined()
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
