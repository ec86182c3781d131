import { createHmac, type KeyObject } from 'node:crypto'
import type { Attempt, CaseBuilder, Group } from '../runner/attempt.ts'
import { type Fixture, encode, segments } from '../fixtures/fixture.ts'
import { certificateOf } from '../fixtures/certificate.ts'
import { type Json, type Key, keys, pssWithSalt, signWith } from '../fixtures/keys.ts'

const headerOf = (alg: unknown, kid: string | undefined = 'ES256-key'): Json => ({
  typ: 'at+jwt',
  alg,
  ...(kid && { kid }),
})

const signingInput = (fixture: Fixture, header: Json): string =>
  `${encode(header)}.${encode(fixture.claims())}`

/** A token with an empty signature. */
const unsigned =
  (alg: unknown): CaseBuilder =>
  (fixture) => ({ token: `${signingInput(fixture, headerOf(alg))}.` })

/** A valid ES256 signature with another `alg` in the header. */
const signedAs =
  (...algs: readonly unknown[]): CaseBuilder =>
  (fixture) =>
    algs.map((alg) => ({
      name: String(alg),
      token: fixture.token({ exactHeader: headerOf(alg), signAs: 'ES256' }),
    }))

interface HmacOptions {
  readonly alg?: string
  readonly kid?: string | undefined
}

/** A token with an HMAC whose secret is public. */
function tokenWithHmac(
  fixture: Fixture,
  secret: string | Uint8Array,
  { alg = 'HS256', kid }: HmacOptions = {},
): Attempt {
  const data = signingInput(fixture, headerOf(alg, kid))
  const hmac = createHmac(alg.replace('HS', 'sha'), secret).update(data).digest('base64url')
  return { token: `${data}.${hmac}` }
}

const pem = ({ publicKey }: Key, type: 'spki' | 'pkcs1' = 'spki'): string =>
  publicKey.export({ type, format: 'pem' }).toString()

const tokensWithHmac = (
  fixture: Fixture,
  secrets: readonly (string | Uint8Array)[],
  options?: Json,
): Attempt[] =>
  secrets.map((secret, at) => ({
    name: `secret ${at}`,
    ...(options && { options }),
    ...tokenWithHmac(fixture, secret, { kid: 'RS256-key' }),
  }))

/** A token of this key with another signature. */
function withSignature(
  fixture: Fixture,
  by: Key,
  signature: (data: string, key: KeyObject) => Uint8Array,
): string {
  const data = signingInput(fixture, headerOf(by.alg, by.kid))
  return `${data}.${encode(signature(data, by.privateKey))}`
}

/** The order of P-256: SEC 2 section 2.4.2. */
const n = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
const edgeValues = [0n, 1n, n - 1n, n, n + 1n, 2n ** 256n - 1n]
const bytes32 = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')

function derOf(p1363: Buffer): Buffer {
  const integer = (half: Buffer): Buffer => {
    const value = half[0]! & 0x80 ? Buffer.concat([Buffer.of(0), half]) : half
    return Buffer.concat([Buffer.of(2, value.length), value])
  }
  const body = Buffer.concat([integer(p1363.subarray(0, 32)), integer(p1363.subarray(32))])
  return Buffer.concat([Buffer.of(0x30, body.length), body])
}

function flip(signature: Buffer, bit: number): Buffer {
  const copy = Buffer.from(signature)
  copy[bit >> 3]! ^= 1 << (bit & 7)
  return copy
}

const withoutAlg = ({ jwk }: Key): Json => {
  const { alg: _, ...rest } = jwk
  return rest
}

const commonSecrets = [
  'secret',
  'password',
  '123456',
  'your-256-bit-secret',
  'changeme',
  'key',
  'jwt',
  '',
]

