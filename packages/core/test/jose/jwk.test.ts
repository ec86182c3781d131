import type { KeyObject } from 'node:crypto'
import { newKeyPair } from '../../../../test/key-pairs.ts'
import { type Algorithm, createSigningKey, type SigningKey } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { type Code, createVerifier, type VerifierOptions } from '../../src/index.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

// These tests use a local key set, so nothing is fetched.

const issuer = await startIssuer()
const ec = createSigningKey('ES256', 'ec')
const rsa = createSigningKey('RS256', 'rsa')
/** A usable key, so that the set is not empty. No token of these tests is signed with it. */
const sibling = createSigningKey('EdDSA', 'sibling').publicJwk

type Entry = Readonly<Record<string, unknown>>

/** The public JWK with changed members. A member that is `undefined` is removed. */
function changed({ publicJwk }: SigningKey, members: Entry): Entry {
  const entries = Object.entries({ ...publicJwk, ...members })
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

async function outcomeOf(
  keys: readonly Entry[],
  key: SigningKey,
  header: Entry = {},
  options: VerifierOptions = {},
): Promise<Code | 'granted'> {
  const verifier = createVerifier({ ...optionsFor(issuer), jwks: { keys: [...keys] }, ...options })
  const now = issuer.clock.now() / 1000
  const payload = { iss: issuer.url, sub: 'user-42', aud, scope: 'a', iat: now, exp: now + 60 }
  const result = await verifier.check(issuer.sign({ header, payload, key }))
  return result.ok ? 'granted' : result.code
}

const unusable: readonly (readonly [what: string, entry: unknown])[] = [
  ['null', null],
  ['a string', 'key'],
  ['an array', []],
  ['an empty object', {}],
  ['a key whose kty is not a string', { kty: {} }],
  ['a key with an unknown kty', { kty: 'LWE', kid: 'ec' }],
  ['a symmetric key', { kty: 'oct', k: 'AAAA', kid: 'ec', alg: 'HS256' }],
  ['a key whose point is not on the curve', changed(ec, { y: ec.publicJwk['x'] })],
  ['a key without y', changed(ec, { y: undefined })],
  ['a key whose x is a number', changed(ec, { x: 1 })],
  ['a key with another curve', changed(ec, { crv: 'P-384' })],
  ['a key with a curve that is not allowed', changed(ec, { crv: 'secp256k1', alg: 'ES256K' })],
  ['a private key', ec.privateJwk],
  ['a key with an empty private member', changed(ec, { d: '' })],
  ['a key with a private member that is null', changed(ec, { d: null })],
  ['a key whose kid is a number', changed(ec, { kid: 1 })],
  ['a key whose kid is null', changed(ec, { kid: null })],
  ['a key for encryption', changed(ec, { use: 'enc' })],
  ['a key whose use is an array', changed(ec, { use: ['sig'] })],
  ['a key whose use is null', changed(ec, { use: null })],
  ['a key whose key_ops lacks verify', changed(ec, { key_ops: ['sign'] })],
  ['a key with an empty key_ops', changed(ec, { key_ops: [] })],
  ['a key with duplicates in key_ops', changed(ec, { key_ops: ['verify', 'verify'] })],
  ['a key whose key_ops is a string', changed(ec, { key_ops: 'verify' })],
  ['a key whose alg is for another key type', changed(ec, { alg: 'RS256' })],
  ['a key whose alg is not for signatures', changed(ec, { alg: 'ECDH-ES' })],
  ['a key whose alg is null', changed(ec, { alg: null })],
  ['a key whose alg is not allowed', changed(createSigningKey('ES512', 'ec'), {})],
  ['a key whose n is one character, which is not base64url', changed(rsa, { n: 'A' })],
  ['a key whose n is five characters, which is not base64url', changed(rsa, { n: 'AAAAA' })],
  ['a key whose e is one character', changed(rsa, { e: 'A' })],
  ['a key whose n has padding', changed(rsa, { n: `${String(rsa.publicJwk['n'])}==` })],
  ['an RSA key without n', changed(rsa, { n: undefined })],
  ['an RSA key without e', changed(rsa, { e: undefined })],
  ['a key whose n is a number', changed(rsa, { n: 65537 })],
  ['a key whose n has 100,000 characters', changed(rsa, { n: 'A'.repeat(100_000) })],
]

describe('an unusable entry', () => {
  test.each(unusable)('(%s) does not affect the other keys', async (_what, entry) => {
    const keys = [entry as Entry, changed(ec, { kid: 'good' })]
    expect(await outcomeOf(keys, { ...ec, kid: 'good' })).toBe('granted')
  })

  test.each(unusable)('(%s) is not used, so the result is key_not_found', async (_what, entry) => {
    expect(await outcomeOf([entry as Entry, sibling], ec)).toBe('key_not_found')
  })

  test('is reported to the operator with the reason', async () => {
    const jwks = { keys: [ec.privateJwk, changed(rsa, { use: 'enc' }), sibling] }
    const verifier = createVerifier({ ...optionsFor(issuer), jwks })
    const reason = expect.stringMatching(
      /"ec" \(contains private key members\), "rsa" \(use is not "sig"\)/,
    )
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ reason })
    expect(verifier.health().issuers[0]?.skipped).toEqual([
      { kid: 'ec', reason: 'contains private key members' },
      { kid: 'rsa', reason: 'use is not "sig"' },
    ])
  })
})

