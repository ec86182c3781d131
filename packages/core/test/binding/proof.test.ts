import { describe, expect, test, vi } from 'vitest'
import { verifyProof } from '../../src/binding/proof.ts'
import { Refusal } from '../../src/errors/refusal.ts'
import { thumbprintOf } from '../../src/jose/jwk.ts'
import {
  clientKey,
  contextOf,
  now,
  type ProofSpec,
  sha256,
  signProof,
  token,
  url,
} from './dpop-fixture.ts'

const key = clientKey()
const otherKey = clientKey()

async function outcomeOf(proof: unknown, changes = {}): Promise<string> {
  const result = await verifyProof(contextOf(proof, changes))
  return result instanceof Refusal ? result.code : 'accepted'
}

const outcomeWith = (spec: ProofSpec): Promise<string> => outcomeOf(signProof(key, spec))

/** The code of the refusal and its reason. */
async function refusalWith(spec: ProofSpec): Promise<readonly string[]> {
  const result = await verifyProof(contextOf(signProof(key, spec)))
  return result instanceof Refusal ? [result.code, result.reason] : ['accepted']
}

describe('a proof is accepted', () => {
  test.each(['ES256', 'RS256', 'PS256', 'EdDSA'] as const)(
    'that is signed with %s',
    async (alg) => {
      expect(await outcomeOf(signProof(clientKey(alg)))).toBe('accepted')
    },
  )

  test('with alg Ed25519, which means the same as EdDSA', async () => {
    const ed25519 = clientKey('EdDSA')
    expect(await outcomeOf(signProof(ed25519, { header: { alg: 'Ed25519' } }))).toBe('accepted')
  })

  test.each<readonly [string, ProofSpec]>([
    ['typ in another case', { header: { typ: 'DPoP+JWT' } }],
    ['typ with its prefix', { header: { typ: 'application/dpop+jwt' } }],
    ['a kid, which is ignored', { header: { kid: 'k' } }],
    ['an htu with a query and a fragment', { claims: { htu: `${url}?a=1#b` } }],
    ['the oldest iat', { claims: { iat: now - 65 } }],
    ['the latest iat', { claims: { iat: now + 5 } }],
    ['a fraction in iat', { claims: { iat: now - 1.5 } }],
    ['current nbf and exp', { claims: { nbf: now, exp: now + 300 } }],
    ['an exp just within the tolerance', { claims: { exp: now - 4 } }],
    ['an nbf just within the tolerance', { claims: { nbf: now + 5 } }],
    ['members that no check needs', { claims: { iss: 'x', a: { b: 1 } } }],
  ])('with %s', async (_what, spec) => {
    expect(await outcomeWith(spec)).toBe('accepted')
  })

  test('with more members in jwk, which do not change the thumbprint', async () => {
    const jwk = {
      ...key.jwk,
      kid: 'k',
      use: 'sig',
      alg: 'ES256',
      key_ops: ['verify'],
      ext: true,
      x5t: 'abc',
    }
    const result = await verifyProof(contextOf(signProof(key, { header: { jwk } })))
    expect(result).toMatchObject({ jkt: await thumbprintOf(key.jwk as { kty: string }) })
  })

  test('with its jti, iat, nonce and thumbprint in the result', async () => {
    const proof = signProof(key, { claims: { jti: 'j', nonce: 'n' } })
    const { crv, kty, x, y } = key.jwk
    const jkt = sha256(JSON.stringify({ crv, kty, x, y }))
    expect(await verifyProof(contextOf(proof))).toEqual({ jkt, jti: 'j', iat: now, nonce: 'n' })
  })

  test('twice with the same key, and its algorithm is checked again', async () => {
    expect(await outcomeOf(signProof(key))).toBe('accepted')
    const settings = { algorithms: ['RS256'], maxAge: 60, nonceSecrets: undefined }
    expect(await outcomeOf(signProof(key), { settings })).toBe('proof_malformed')
  })

  test('if it was signed with WebCrypto as the implementation', async () => {
    expect(await outcomeOf(signProof(key), { cryptography: 'webcrypto' })).toBe('accepted')
  })

  test('of at most 8192 characters', async () => {
    const padded = (length: number): string =>
      signProof(key, { claims: { pad: 'x'.repeat(length) } })
    const base = padded(0).length
    const longest = padded(Math.floor(((8190 - base) * 3) / 4))
    expect(longest.length).toBeGreaterThan(8180)
    expect(await outcomeOf(longest)).toBe('accepted')
    expect(await outcomeOf(padded(Math.ceil(((8200 - base) * 3) / 4)))).toBe('proof_malformed')
  })
})

