import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { newKeyPair } from '../../../../test/key-pairs.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import { readProofKey, thumbprintOf } from '../../src/jose/jwk.ts'
import { parseProof } from '../../src/jose/jws.ts'
import { blockedKey } from '../../src/jose/key-set.ts'
import type { Algorithm } from '../../src/options/algorithms.ts'

type Jwk = Readonly<Record<string, string>> & { readonly kty: string }

const jwkOf = (kind: Parameters<typeof newKeyPair>[0]): Jwk =>
  ({ ...newKeyPair(kind).publicKey.export({ format: 'jwk' }) }) as Jwk
const rsa = jwkOf(['rsa', { modulusLength: 2048 }])
const p256 = jwkOf(['ec', { namedCurve: 'P-256' }])
const p384 = jwkOf(['ec', { namedCurve: 'P-384' }])
const p521 = jwkOf(['ec', { namedCurve: 'P-521' }])
const ed25519 = jwkOf(['ed25519'])

/** RFC 7638 section 3: the required members in lexicographic order, without white space. */
const thumbprint = (jwk: Jwk, ...names: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(names.map((name) => [name, jwk[name]]))))
    .digest('base64url')

const members: readonly (readonly [Algorithm, Jwk, readonly string[]])[] = [
  ['RS256', rsa, ['e', 'kty', 'n']],
  ['PS256', rsa, ['e', 'kty', 'n']],
  ['ES256', p256, ['crv', 'kty', 'x', 'y']],
  ['ES384', p384, ['crv', 'kty', 'x', 'y']],
  ['ES512', p521, ['crv', 'kty', 'x', 'y']],
  ['EdDSA', ed25519, ['crv', 'kty', 'x']],
]

describe('the key of a proof', () => {
  test.each(members)('for %s is imported, with its thumbprint', async (algorithm, jwk, names) => {
    const jkt = thumbprint(jwk, ...names)
    const key = await readProofKey({ ...jwk, kid: 'k', alg: algorithm }, algorithm)
    expect(key).toMatchObject({ algorithm, jkt })
    expect(Object.isFrozen(key)).toBe(true)
    expect(await thumbprintOf({ ...jwk, kid: 'k' } as Jwk)).toBe(jkt)
  })

  test('may name its algorithm by a synonym', async () => {
    expect(await readProofKey({ ...ed25519, alg: 'Ed25519' }, 'EdDSA')).toBeTypeOf('object')
  })

  const otherAlgorithm = 'alg differs from alg in the header'
  const otherType = 'kty or crv does not match alg in the header'
  const notCanonicalRsa = 'n or e is not canonical'
  const notCanonical = 'crv is not supported, or x or y is not canonical'
  /** The same bytes with zeros before them. */
  const padded = (value = ''): string =>
    Buffer.concat([Buffer.of(0), Buffer.from(value, 'base64url')]).toString('base64url')

  test.each<readonly [problem: string, what: string, jwk: unknown, algorithm: Algorithm]>([
    ['not a JSON object', 'null', null, 'ES256'],
    ['not a JSON object', 'a list', [p256], 'ES256'],
    [otherAlgorithm, 'another alg', { ...rsa, alg: 'PS256' }, 'RS256'],
    [otherAlgorithm, 'an unknown alg', { ...rsa, alg: 'HS256' }, 'RS256'],
    [otherAlgorithm, 'an alg that is not a string', { ...rsa, alg: null }, 'RS256'],
    [otherType, 'another kty', p256, 'RS256'],
    [otherType, 'another crv', p384, 'ES256'],
    [notCanonicalRsa, 'n with a leading zero', { ...rsa, n: padded(rsa['n']) }, 'RS256'],
    [notCanonicalRsa, 'e with a leading zero', { ...rsa, e: padded(rsa['e']) }, 'RS256'],
    ['n or e is missing or malformed', 'e with padding', { ...rsa, e: `${rsa['e']}=` }, 'RS256'],
    [notCanonical, 'x with a leading zero', { ...p256, x: padded(p256['x']) }, 'ES256'],
    [notCanonical, 'y with a leading zero', { ...p256, y: padded(p256['y']) }, 'ES256'],
    [notCanonical, 'y that is not a string', { ...p256, y: 1 }, 'ES256'],
    [notCanonical, 'x with padding', { ...ed25519, x: `${ed25519['x']}=` }, 'EdDSA'],
    [notCanonical, 'an unknown crv', { ...p256, crv: 'secp256k1' }, 'ES256'],
    [
      'cannot be imported',
      'a point that is not on the curve',
      { ...p256, x: Buffer.alloc(32, 1).toString('base64url') },
      'ES256',
    ],
  ])('is refused (%s) with %s', async (problem, _what, jwk, algorithm) => {
    expect(await readProofKey(jwk, algorithm)).toBe(problem)
  })

  test('with a secret part is refused', async () => {
    expect(await readProofKey({ ...p256, d: p256['x'] }, 'ES256')).toMatch(/private/)
    expect(await readProofKey({ kty: 'oct', k: 'AAAA' }, 'ES256')).toBeTypeOf('string')
  })

  test('of an unknown type has the thumbprint of no members', async () => {
    expect(await thumbprintOf({ kty: 'oct' })).toBe(
      createHash('sha256').update('{}').digest('base64url'),
    )
  })
})

describe('parseProof', () => {
  const encode = (part: unknown): string =>
    Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
  const jws = (header: unknown, payload: unknown): string =>
    `${encode(header)}.${encode(payload)}.AAAA`
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: p256 }

  test('keeps all parameters of the header', () => {
    const raw = jws(header, { jti: 'j' })
    expect(parseProof(raw, 8192, new Map())).toEqual({
      raw,
      header: { alg: 'ES256', typ: 'dpop+jwt', kid: undefined },
      parameters: header,
      claims: { jti: 'j' },
      signature: Buffer.from([0, 0, 0]),
    })
  })

  test.each<readonly [code: string, proof: unknown]>([
    ['token_malformed', 'x'],
    ['token_malformed', undefined],
    ['token_too_large', jws(header, { jti: 'x'.repeat(9000) })],
    ['header_malformed', jws('{"alg":"ES256","alg":"ES256"}', {})],
    ['header_malformed', jws({ typ: 'dpop+jwt' }, {})],
    ['payload_malformed', jws(header, '{"a":1,"a":1}')],
    ['payload_malformed', jws(header, '[]')],
  ])('refuses with %s: %j', (code, proof) => {
    const result = parseProof(proof, 8192, new Map())
    expect(result).toBeInstanceOf(Refusal)
    expect(result).toMatchObject({ code })
  })
})

test('blockedKey() says that the key is blocked', () => {
  expect(blockedKey()).toMatchObject({
    code: 'key_not_found',
    reason: "the key with the token's kid is blocked with blockKey()",
  })
})