describe('an RSA key', () => {
  const sized = (bits: number): SigningKey => {
    const pair = newKeyPair(['rsa', { modulusLength: bits }])
    const jwkOf = (key: KeyObject): Entry => ({
      ...key.export({ format: 'jwk' }),
      kid: 'sized',
      alg: 'RS256',
    })
    const [publicJwk, privateJwk] = [jwkOf(pair.publicKey), jwkOf(pair.privateKey)]
    return { algorithm: 'RS256', kid: 'sized', publicJwk, privateJwk }
  }

  test('of 2048 bits is used, and one of 1024 bits is not', async () => {
    expect(await outcomeOf([rsa.publicJwk], rsa)).toBe('granted')
    const small = sized(1024)
    expect(await outcomeOf([small.publicJwk, sibling], small)).toBe('key_not_found')
  })

  test('is used if its issuer set the unused bits of n, which jose ignores', async () => {
    const n = String(rsa.publicJwk['n'])
    const others: Readonly<Record<string, string>> = { A: 'P', Q: 'f', g: 'v', w: '_' }
    const key = changed(rsa, { n: n.slice(0, -1) + others[n.at(-1)!] })
    expect(await outcomeOf([key], rsa)).toBe('granted')
  })

  test('of 2047 bits or 8193 bits is skipped', async () => {
    const ofBits = (bits: number) => {
      const number = Buffer.from((1n << BigInt(bits - 1)).toString(16).padStart(2048, '0'), 'hex')
      return changed(rsa, { n: number.toString('base64url') })
    }
    const reasonOf = async (bits: number) => {
      const jwks = { keys: [ofBits(bits), sibling] }
      const result = await createVerifier({ ...optionsFor(issuer), jwks }).check(
        issuer.token({ aud }),
      )
      return result.ok ? '' : result.reason
    }
    expect(await reasonOf(2047)).toContain('2047 bits, expected 2048 to 8192')
    expect(await reasonOf(2048)).not.toContain('bits')
    expect(await reasonOf(8192)).not.toContain('bits')
  })

  test.each([
    ['1', 'AQ'],
    ['2', 'Ag'],
    ['0', 'AA'],
    ['even', 'AQAA'],
    ['longer than four bytes', 'AQAAAAE'],
  ])('is skipped if its exponent is %s', async (_what, e) => {
    const jwks = { keys: [changed(rsa, { e }), sibling] }
    const result = await createVerifier({ ...optionsFor(issuer), jwks }).check(
      issuer.token({ aud }),
    )
    expect(result).toMatchObject({ reason: expect.stringContaining('the exponent is unsafe') })
  })
})

