import { expect } from 'vitest'
import type { Attempt, CaseBuilder, Group } from '../runner/attempt.ts'
import { audience, type Fixture, encode, segments } from '../fixtures/fixture.ts'
import { keys, signWith } from '../fixtures/keys.ts'

/** The segments of a valid token, changed without signing again. */
const changed =
  (
    ...changes: readonly ((header: string, payload: string, signature: string) => string)[]
  ): CaseBuilder =>
  (fixture) =>
    changes.map((change, at) => ({
      name: String(at),
      token: change(...segments(fixture.token())),
    }))

const signatureAs = (change: (signature: string) => string): CaseBuilder =>
  changed((header, payload, signature) => `${header}.${payload}.${change(signature)}`)

/** Signs the two segments as they are, whatever their encoding. */
function signedSegments(header: string, payload: string): string {
  const signature = signWith('ES256', `${header}.${payload}`, keys.es256().privateKey)
  return `${header}.${payload}.${encode(signature)}`
}

/** A correctly signed payload that is not a claims set, or is written in unusual JSON. */
const payloads =
  (...texts: readonly ((claims: string) => string | Uint8Array)[]): CaseBuilder =>
  (fixture) =>
    texts.map((text, at) => ({
      name: String(at),
      token: fixture.token({ payload: text(JSON.stringify(fixture.claims())) }),
    }))

const headers =
  (...texts: readonly string[]): CaseBuilder =>
  (fixture) =>
    texts.map((header) => ({ name: header, token: fixture.token({ header }) }))

const headerAndPayload = (fixture: Fixture): [string, string] =>
  segments(fixture.token()).slice(0, 2) as [string, string]

/** Changes the unused bits of the last character. The signature bytes stay the same. */
function nonCanonical(signature: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(signature.at(-1)!)
  return signature.slice(0, -1) + alphabet[last + 1]!
}

/** A token whose signature has a character that differs between base64 and base64url. */
function withAlphabetDifference(fixture: Fixture): string {
  for (let jti = 0; ; jti += 1) {
    const token = fixture.token({ claims: { jti: String(jti) } })
    const signature = segments(token)[2]
    if (signature.includes('-') || signature.includes('_')) return token
  }
}

/** The valid claims with another member inserted as text. */
const withMember = (fixture: Fixture, member: string): Attempt => ({
  name: member,
  token: fixture.token({ payload: JSON.stringify(fixture.claims()).replace('{', `{${member},`) }),
})

const expectNoPollution: Attempt['check'] = ({ body }) => {
  expect(({} as { scope?: unknown }).scope).toBeUndefined()
  expect(body).not.toContain('admin')
}