describe('with ML-DSA, which is verified for real in test/node-matrix', () => {
  const bytes = (length: number): string => Buffer.alloc(length, 7).toString('base64url')
  const akp = (changes: object = {}): object => ({
    kty: 'AKP',
    alg: 'ML-DSA-44',
    pub: bytes(1312),
    ...changes,
  })
  const settings = { algorithms: ['ML-DSA-44', 'ES256'], maxAge: 60, nonceSecrets: undefined }
  const reasonFor = async (jwk: object, alg = 'ML-DSA-44'): Promise<string> => {
    const proof = signProof(key, { header: { alg, jwk } })
    const result = await verifyProof(contextOf(proof, { settings } as never))
    return result instanceof Refusal ? result.reason : 'accepted'
  }

  test.each<readonly [string, object, string]>([
    ['without alg', akp({ alg: undefined }), 'kty "AKP" requires alg'],
    ['with the private key', akp({ priv: bytes(32) }), 'contains private key members'],
    ['with a key of ML-DSA-65', akp({ pub: bytes(1952) }), 'alg is not supported, or pub is not'],
    ['with a padded key', akp({ pub: `${bytes(1312)}=` }), 'alg is not supported, or pub is not'],
    ['with another alg', akp({ alg: 'ML-DSA-65', pub: bytes(1952) }), 'alg differs from alg'],
    ['with an unknown alg', akp({ alg: 'ML-DSA-99' }), 'alg is not supported, or pub is not'],
  ])('a jwk %s is refused', async (_what, jwk, reason) => {
    expect(await reasonFor(jwk)).toContain(reason)
  })

  test('a key of it is refused for another algorithm', async () => {
    expect(await reasonFor(akp(), 'ES256')).toContain('alg differs from alg')
  })

  test.each<readonly [readonly string[], number]>([
    [['ES256', 'ML-DSA-44'], 8192],
    [['ML-DSA-65'], 10_240],
    [['ES256', 'ML-DSA-87', 'ML-DSA-65'], 13_312],
  ])('with the algorithms %j, a proof has at most %i characters', async (algorithms, maximum) => {
    const limits = { settings: { ...settings, algorithms } } as never
    for (const [length, isTooLong] of [
      [maximum, false],
      [maximum + 1, true],
    ] as const) {
      const result = await verifyProof(contextOf('x'.repeat(length), limits))
      expect((result as Refusal).reason.includes('the maximum is')).toBe(isTooLong)
    }
  })
})