export const algorithmCases: Group = {
  'ALG-none-cap': unsigned('None'),
  'ALG-none-up': unsigned('NONE'),
  'ALG-none-mix': unsigned('nOnE'),
  'ALG-none-trail': unsigned('none '),
  'ALG-none-lead': unsigned(' none'),
  'ALG-empty': unsigned(''),
  'ALG-none-validsig': signedAs('none'),
  'ALG-missing': signedAs(undefined),
  'ALG-null': signedAs(null),
  'ALG-array': signedAs(['ES256']),
  'ALG-true': signedAs(true),
  'ALG-lower': signedAs('es256'),
  'ALG-proto': signedAs('__proto__', 'constructor', 'toString'),
  'ALG-unknown': signedAs('ES999'),
  'ALG-hs-pem': (fixture) => tokensWithHmac(fixture, [pem(keys.rs256())]),
  'ALG-hs-pem-trim': (fixture) => {
    const { publicKey } = keys.rs256()
    return tokensWithHmac(fixture, [
      pem(keys.rs256()).trim(),
      pem(keys.rs256(), 'pkcs1'),
      publicKey.export({ type: 'spki', format: 'der' }),
      publicKey.export({ type: 'pkcs1', format: 'der' }),
      certificateOf(keys.rs256()),
    ])
  },
  'ALG-hs-pem-ws': (fixture) =>
    tokensWithHmac(
      fixture,
      [' ', '\n', '\0', '\u200b', '# comment\n'].map((prefix) => prefix + pem(keys.rs256())),
      { jwks: { keys: [keys.rs256().jwk] } },
    ),
  'ALG-hs-n': (fixture) => {
    const raw = (name: string, { jwk }: Key): Buffer => Buffer.from(String(jwk[name]), 'base64url')
    const point = Buffer.concat([raw('x', keys.es256()), raw('y', keys.es256())])
    return tokensWithHmac(fixture, [raw('n', keys.rs256()), String(keys.rs256().jwk['n']), point])
  },
  'ALG-hs-empty': (fixture) => tokensWithHmac(fixture, ['']),
  'ALG-hs-common': (fixture) => tokensWithHmac(fixture, commonSecrets),
  'ALG-hs-nokid': (fixture) => {
    fixture.issuer.publish([keys.rs256()])
    return tokenWithHmac(fixture, pem(keys.rs256()), { kid: '' })
  },
  'ALG-hs384': (fixture) =>
    ['HS384', 'HS512'].map((name) => ({
      name,
      ...tokenWithHmac(fixture, pem(keys.rs256()), { alg: name }),
    })),
  'ALG-jwk-noalg-hs': (fixture) => {
    fixture.issuer.publish([withoutAlg(keys.rs256())])
    return tokensWithHmac(fixture, [
      pem(keys.rs256()),
      Buffer.from(String(keys.rs256().jwk['n']), 'base64url'),
    ])
  },
  'ALG-psychic': (fixture) => ({
    token: withSignature(fixture, keys.es256(), () => Buffer.alloc(64)),
  }),
  'ALG-psychic-rn': (fixture) =>
    edgeValues.flatMap((r) =>
      edgeValues.map((s) => ({
        name: `r ${r}, s ${s}`,
        token: withSignature(fixture, keys.es256(), () => Buffer.concat([bytes32(r), bytes32(s)])),
      })),
    ),
  'ALG-sig-empty': (fixture) => ({ token: `${signingInput(fixture, headerOf('ES256'))}.` }),
  'ALG-sig-long': (fixture) => {
    const [header, payload, signature] = segments(fixture.token())
    const longer = Buffer.concat([Buffer.from(signature, 'base64url'), Buffer.of(0)])
    return { token: [header, payload, encode(longer)].join('.') }
  },
  'ALG-der': (fixture) => ({
    token: withSignature(fixture, keys.es256(), (data, by) => derOf(signWith('ES256', data, by))),
  }),
  'ALG-pss-mod': (fixture) => {
    const algs = ['PS256', 'PS384', 'PS512']
    const named = algs.map((name) => ({ ...keys.ps256(), alg: name, kid: name }))
    fixture.issuer.publish(named.map((one) => ({ ...one.jwk, alg: one.alg, kid: one.kid })))
    return named.flatMap((one) =>
      // 15 bits of each signature, from the first to the last byte.
      Array.from({ length: 15 }, (_, at) => ({
        name: `${one.alg}, bit ${at * 146}`,
        options: { algorithms: algs },
        token: withSignature(fixture, one, (data, by) =>
          flip(signWith(one.alg, data, by), at * 146),
        ),
      })),
    )
  },
  'ALG-pss-salt': (fixture) =>
    [0, 64].map((salt) => ({
      name: `salt length ${salt}`,
      token: withSignature(fixture, keys.ps256(), (data, by) => pssWithSalt(data, by, salt)),
    })),
  'ALG-payload-swap': (fixture) => {
    const [header, , signature] = segments(fixture.token())
    const forged = encode(fixture.claims({ sub: 'admin' }))
    return { token: [header, forged, signature].join('.') }
  },
  'ALG-header-swap': (fixture) => {
    const [, payload, signature] = segments(fixture.token())
    return { token: [encode({ ...headerOf('ES256'), added: 1 }), payload, signature].join('.') }
  },
  'ALG-other-key': (fixture) => ({ token: fixture.token({ key: keys.attacker() }) }),
  'ALG-noalg-two': (fixture) => {
    fixture.issuer.publish([withoutAlg(keys.rs256())])
    const attemptWith = (name: string): Attempt => ({
      name,
      options: { algorithms: ['RS256', 'PS256'] },
      token: fixture.token({ key: keys.rs256(), header: { alg: name }, signAs: name }),
    })
    const reason = 'an RSA key without alg has one padding: PKCS #1 v1.5 if it is allowed'
    return [
      attemptWith('PS256'),
      { ...attemptWith('RS256'), override: { status: 200, error: null, reason } },
    ]
  },
  'ALG-rs512-noalg': (fixture) => {
    fixture.issuer.publish([withoutAlg(keys.rs256())])
    return {
      token: fixture.token({ key: keys.rs256(), header: { alg: 'RS512' }, signAs: 'RS512' }),
    }
  },
  'ALG-es256-on-p384': (fixture) => {
    const { jwk, ...rest } = keys.es384()
    const [withoutAlgorithm, withWrongAlgorithm] = [
      { kid: 'p384' },
      { kid: 'p384', alg: 'ES256' },
    ].map((members) => ({
      ...withoutAlg({ ...rest, jwk }),
      ...members,
    }))
    return [withoutAlgorithm!, withWrongAlgorithm!].map((entry, at) => ({
      name: String(at),
      options: { jwks: { keys: [entry, keys.es256().jwk] } },
      token: fixture.token({
        key: keys.es384(),
        header: { alg: 'ES256', kid: 'p384' },
        signAs: 'ES256',
      }),
    }))
  },
  'ALG-es-kid-rsa': (fixture) => [
    { name: 'ES256', token: fixture.token({ header: { kid: 'RS256-key' } }) },
    { name: 'RS256', token: fixture.token({ key: keys.rs256(), header: { kid: 'ES256-key' } }) },
  ],
  'ALG-rs1': (fixture) => ({
    token: fixture.token({ key: keys.rs256(), header: { alg: 'RS1' }, signAs: 'RS1' }),
  }),
  'ALG-disallow-cfg': () =>
    ['none', 'None', 'HS256', 'HS384', 'HS512', 'dir', 'A256KW'].flatMap((name) => [
      { name, misuse: true, options: { algorithms: [name] } },
      { name: `RS256 and ${name}`, misuse: true, options: { algorithms: ['RS256', name] } },
    ]),
  'ALG-empty-cfg': () => ({ misuse: true, options: { algorithms: [] } }),
}
