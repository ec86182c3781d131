import { expect } from 'vitest'
import type { Builder, Group } from './attempt.ts'
import { audience, type Draft, encode, segments } from './bench.ts'
import { keys, signWith, type Json } from './keys.ts'

const signed =
  (...drafts: readonly Draft[]): Builder =>
  (bench) =>
    drafts.map((draft, at) => ({ name: String(at), token: bench.token(draft) }))

/** The shape of another kind of token, under these values of `typ`. */
const disguised = (types: readonly (string | undefined)[], claims: Json): Builder =>
  signed(...types.map((typ) => ({ header: { typ }, claims })))

/** Five segments: nothing in them is looked at. */
const encrypted = (header: Json): string =>
  [encode(header), 'AAAA', 'AAAAAAAAAAAAAAAA', 'AAAA', 'AAAAAAAAAAAAAAAAAAAAAA'].join('.')

/** For every value, the claim in that shape. */
const shaped =
  (names: readonly string[], values: readonly unknown[]): Builder =>
  (bench) =>
    names.flatMap((name) =>
      values.map((value) => ({
        name: `${name} ${JSON.stringify(value)}`,
        token: bench.token({ claims: { [name]: value } }),
      })),
    )

const logout = { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }
/** An access token may have any of these. `at+jwt` is said by the issuer, under its signature. */
const accessTokenTypes = ['JWT', 'at+jwt', undefined]
const noScope = { scope: undefined, client_id: undefined, jti: undefined }

export const typ: Group = {
  'TYP-id-token-aud': disguised(['JWT', undefined], { ...noScope, nonce: 'n', at_hash: 'AAAA' }),
  'TYP-refresh': (bench) =>
    ['Refresh', 'Offline', 'ID', 'Logout'].map((name) => ({
      ...{ name, token: bench.token({ header: { typ: 'JWT' }, claims: { typ: name } }) },
    })),
  'TYP-logout': disguised(['logout+jwt', ...accessTokenTypes], { ...noScope, ...logout }),
  'TYP-introspection': signed({ header: { typ: 'token-introspection+jwt' } }),
  'TYP-secevent': disguised(['secevent+jwt', ...accessTokenTypes], { ...noScope, ...logout }),
  'TYP-client-assertion': (bench) => ({
    token: bench.token({
      header: { typ: 'JWT' },
      claims: { iss: 'client-1', sub: 'client-1', aud: [audience, bench.authority.url] },
    }),
  }),
  'TYP-jarm': disguised(accessTokenTypes, { ...noScope, sub: undefined, code: 'x', state: 'y' }),
  'TYP-userinfo': disguised(accessTokenTypes, {
    ...noScope,
    exp: undefined,
    email: 'a@example.com',
  }),
  'TYP-id-jag': signed({ header: { typ: 'oauth-id-jag+jwt' } }),
  'TYP-wit': signed({ header: { typ: 'wit+jwt' } }, { header: { typ: 'wpt+jwt' } }),
  'TYP-sd-jwt': (bench) =>
    ['~', `~${encode('["salt","name","value"]')}~`].map((disclosures) => ({
      ...{ name: disclosures, token: bench.token() + disclosures },
    })),
  'TYP-opaque': () =>
    ['2YotnFZFEjr1zCsicMWpAA', 'gho_16C7e42F292c6912E7710c838347Ae178B4a'].map((token) => ({
      ...{ name: token, token },
    })),
  'TYP-nested': (bench) =>
    [bench.token(), JSON.stringify(bench.token())].map((payload, at) => ({
      ...{ name: String(at), token: bench.token({ header: { cty: undefined }, payload }) },
    })),
  'TYP-jwe': () => ({ token: encrypted({ alg: 'RSA-OAEP-256', enc: 'A256GCM' }) }),
  'TYP-jwe-plain': () => ({ token: encrypted({ alg: 'RSA-OAEP', enc: 'A128GCM', cty: 'JWT' }) }),
  'TYP-jwe-p2c': (bench) => {
    const header = { alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2s: 'AAAA', p2c: 2 ** 31 }
    const input = `${encode(header)}.${segments(bench.token())[1]}`
    const three = `${input}.${encode(signWith('ES256', input, keys.es256().privateKey))}`
    return [{ token: encrypted(header) }, { name: 'in three segments', token: three }]
  },
  'TYP-jwe-zip': () => ({ token: encrypted({ alg: 'dir', enc: 'A128GCM', zip: 'DEF' }) }),
  'TYP-sub-type': shaped(['sub'], [1, [], {}, null, '', true]),
  'TYP-client-id-type': shaped(['client_id', 'jti', 'azp', 'cid', 'appid'], [1, [], {}, null, '']),
  'TYP-sub-eq-client': (bench) => ({
    token: bench.token({ claims: { sub: 'client-2' } }),
    after: ({ body }) => {
      const { subject, clientId } = JSON.parse(body) as { subject: string; clientId: string }
      expect([subject, clientId], 'both are told apart').toEqual(['client-2', 'client-1'])
    },
  }),
}