describe('the algorithm of a key', () => {
  const withoutAlg = [changed(rsa, { alg: undefined })]
  const as = (algorithm: Algorithm): SigningKey => ({ ...rsa, algorithm })

  test('is RS256 by default, for an RSA key without alg', async () => {
    expect(await outcomeOf(withoutAlg, as('RS256'))).toBe('granted')
    expect(await outcomeOf(withoutAlg, as('PS256'))).toBe('key_not_found')
  })

  test('is the only allowed RSA algorithm, for an RSA key without alg', async () => {
    const algorithms: Algorithm[] = ['PS256', 'ES256']
    expect(await outcomeOf(withoutAlg, as('PS256'), {}, { algorithms })).toBe('granted')
    expect(await outcomeOf(withoutAlg, as('RS256'), {}, { algorithms })).toBe(
      'algorithm_not_allowed',
    )
  })

  test.each<readonly [algorithms: Algorithm[], served: Algorithm[], refused: Algorithm[]]>([
    [['RS256', 'PS256'], ['RS256'], ['PS256']],
    [['PS256', 'RS256'], ['RS256'], ['PS256']],
    [['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'], ['RS256'], ['PS256']],
    [['RS256', 'RS512'], ['RS256', 'RS512'], []],
    [
      ['RS384', 'RS512', 'PS256', 'PS512'],
      ['RS384', 'RS512'],
      ['PS256', 'PS512'],
    ],
    [['PS256', 'PS512', 'ES256'], ['PS256', 'PS512'], []],
  ])('with the list %j is one of %j, for an RSA key without alg', async (algorithms, ...rest) => {
    const [served, refused] = rest
    for (const algorithm of served)
      expect(await outcomeOf(withoutAlg, as(algorithm), {}, { algorithms })).toBe('granted')
    for (const algorithm of refused)
      expect(await outcomeOf(withoutAlg, as(algorithm), {}, { algorithms })).toBe('key_not_found')
  })

  test('does not depend on earlier tokens', async () => {
    const algorithms: Algorithm[] = ['RS256', 'RS512', 'PS256']
    const jwks = { keys: withoutAlg }
    const verifier = createVerifier({ ...optionsFor(issuer), jwks, algorithms })
    const now = issuer.clock.now() / 1000
    const payload = { iss: issuer.url, sub: 'user-42', aud, scope: 'a', iat: now, exp: now + 60 }
    const outcomes: unknown[] = []
    for (const algorithm of ['PS256', 'RS512', 'RS256', 'PS256', 'RS512'] as const) {
      const result = await verifier.check(issuer.sign({ payload, key: as(algorithm) }))
      outcomes.push(result.ok ? 'granted' : result.code)
    }
    const expected = ['key_not_found', 'granted', 'granted', 'key_not_found', 'granted']
    expect(outcomes).toEqual(expected)
    expect(verifier.health().issuers[0]).toMatchObject({ keys: 1, skipped: [] })
  })

  test.each<[Algorithm]>([['ES256'], ['ES384'], ['ES512'], ['EdDSA']])(
    'is that of the curve, for a key without alg (%s)',
    async (algorithm) => {
      const key = createSigningKey(algorithm, 'key')
      const algorithms: Algorithm[] = ['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA']
      const keys = [changed(key, { alg: undefined })]
      expect(await outcomeOf(keys, key, {}, { algorithms })).toBe('granted')
    },
  )

  test('is the alg of an RSA key, and no other', async () => {
    expect(await outcomeOf([rsa.publicJwk], as('PS256'))).toBe('key_not_found')
    expect(await outcomeOf([changed(rsa, { alg: 'PS256' })], as('PS256'))).toBe('granted')
    expect(await outcomeOf([changed(rsa, { alg: 'PS256' })], as('RS256'))).toBe('key_not_found')
  })

  test('distinguishes two keys with the same kid', async () => {
    const keys = [changed(rsa, { kid: 'same' }), changed(ec, { kid: 'same' })]
    expect(await outcomeOf(keys, { ...ec, kid: 'same' })).toBe('granted')
    expect(await outcomeOf(keys, { ...rsa, kid: 'same' })).toBe('granted')
  })

  test('must differ for keys with the same kid, or the token is refused as key_ambiguous', async () => {
    const other = createSigningKey('ES256', 'same')
    expect(await outcomeOf([changed(ec, { kid: 'same' }), other.publicJwk], other)).toBe(
      'key_ambiguous',
    )
  })
})

describe('a token without kid', () => {
  const header = { kid: undefined }

  test('is verified with the only key', async () => {
    expect(await outcomeOf([ec.publicJwk], ec, header)).toBe('granted')
    expect(await outcomeOf([changed(ec, { kid: undefined })], ec, header)).toBe('granted')
  })

  test('is verified with the only usable key', async () => {
    expect(await outcomeOf([changed(rsa, { use: 'enc' }), ec.publicJwk], ec, header)).toBe(
      'granted',
    )
  })

  test('is verified with the only key that fits its alg', async () => {
    const keys = [rsa.publicJwk, ec.publicJwk]
    expect(await outcomeOf(keys, ec, header)).toBe('granted')
    expect(await outcomeOf(keys, rsa, header)).toBe('granted')
  })

  test('is refused if two keys fit its alg', async () => {
    const keys = [rsa.publicJwk, createSigningKey('ES256', 'other').publicJwk, ec.publicJwk]
    expect(await outcomeOf(keys, ec, header)).toBe('key_ambiguous')
    expect(await outcomeOf(keys, rsa, header)).toBe('granted')
  })

  test('is refused if the only key is for another algorithm', async () => {
    expect(await outcomeOf([rsa.publicJwk], ec, header)).toBe('key_not_found')
  })
})

test('a token whose kid matches no key exactly is refused', async () => {
  expect(await outcomeOf([ec.publicJwk], ec, { kid: '' })).toBe('key_not_found')
  expect(await outcomeOf([ec.publicJwk], ec, { kid: 'EC' })).toBe('key_not_found')
})