describe('the DPoP header', () => {
  test('is required', async () => {
    expect(await outcomeOf(undefined)).toBe('proof_missing')
    expect(await outcomeOf('', { headers: [] })).toBe('proof_missing')
  })

  const proof = signProof(key)
  test.each<readonly [reason: string, headers: readonly unknown[]]>([
    ['the request has no DPoP header', []],
    ['the request has more than one DPoP header', [proof, proof]],
    ['the request has more than one DPoP header', [[proof]]],
    ['the DPoP header is not a proof: the token is not a string', [null]],
    ['the DPoP header has 8193 characters; the maximum is 8192', ['x'.repeat(8193)]],
  ])('is refused because %s', async (reason, headers) => {
    expect(await verifyProof(contextOf('', { headers }))).toMatchObject({ reason })
  })

  test.each([
    ['is repeated', [proof, signProof(key)]],
    ['is repeated with the same proof', [proof, proof]],
    ['is repeated with a malformed one first', ['x', proof]],
    ['is a list', [[proof]]],
    ['is two proofs joined with a comma', [`${proof}, ${signProof(key)}`]],
    ['is empty', ['']],
    ['is a space', [' ']],
    ['is a comma', [',']],
    ['is the word undefined', ['undefined']],
    ['has two segments', [proof.split('.').slice(0, 2).join('.')]],
    ['has four segments', [`${proof}.x`]],
    ['has five segments', ['a.b.c.d.e']],
    ['has padding', [`${proof}=`]],
    ['is the access token', [token]],
  ])('is refused if it %s', async (_what, headers) => {
    expect(await outcomeOf('', { headers })).toBe('proof_malformed')
  })
})

describe('the header of a proof is refused', () => {
  const { x, y } = key.jwk as { x: string; y: string }
  const rsa = clientKey('RS256').jwk as { n: string }
  const okp = clientKey('EdDSA').jwk
  const shortened = (text: string): string =>
    Buffer.from(text, 'base64url').subarray(1).toString('base64url')
  const withLeadingZero = (text: string): string =>
    Buffer.concat([Buffer.of(0), Buffer.from(text, 'base64url')]).toString('base64url')
  const withTrailingBit = (text: string): string => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)!) ^ 1]
  }
  const jwk = (changes: object): { jwk: object } => ({ jwk: { ...key.jwk, ...changes } })

  test.each<readonly [string, object]>([
    ['with alg none', { alg: 'none' }],
    ['with alg None', { alg: 'None' }],
    ['with alg HS256', { alg: 'HS256' }],
    ['with an algorithm that is not in the list', { alg: 'ES384' }],
    ['without alg', { alg: undefined }],
    ['with a number as alg', { alg: 256 }],
    ['without jwk', { jwk: undefined }],
    ['with kid in place of jwk', { jwk: undefined, kid: 'k' }],
    ['with jwk as text', { jwk: JSON.stringify(key.jwk) }],
    ['with jwk as null', { jwk: null }],
    ['with crit', { crit: ['exp'] }],
    ['with an empty crit', { crit: [] }],
    ['with b64', { b64: false }],
    ['with a symmetric key', { jwk: { kty: 'oct', k: 'AAAA' } }],
    ['with a private key', jwk({ d: x })],
    ['with an empty d', jwk({ d: '' })],
    ['with d as null', jwk({ d: null })],
    ['with only p of an RSA key', { alg: 'RS256', jwk: { ...rsa, p: 'AQAB' } }],
    ['with oth of an RSA key', { alg: 'RS256', jwk: { ...rsa, oth: [] } }],
    ['with a padded coordinate', jwk({ x: `${x}=` })],
    ['with a coordinate that starts with a space', jwk({ x: ` ${x}` })],
    ['with an unused bit in a coordinate', jwk({ x: withTrailingBit(x) })],
    ['with a short coordinate', jwk({ x: shortened(x) })],
    ['with a long coordinate', jwk({ y: withLeadingZero(y) })],
    ['with a point that is not on the curve', jwk({ y: x })],
    ['with another curve', jwk({ crv: 'P-384' })],
    ['with secp256k1', jwk({ crv: 'secp256k1' })],
    ['with an EC key for EdDSA', { alg: 'EdDSA' }],
    ['with an EC key for RS256', { alg: 'RS256' }],
    ['with an Ed448 key', { alg: 'EdDSA', jwk: { ...okp, crv: 'Ed448' } }],
    ['with an X25519 key', { alg: 'EdDSA', jwk: { ...okp, crv: 'X25519' } }],
    ['with an exponent of 1', { alg: 'RS256', jwk: { ...rsa, e: 'AQ' } }],
    ['with an exponent of 2', { alg: 'RS256', jwk: { ...rsa, e: 'Ag' } }],
    [
      'with a zero before the modulus',
      { alg: 'RS256', jwk: { ...rsa, n: withLeadingZero(rsa.n) } },
    ],
    [
      'with a modulus of 1024 bits',
      { alg: 'RS256', jwk: { ...rsa, n: Buffer.alloc(128, 255).toString('base64url') } },
    ],
    [
      'with a modulus of 16384 bits',
      { alg: 'RS256', jwk: { ...rsa, n: Buffer.alloc(2048, 255).toString('base64url') } },
    ],
    ['with use enc in jwk', jwk({ use: 'enc' })],
    ['with key_ops sign in jwk', jwk({ key_ops: ['sign'] })],
    ['with another alg in jwk', jwk({ alg: 'ES384' })],
  ])('%s', async (_what, header) => {
    expect(await outcomeWith({ header: { ...header } })).toBe('proof_malformed')
  })

  test.each<readonly [header: object, reason: string]>([
    [{ typ: undefined }, 'the typ of the proof is not dpop+jwt'],
    [{ typ: 'JWT' }, 'the typ of the proof is not dpop+jwt'],
    [{ typ: 'at+jwt' }, 'the typ of the proof is not dpop+jwt'],
    [{ typ: 'x-dpop+jwt' }, 'the typ of the proof is not dpop+jwt'],
    [{ typ: 'dpop+jwt-2' }, 'the typ of the proof is not dpop+jwt'],
    [{ alg: 'none' }, 'the alg of the proof is not one of dpop.algorithms'],
    [{ alg: 'ES384' }, 'the alg of the proof is not one of dpop.algorithms'],
    [{ x5c: ['MIIB'] }, 'the header of the proof has x5c'],
    [{ x5u: 'https://evil.example/x' }, 'the header of the proof has x5u'],
    [{ jku: 'https://evil.example/jwks' }, 'the header of the proof has jku'],
    [{ jwk: undefined }, 'the jwk of the proof: not a JSON object'],
  ])('with %j, because %s', async (header, reason) => {
    expect(await refusalWith({ header: { ...header } })).toEqual(['proof_malformed', reason])
  })

  test('with a signature of another key', async () => {
    expect(await refusalWith({ signWith: otherKey })).toEqual([
      'proof_signature_invalid',
      "the proof's signature is not valid for its key",
    ])
  })
})

