import { createHash, randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import type { Attempt, CaseBuilder, Group } from '../runner/attempt.ts'
import { json } from '../fixtures/scripted-issuer.ts'
import { type Fixture, encode } from '../fixtures/fixture.ts'
import { type Json, type Key, keyOf, keys, privateJwk } from '../fixtures/keys.ts'

/**
 * A key set entry with these changes next to a usable key, and a token signed with the unchanged key.
 * Without the usable key, the key set would be an outage.
 */
const publishedWith =
  (createKey: () => Key, ...changes: readonly Json[]) =>
  (fixture: Fixture): readonly Attempt[] =>
    changes.map((change) => ({
      name: JSON.stringify(change),
      options: { jwks: { keys: [changed(createKey().jwk, change), keys.eddsa().jwk] } },
      token: fixture.token({ key: createKey() }),
    }))

/** As above, and each entry alone is refused at construction. */
const publishedWithAndAlone =
  (createKey: () => Key, ...changes: readonly Json[]): CaseBuilder =>
  (fixture) => [
    ...publishedWith(createKey, ...changes)(fixture),
    ...changes.map((change) => ({
      name: `${JSON.stringify(change)}, alone`,
      misuse: true as const,
      options: { jwks: { keys: [changed(createKey().jwk, change)] } },
    })),
  ]

/** A member that is `undefined` is omitted. */
function changed(jwk: Json, change: Json): Json {
  const entries = Object.entries({ ...jwk, ...change }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries)
}

const withFlippedBit = (value: unknown): string => {
  const bytes = Buffer.from(String(value), 'base64url')
  bytes[31]! ^= 1
  return encode(bytes)
}

/** With an exponent of 1, a signature equals the encoded message: RFC 8017 section 9.2. */
function forgedWithExponentOne(fixture: Fixture): string {
  const input = `${encode({ typ: 'at+jwt', alg: 'RS256', kid: 'RS256-key' })}.${encode(fixture.claims())}`
  const digestInfo = Buffer.concat([
    Buffer.from('3031300d060960864801650304020105000420', 'hex'),
    createHash('sha256').update(input).digest(),
  ])
  const padding = Buffer.alloc(256 - 3 - digestInfo.length, 0xff)
  const encoded = Buffer.concat([Buffer.of(0, 1), padding, Buffer.of(0), digestInfo])
  return `${input}.${encode(encoded)}`
}

const exponent = (hex: string): Json => ({ e: encode(Buffer.from(hex, 'hex')) })

const symmetricKey = { kty: 'oct', k: encode(randomBytes(32)), kid: 'ES256-key', use: 'sig' }

const mlDsaKey = { kty: 'AKP', alg: 'ML-DSA-65', pub: encode(randomBytes(1952)), kid: 'ES256-key' }

const malformedKeys: readonly Json[] = [
  { kty: 'XYZ', kid: 'a' },
  { kty: 'RSA', e: 'AQAB', kid: 'b' },
  { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'c' },
  { kty: 'EC', crv: 'P-256', x: 7, y: null, kid: 'd' },
  {},
]

/** Key sets with this text as their body. */
const keySetBodies =
  (...texts: readonly string[]): CaseBuilder =>
  (fixture) =>
    Promise.all(
      texts.map(async (text) => {
        const issuer = await fixture.anotherIssuer()
        issuer.respondToKeys(json(text))
        const token = fixture.token({ claims: { iss: issuer.url } })
        return { name: text.slice(0, 40), options: { issuer: issuer.url }, token }
      }),
    )

export const keyCases: Group = {
  'KEY-rsa-1024': publishedWith(() => keyOf('RS256', 'RSA-1024'), {}),
  'KEY-rsa-e1': (fixture) => [
    {
      options: { jwks: { keys: [{ ...keys.rs256().jwk, e: 'AQ' }, keys.es256().jwk] } },
      token: forgedWithExponentOne(fixture),
    },
    { name: 'with the published key', token: forgedWithExponentOne(fixture) },
  ],
  'KEY-rsa-e-even': publishedWith(
    keys.rs256,
    ...['02', '00', '010000', '0100000001', '00010002'].map(exponent),
    { e: '' },
    { e: 3 },
  ),
  'KEY-ec-offcurve': (fixture) => {
    const { jwk } = keys.es256()
    return {
      options: { jwks: { keys: [{ ...jwk, y: withFlippedBit(jwk['y']) }, keys.rs256().jwk] } },
      token: fixture.token(),
    }
  },
  'KEY-ec-crv-mismatch': publishedWith(
    keys.es256,
    { crv: 'P-384' },
    { crv: 'P-384', alg: 'ES384' },
    { kty: 'RSA' },
    { kty: 'RSA', alg: 'RS256' },
  ),
  'KEY-use-enc': publishedWithAndAlone(
    keys.es256,
    { use: 'enc' },
    { use: ['sig'] },
    { use: 'SIG' },
  ),
  'KEY-keyops': publishedWithAndAlone(
    keys.es256,
    { key_ops: ['encrypt'] },
    { key_ops: [] },
    { key_ops: ['sign'] },
  ),
  'KEY-keyops-dup': publishedWithAndAlone(
    keys.es256,
    { key_ops: ['verify', 'verify'] },
    { key_ops: 'verify' },
    { key_ops: { verify: true } },
  ),
  'KEY-alg-bogus': publishedWithAndAlone(
    keys.es512,
    ...['ES521', 'ES224', 'RSA-OAEP', '', 7].map((alg) => ({ alg })),
  ),
  'KEY-oct': publishedWith(() => keys.es256(), symmetricKey, {
    ...symmetricKey,
    x: undefined,
    y: undefined,
  }),
  'KEY-private': (fixture) => {
    const leaked = keys.es256()
    fixture.issuer.publish([{ ...leaked.jwk, ...privateJwk(leaked) }, keys.rs256()])
    return {
      token: fixture.token(),
      check: async (_, service) => {
        const reasons = service.records.map(({ reason }) => reason).join()
        expect(reasons).toContain('private')
        expect(reasons).not.toContain(privateJwk(leaked)['d'])
        const other = await service.send({ token: fixture.token({ key: keys.rs256() }) })
        expect(other.status, 'a token of another key').toBe(200)
      },
    }
  },
  'KEY-dup-kid-kty': (fixture) => {
    const same = [keys.es256(), keys.rs256()].map((one) => ({ ...one, kid: 'same' }))
    fixture.issuer.publish(same.map((one) => ({ ...one.jwk, kid: 'same' })))
    return same.map((one) => ({ name: one.alg, token: fixture.token({ key: one }) }))
  },
  'KEY-bad-sibling': (fixture) => {
    fixture.issuer.publish([...malformedKeys, keys.es256()])
    return { token: fixture.token() }
  },
  'KEY-keys-not-array': keySetBodies('{"keys":{}}', '[]', '{}', '"x"', 'null', '{"keys":null}'),
  'KEY-jwks-dup-member': (fixture) =>
    keySetBodies(`{"keys":[],"keys":[${JSON.stringify(keys.es256().jwk)}]}`)(fixture),
  'KEY-ed448': (fixture) => {
    const ed448 = keyOf('EdDSA', 'Ed448')
    fixture.issuer.publish([ed448, keys.es256()])
    return ['EdDSA', 'Ed448'].map((alg) => ({
      name: alg,
      token: fixture.token({ key: ed448, header: { alg } }),
    }))
  },
  'KEY-mldsa': (fixture) => {
    fixture.issuer.publish([mlDsaKey, keys.rs256()])
    return { token: fixture.token({ header: { alg: 'ML-DSA-65' } }) }
  },
}