export const encodingCases: Group = {
  'ENC-sig-pad2': signatureAs((signature) => `${signature}==`),
  'ENC-sig-nl': signatureAs((s) => `${s.slice(0, 9)}\n${s.slice(9)}`),
  'ENC-sig-tab': changed(
    ...['\t', '\f'].map(
      (mark) => (h: string, p: string, s: string) =>
        `${h}.${p}.${s.slice(0, 9)}${mark}${s.slice(9)}`,
    ),
  ),
  'ENC-sig-space': (fixture) => ({
    // Over HTTP, trailing white space is not part of the header's value.
    run: async (start) => (await start()).send({ token: `${fixture.token()} ` }),
    onlyOn: 'core',
  }),
  'ENC-sig-noncanon': signatureAs(nonCanonical),
  'ENC-sig-std': (fixture) => {
    const [header, payload, signature] = segments(withAlphabetDifference(fixture))
    const standard = signature.replaceAll('-', '+').replaceAll('_', '/')
    return { token: [header, payload, standard].join('.') }
  },
  'ENC-hdr-pad': (fixture) => {
    const [header, payload] = headerAndPayload(fixture)
    return [
      [`${header}=`, payload],
      [header, `${payload}=`],
      [`${header} `, payload],
      [header, `${payload}\n`],
      [header, `\t${payload}`],
    ].map(([h, p], at) => ({ name: String(at), token: signedSegments(h!, p!) }))
  },
  'ENC-non-ascii': changed(
    (h, p, s) => `${h}\uff0e${p}\uff0e${s}`,
    (h, p, s) => `${h}.${p}.${s}\u200b`,
    (h, p, s) => `${h}.\u200b${p}.${s}`,
  ),
  'ENC-parts-2': changed((h, p) => `${h}.${p}`),
  'ENC-parts-4': changed(
    (h, p, s) => `${h}.${p}.${s}.`,
    (h, p, s) => `${h}.${p}.${s}.${s}`,
    (h, p, s) => `.${h}.${p}.${s}`,
  ),
  'ENC-parts-5': changed((h, p, s) => `${h}.${p}.${s}.${s}.${s}`),
  'ENC-dots': () => ({ token: '..' }),
  'ENC-dots-many': () => ({ token: '.'.repeat(10_000) }),
  'ENC-empty-hdr': (fixture) => ({ token: signedSegments('', headerAndPayload(fixture)[1]) }),
  'ENC-empty-payload': (fixture) => ({ token: signedSegments(headerAndPayload(fixture)[0], '') }),
  'ENC-json-flat': changed((h, p, s) => JSON.stringify({ protected: h, payload: p, signature: s })),
  'ENC-json-general': changed((h, p, s) =>
    JSON.stringify({
      payload: p,
      signatures: [
        { protected: h, signature: s },
        { protected: h, signature: 'AAAA' },
      ],
    }),
  ),
  'ENC-polyglot': (fixture) => {
    const [header, payload, signature] = segments(fixture.token())
    const forged = encode(fixture.claims({ sub: 'admin' }))
    return {
      token: `{"  .${forged}.":"","protected":"${header}","payload":"${payload}","signature":"${signature}"}`,
    }
  },
  'ENC-pl-null4': payloads(() => 'null'),
  'ENC-pl-_x_3': payloads(() => '"x"'),
  'ENC-pl-true4': payloads(() => 'true'),
  'ENC-pl-____4': payloads(() => '[{}]'),
  'ENC-utf16': payloads(
    (claims) => Buffer.from(`\ufeff${claims}`, 'utf16le'),
    (claims) => Buffer.from(`\ufeff${claims}`),
  ),
  'ENC-lone-surrogate': payloads((claims) => claims.replace('{', '{"x":"\\ud800",')),
  'ENC-trailing': payloads(
    (claims) => `${claims}\0`,
    (claims) => `${claims}{}`,
    (claims) => `${claims},`,
  ),
  'ENC-json5': payloads(
    (claims) => `/* comment */${claims}`,
    (claims) => claims.replaceAll('"', "'"),
    (claims) => claims.replace(/}$/, ',}'),
    ...['NaN', 'Infinity', '0x10', '+1', '01', '.5', 'undefined'].map(
      (value) => (claims: string) => claims.replace('{', `{"x":${value},`),
    ),
  ),
  'ENC-dup-alg': headers('{"alg":"none","alg":"ES256","kid":"ES256-key","typ":"at+jwt"}'),
  'ENC-dup-kid': headers(
    '{"kid":"other","alg":"ES256","kid":"ES256-key","typ":"at+jwt"}',
    '{"kid":"other","alg":"ES256","\\u006bid":"ES256-key","typ":"at+jwt"}',
  ),
  'ENC-proto-claim': (fixture) => ({
    ...withMember(fixture, '"__proto__":{"scope":"admin"}'),
    check: expectNoPollution,
  }),
  'ENC-proto-required': (fixture) =>
    ['aud', 'exp'].map((name) => {
      const { [name]: value, ...rest } = fixture.claims()
      const payload = JSON.stringify(rest).replace(
        '{',
        `{"__proto__":${JSON.stringify({ [name]: value })},`,
      )
      return { name, token: fixture.token({ payload }) }
    }),
  'ENC-proto-nested': (fixture) =>
    [
      '"act":{"sub":"svc","__proto__":{"scope":"admin"}}',
      '"act":{"sub":"svc","constructor":{"prototype":{"scope":"none"}}}',
      '"realm_access":{"__proto__":{"scope":"admin"},"roles":[]}',
    ].map((member) => ({ ...withMember(fixture, member), check: expectNoPollution })),
  'ENC-polluted-env': (fixture) => ({
    run: async (start) => {
      const service = await start()
      const lacking = ['aud', 'exp', 'sub', 'iat'].map((name) =>
        fixture.token({ claims: { [name]: undefined } }),
      )
      await service.send({ token: fixture.token() })
      const inherited = {
        aud: audience,
        exp: fixture.now + 300,
        sub: 'user-42',
        iat: fixture.now,
        typ: 'at+jwt',
      }
      const outcomes = []
      try {
        for (const [name, value] of Object.entries(inherited)) {
          // oxlint-disable-next-line no-extend-native -- what other code in the process may do
          Object.defineProperty(Object.prototype, name, { value, configurable: true })
        }
        for (const token of lacking) outcomes.push(await service.send({ token }))
      } finally {
        for (const name of Object.keys(inherited)) Reflect.deleteProperty(Object.prototype, name)
      }
      expect(outcomes.map(({ status }) => status)).toEqual([401, 401, 401, 401])
      return outcomes[0]!
    },
  }),
  'ENC-key-order': (fixture) => ({
    token: fixture.token({ claims: { then: 'x', toString: 'y', valueOf: { then: 1 } } }),
    check: ({ body }) => expect(body).toContain('"toString":"y"'),
  }),
}
