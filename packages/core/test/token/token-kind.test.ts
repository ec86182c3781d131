import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/lib/json.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import type { Profile } from '../../src/options/profile.ts'
import { checkKind } from '../../src/token/token-kind.ts'

const profile = (members: Partial<Profile> = {}): Profile => ({ ...defaultProfile, ...members })
const mark = (what: string): string => `the token has ${what}, as other kinds of token have`
const nonce = 'the token has a nonce and no scope, as ID tokens have'
const bearer = {
  name: 'acme',
  expectedClaims: { typ: ['Bearer', 'JWT'], use: ['access'] },
}

test.each<readonly [why: string, claims: JsonObject, profile: Profile]>([
  [mark('at_hash'), { at_hash: 'x' }, profile()],
  [mark('c_hash'), { c_hash: 'x' }, profile()],
  [mark('s_hash'), { s_hash: null }, profile()],
  [mark('events'), { events: {} }, profile()],
  [mark('at_hash'), { nonce: 'x', scope: 'a', at_hash: 'x' }, profile()],
  [nonce, { nonce: 'x' }, profile()],
  [nonce, { nonce: 'x', scp: 'a' }, profile({ scopeClaims: ['scope'] })],
  [mark('sid'), { sid: 'x' }, profile({ forbiddenClaims: ['sid'] })],
  [mark("the claim typ 'id'"), { typ: 'ID' }, profile()],
  [mark("the claim typ 'refresh'"), { typ: 'Refresh' }, profile()],
  [mark("the claim typ 'offline'"), { typ: 'offline' }, profile()],
  [mark("the claim typ 'logout'"), { typ: 'LOGOUT' }, profile()],
  [mark("the claim token_use 'id'"), { token_use: 'Id' }, profile()],
  [
    'the claim typ is not Bearer or JWT, as in access tokens of acme',
    { typ: 'bearer', use: 'access' },
    profile(bearer),
  ],
  [
    'the claim use is not access, as in access tokens of acme',
    { typ: 'JWT', use: ['access'] },
    profile(bearer),
  ],
])('%s: %j', (reason, claims, of) => {
  expect(checkKind(claims, of)).toMatchObject({ code: 'not_an_access_token', reason })
})

test.each<readonly [claims: JsonObject, profile: Profile]>([
  [{}, profile()],
  [{ nonce: 'x', scope: '' }, profile()],
  [{ nonce: 'x', scp: [] }, profile()],
  [{ at_hash: 'x' }, profile({ forbiddenClaims: [] })],
  [{ typ: 'Bearer', token_use: 'access' }, profile()],
  [{ typ: ['id'], token_use: ['id'] }, profile()],
  [{ token_use: 'refresh' }, profile()],
  [{ typ: 'Bearer', use: 'access' }, profile(bearer)],
  [{ typ: 'JWT', use: 'access' }, profile(bearer)],
])('an access token: %j', (claims, of) => {
  expect(checkKind(claims, of)).toBeUndefined()
})