describe('the claims of a proof are refused', () => {
  test.each(['jti', 'htm', 'htu', 'iat', 'ath'])('without %s', async (name) => {
    expect(await refusalWith({ claims: { [name]: undefined } })).toEqual([
      'proof_malformed',
      `${name} in the proof is missing or malformed`,
    ])
  })

  test.each<readonly [string, unknown]>([
    ['jti', 1],
    ['jti', []],
    ['jti', null],
    ['jti', ''],
    ['htm', ['GET']],
    ['htm', null],
    ['htu', {}],
    ['htu', [url]],
    ['iat', String(now)],
    ['iat', null],
    ['iat', true],
    ['iat', -1],
    ['iat', 253_402_300_800],
    ['ath', 1],
    ['ath', null],
    ['nonce', 1],
    ['nonce', null],
    ['nonce', []],
    ['exp', 'soon'],
    ['nbf', null],
  ])('with %s as %j', async (name, value) => {
    expect(await outcomeWith({ claims: { [name]: value } })).toBe('proof_malformed')
  })

  test.each(['[]', '"x"', '', '{"jti":"a","jti":"b"}', '{"iat":1e400}'])(
    'if the payload is %j',
    async (payload) => {
      expect(await outcomeWith({ payload })).toBe('proof_malformed')
    },
  )

  test.each(['get', 'Get', 'GET ', ' GET', 'POST', 'HEAD'])('with htm %j for GET', async (htm) => {
    expect(await refusalWith({ claims: { htm } })).toEqual([
      'proof_mismatch',
      'htm in the proof differs from the method of the request',
    ])
  })

  test.each([
    'https://api.example/other',
    'https://evil.example/orders',
    'http://api.example/orders',
    'https://api.example/x/../orders',
    'orders',
  ])('with htu %s', async (htu) => {
    expect(await outcomeWith({ claims: { htu } })).toBe('proof_mismatch')
  })

  test.each([
    ['of another token', sha256('other')],
    ['with padding', `${sha256(token)}=`],
    ['in hex', Buffer.from(sha256(token), 'base64url').toString('hex')],
    ['that is cut off', sha256(token).slice(0, 28)],
    ['of the whole header', sha256(`DPoP ${token}`)],
  ])('with an ath %s', async (_what, ath) => {
    expect(await refusalWith({ claims: { ath } })).toEqual([
      'proof_mismatch',
      'ath in the proof is not the hash of the access token',
    ])
  })

  test.each<readonly [object, string]>([
    [{ iat: now - 66 }, 'iat in the proof was 66 s ago; the maximum is 60 s'],
    [{ iat: now + 6 }, 'iat in the proof is 6 s in the future'],
    [{ exp: now - 10 }, 'exp in the proof was 10 s ago'],
    [{ exp: now - 5 }, 'exp in the proof was 5 s ago'],
    [{ nbf: now + 60 }, 'nbf in the proof is 60 s in the future'],
    [{ nbf: now + 6 }, 'nbf in the proof is 6 s in the future'],
  ])('with %j, and the reason says by how many seconds', async (claims, reason) => {
    const result = await verifyProof(contextOf(signProof(key, { claims: { ...claims } })))
    expect(result).toMatchObject({ code: 'proof_not_current', reason })
  })

  test('except for iat, if nonces are in use', async () => {
    const settings = { algorithms: ['ES256'], maxAge: 60, nonceSecrets: [Buffer.alloc(32)] }
    const proof = signProof(key, { claims: { iat: now - 3600 } })
    expect(await outcomeOf(proof, { settings })).toBe('accepted')
  })
})

