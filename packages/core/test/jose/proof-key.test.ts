import { createHash } from 'node:crypto'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { newKeyPair } from '../../../../test/key-pairs.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import { readProofKey, thumbprintOf } from '../../src/jose/jwk.ts'
import { parseProof } from '../../src/jose/jws.ts'
import { blockedKey } from '../../src/jose/key-set.ts'
import { type Algorithm, isAvailable } from '../../src/options/algorithms.ts'

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
  const malformedRsa = 'n or e is missing or malformed'
  const notCanonicalRsa = 'n or e is not canonical'
  const notCanonical = 'crv is not supported, or x or y is not canonical'
  /** The same bytes with zeros before them. */
  const padded = (value = ''): string =>
    Buffer.concat([Buffer.of(0), Buffer.from(value, 'base64url')]).toString('base64url')

  const others: Readonly<Record<string, string>> = { A: 'B', Q: 'R', g: 'h', w: 'x' }
  /** 256 bytes, with one of the two unused bits of the last character set. */
  const withUnusedBit = (value = ''): string => value.replace(/.$/, (last) => others[last] ?? last)

  test.each<readonly [problem: string, what: string, jwk: unknown, algorithm: Algorithm]>([
    ['not a JSON object', 'null', null, 'ES256'],
    ['not a JSON object', 'a list', [p256], 'ES256'],
    [otherAlgorithm, 'another alg', { ...rsa, alg: 'PS256' }, 'RS256'],
    [otherAlgorithm, 'an unknown alg', { ...rsa, alg: 'HS256' }, 'RS256'],
    [otherAlgorithm, 'an alg that is not a string', { ...rsa, alg: null }, 'RS256'],
    [otherType, 'another kty', p256, 'RS256'],
    [otherType, 'another crv', p384, 'ES256'],
    [malformedRsa, 'n of one character', { ...rsa, n: 'A' }, 'RS256'],
    [malformedRsa, 'e of five characters', { ...rsa, e: 'AQABA' }, 'RS256'],
    [malformedRsa, 'n after another character', { ...rsa, n: `=${rsa['n']}` }, 'RS256'],
    [
      notCanonicalRsa,
      'n whose unused bits are set',
      { ...rsa, n: withUnusedBit(rsa['n']) },
      'RS256',
    ],
    [notCanonicalRsa, 'n with a leading zero', { ...rsa, n: padded(rsa['n']) }, 'RS256'],
    [notCanonicalRsa, 'e with a leading zero', { ...rsa, e: padded(rsa['e']) }, 'RS256'],
    [malformedRsa, 'e with padding', { ...rsa, e: `${rsa['e']}=` }, 'RS256'],
    [notCanonical, 'x with a leading zero', { ...p256, x: padded(p256['x']) }, 'ES256'],
    [notCanonical, 'y with a leading zero', { ...p256, y: padded(p256['y']) }, 'ES256'],
    [notCanonical, 'y that is not a string', { ...p256, y: 1 }, 'ES256'],
    [notCanonical, 'x with padding', { ...ed25519, x: `${ed25519['x']}=` }, 'EdDSA'],
    [notCanonical, 'an unknown crv', { ...p256, crv: 'secp256k1' }, 'ES256'],
    [notCanonical, 'an unknown crv and no x or y', { kty: 'EC', crv: 'P-224' }, 'ES256'],
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

describe('an ML-DSA key of a proof', () => {
  const lengths = [
    ['ML-DSA-44', 1312],
    ['ML-DSA-65', 1952],
    ['ML-DSA-87', 2592],
  ] as const
  const akp = (alg: string, length: number): Jwk => ({
    kty: 'AKP',
    alg,
    pub: Buffer.alloc(length, 7).toString('base64url'),
  })

  test.each(lengths)('for %s is imported from its %i bytes', async (algorithm, length) => {
    const jwk = akp(algorithm, length)
    const importKey = vi.spyOn(crypto.subtle, 'importKey')
    onTestFinished(() => importKey.mockRestore())
    const result = await readProofKey({ ...jwk, kid: 'k', x: 1 }, algorithm)
    // Runtimes without ML-DSA, such as Node.js 20, refuse the import.
    if (!isAvailable(algorithm)) expect(result).toBe('cannot be imported')
    else expect(result).toHaveProperty('jkt', thumbprint(jwk, 'alg', 'kty', 'pub'))
    const [format, imported] = importKey.mock.lastCall ?? []
    expect(format).toBe('jwk')
    expect(imported).toMatchObject(jwk)
    expect(imported).not.toHaveProperty('kid')
  })

  test('has a thumbprint that covers its algorithm', async () => {
    const jwk = akp('ML-DSA-44', 1312)
    expect(await thumbprintOf(jwk)).toBe(thumbprint(jwk, 'alg', 'kty', 'pub'))
  })

  const unusable = 'alg is not supported, or pub is not canonical'
  test.each<readonly [what: string, jwk: Readonly<Record<string, unknown>>, problem: string]>([
    ['one byte too short', akp('ML-DSA-44', 1311), unusable],
    ['as long as one of ML-DSA-65', akp('ML-DSA-44', 1952), unusable],
    ['padded', { ...akp('ML-DSA-44', 1312), pub: `${akp('ML-DSA-44', 1312)['pub']}=` }, unusable],
    ['missing', { kty: 'AKP', alg: 'ML-DSA-44' }, unusable],
    ['for an unknown algorithm', akp('ML-DSA-99', 1312), unusable],
    ['for an unknown algorithm, and missing', { kty: 'AKP', alg: 'ML-DSA-99' }, unusable],
    ['without alg', { ...akp('', 1312), alg: undefined }, 'kty "AKP" requires alg'],
  ])('is refused if it is %s', async (_what, jwk, problem) => {
    expect(await readProofKey(jwk, 'ML-DSA-44')).toBe(problem)
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

  test('returns a header that is known without parsing it', () => {
    const known = { header: { alg: 'ES256', typ: 'known', kid: undefined }, parameters: {} }
    const raw = jws(header, {})
    const [segment] = raw.split('.')
    expect(parseProof(raw, 8192, new Map([[segment, known]]))).toMatchObject(known)
  })

  // The key is random, so the proof must not be part of the test titles.
  test.each<readonly [what: string, code: string, reason: string, proof: unknown]>([
    ['a string without dots', 'token_malformed', 'is not a JWT', 'x'],
    ['undefined', 'token_malformed', 'is not a string', undefined],
    [
      'a proof that is too long',
      'token_too_large',
      'maxTokenBytes is 8192',
      jws(header, { jti: 'x'.repeat(9000) }),
    ],
    [
      'a duplicate member in the header',
      'header_malformed',
      'the header cannot be parsed: duplicate member "alg"',
      jws('{"alg":"ES256","alg":"ES256"}', {}),
    ],
    ['a header without alg', 'header_malformed', 'alg in the header', jws({ typ: 'dpop+jwt' }, {})],
    [
      'a duplicate member in the payload',
      'payload_malformed',
      'the payload cannot be parsed: duplicate member "a"',
      jws(header, '{"a":1,"a":1}'),
    ],
    [
      'a payload that is a list',
      'payload_malformed',
      'the payload cannot be parsed: not a JSON object',
      jws(header, '[]'),
    ],
  ])('refuses %s with %s', (_what, code, reason, proof) => {
    const result = parseProof(proof, 8192, new Map())
    expect(result).toBeInstanceOf(Refusal)
    expect(result).toMatchObject({ code, reason: expect.stringContaining(reason) })
  })
})

test('blockedKey() says that the key is blocked', () => {
  expect(blockedKey()).toMatchObject({
    code: 'key_not_found',
    reason: "the key with the token's kid is blocked with blockKey()",
  })
})
