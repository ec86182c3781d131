import { expect } from 'vitest'
import type { CaseBuilder, Group } from '../runner/attempt.ts'
import { audience, type TokenSpec, encode, segments } from '../fixtures/fixture.ts'
import { keys, signWith, type Json } from '../fixtures/keys.ts'

/** Signed tokens with these changes. */
const signed =
  (...specs: readonly TokenSpec[]): CaseBuilder =>
  (fixture) =>
    specs.map((spec, at) => ({ name: String(at), token: fixture.token(spec) }))

/** The claims of another type of token, with each of these values of `typ`. */
const withTypes = (types: readonly (string | undefined)[], claims: Json): CaseBuilder =>
  signed(...types.map((typ) => ({ header: { typ }, claims })))

/** The values that an access token may have. The issuer signs `at+jwt`, so it is trusted over claims. */
const accessTokenTypes = ['JWT', 'at+jwt', undefined]

/** A token with five segments. Their content does not matter. */
const encrypted = (header: Json): string =>
  [encode(header), 'AAAA', 'AAAAAAAAAAAAAAAA', 'AAAA', 'AAAAAAAAAAAAAAAAAAAAAA'].join('.')

/** Tokens in which one of these claims has one of these values. */
const withValues =
  (names: readonly string[], values: readonly unknown[]): CaseBuilder =>
  (fixture) =>
    names.flatMap((name) =>
      values.map((value) => ({
        name: `${name} ${JSON.stringify(value)}`,
        token: fixture.token({ claims: { [name]: value } }),
      })),
    )

const logout = { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }
/** Omits the claims that only access tokens have. */
const withoutAccessTokenClaims = { scope: undefined, client_id: undefined, jti: undefined }

export const tokenTypeCases: Group = {
  'TYP-id-token-aud': withTypes(['JWT', undefined], {
    ...withoutAccessTokenClaims,
    nonce: 'n',
    at_hash: 'AAAA',
  }),
  'TYP-refresh': (fixture) =>
    ['Refresh', 'Offline', 'ID', 'Logout'].map((name) => ({
      name,
      token: fixture.token({ header: { typ: 'JWT' }, claims: { typ: name } }),
    })),
  'TYP-logout': withTypes(['logout+jwt', ...accessTokenTypes], {
    ...withoutAccessTokenClaims,
    ...logout,
  }),
  'TYP-introspection': signed({ header: { typ: 'token-introspection+jwt' } }),
  'TYP-secevent': withTypes(['secevent+jwt', ...accessTokenTypes], {
    ...withoutAccessTokenClaims,
    ...logout,
  }),
  'TYP-client-assertion': (fixture) => ({
    token: fixture.token({
      header: { typ: 'JWT' },
      claims: { iss: 'client-1', sub: 'client-1', aud: [audience, fixture.issuer.url] },
    }),
  }),
  'TYP-jarm': withTypes(accessTokenTypes, {
    ...withoutAccessTokenClaims,
    sub: undefined,
    code: 'x',
    state: 'y',
  }),
  'TYP-userinfo': withTypes(accessTokenTypes, {
    ...withoutAccessTokenClaims,
    exp: undefined,
    email: 'a@example.com',
  }),
  'TYP-id-jag': signed({ header: { typ: 'oauth-id-jag+jwt' } }),
  'TYP-wit': signed({ header: { typ: 'wit+jwt' } }, { header: { typ: 'wpt+jwt' } }),
  'TYP-sd-jwt': (fixture) =>
    ['~', `~${encode('["salt","name","value"]')}~`].map((disclosures) => ({
      name: disclosures,
      token: fixture.token() + disclosures,
    })),
  'TYP-opaque': () =>
    ['2YotnFZFEjr1zCsicMWpAA', 'gho_16C7e42F292c6912E7710c838347Ae178B4a'].map((token) => ({
      name: token,
      token,
    })),
  'TYP-nested': (fixture) =>
    [fixture.token(), JSON.stringify(fixture.token())].map((payload, at) => ({
      name: String(at),
      token: fixture.token({ header: { cty: undefined }, payload }),
    })),
  'TYP-jwe': () => ({ token: encrypted({ alg: 'RSA-OAEP-256', enc: 'A256GCM' }) }),
  'TYP-jwe-plain': () => ({ token: encrypted({ alg: 'RSA-OAEP', enc: 'A128GCM', cty: 'JWT' }) }),
  'TYP-jwe-p2c': (fixture) => {
    const header = { alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2s: 'AAAA', p2c: 2 ** 31 }
    const input = `${encode(header)}.${segments(fixture.token())[1]}`
    const threeSegments = `${input}.${encode(signWith('ES256', input, keys.es256().privateKey))}`
    return [{ token: encrypted(header) }, { name: 'three segments', token: threeSegments }]
  },
  'TYP-jwe-zip': () => ({ token: encrypted({ alg: 'dir', enc: 'A128GCM', zip: 'DEF' }) }),
  'TYP-sub-type': withValues(['sub'], [1, [], {}, null, '', true]),
  'TYP-client-id-type': withValues(
    ['client_id', 'jti', 'azp', 'cid', 'appid'],
    [1, [], {}, null, ''],
  ),
  'TYP-sub-eq-client': (fixture) => ({
    token: fixture.token({ claims: { sub: 'client-2' } }),
    check: ({ body }) => {
      const { subject, clientId } = JSON.parse(body) as { subject: string; clientId: string }
      expect([subject, clientId], 'subject and client').toEqual(['client-2', 'client-1'])
    },
  }),
}