describe('a header that was seen before', () => {
  /** How many keys are imported for these proofs. */
  async function importsFor(proofs: readonly string[]): Promise<number> {
    using imports = vi.spyOn(crypto.subtle, 'importKey')
    for (const proof of proofs) {
      // oxlint-disable-next-line no-await-in-loop -- a client sends one after the other
      expect(await outcomeOf(proof)).toBe('accepted')
    }
    return imports.mock.calls.length
  }

  test('does not import its key again', async () => {
    const client = clientKey()
    expect(await importsFor([signProof(client), signProof(client)])).toBe(1)
  })

  test('is forgotten unless the proof had a valid signature', async () => {
    const client = clientKey()
    expect(await outcomeOf(signProof(client, { signWith: otherKey }))).toBe(
      'proof_signature_invalid',
    )
    expect(await importsFor([signProof(client)])).toBe(1)
  })

  // 8 MiB, of which half is dropped at once.
  test('is forgotten after many others, and sooner if they are longer', async () => {
    const client = clientKey()
    const [first, last] = [signProof(client), signProof(client)]
    const longHeader = (at: number): string =>
      signProof(key, { header: { kid: `${at}`.padEnd(5000, '.') } })
    const others = Array.from({ length: 300 }, (_, at) => longHeader(at))
    expect(await importsFor([first, ...others, last])).toBe(302)
    expect(await importsFor([longHeader(299)])).toBe(0)
  })
})

test('no reason quotes the proof', async () => {
  for (const claims of [
    { htm: 'SECRET' },
    { htu: 'https://secret.example/SECRET' },
    { ath: 'SECRET' },
  ]) {
    const result = await verifyProof(contextOf(signProof(key, { claims })))
    expect((result as Refusal).reason).not.toMatch(/secret/i)
  }
})
