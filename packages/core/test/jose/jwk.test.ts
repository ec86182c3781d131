import type { KeyObject } from 'node:crypto'
import { newKeyPair } from '../../../../test/key-pairs.ts'
import { type Algorithm, createSigningKey, type SigningKey } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { type Code, createVerifier, type VerifierOptions } from '../../src/index.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

// A fixed key set shows what becomes of its entries, with nothing to fetch.

const issuer = await startIssuer()
const ec = createSigningKey('ES256', 'ec')
const rsa = createSigningKey('RS256', 'rsa')

type Entry = Readonly<Record<string, unknown>>

/** An entry with other members; what is `undefined` is left out. */
function but({ publicJwk }: SigningKey, members: Entry): Entry {
  const entries = Object.entries({ ...publicJwk, ...members })
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

async function judge(
  keys: readonly Entry[],
  key: SigningKey,
  header: Entry = {},
  options: VerifierOptions = {},
): Promise<Code | 'granted'> {
  const verifier = createVerifier({ ...optionsFor(issuer), jwks: { keys: [...keys] }, ...options })
  const now = issuer.clock.now() / 1000
  const payload = { iss: issuer.url, sub: 'user-42', aud, iat: now, exp: now + 60 }
  const verdict = await verifier.check(issuer.sign({ header, payload, key }))
  return verdict.ok ? 'granted' : verdict.code
}

const unfit: readonly (readonly [what: string, entry: unknown])[] = [
  ['null', null],
  ['a string', 'key'],
  ['a list', []],
  ['an empty object', {}],
  ['a kty that is no string', { kty: {} }],
  ['an unknown kty', { kty: 'LWE', kid: 'ec' }],
  ['a symmetric key', { kty: 'oct', k: 'AAAA', kid: 'ec', alg: 'HS256' }],
  ['a point that is none', but(ec, { y: ec.publicJwk['x'] })],
  ['half a point', but(ec, { y: undefined })],
  ['a coordinate that is a number', but(ec, { x: 1 })],
  ['another curve', but(ec, { crv: 'P-384' })],
  ['a curve that is not allowed', but(ec, { crv: 'secp256k1', alg: 'ES256K' })],
  ['its private half', ec.privateJwk],
  ['an empty private member', but(ec, { d: '' })],
  ['a private member that is null', but(ec, { d: null })],
  ['a kid that is a number', but(ec, { kid: 1 })],
  ['a kid that is null', but(ec, { kid: null })],
  ['a use for encryption', but(ec, { use: 'enc' })],
  ['a use that is a list', but(ec, { use: ['sig'] })],
  ['a use that is null', but(ec, { use: null })],
  ['operations without verify', but(ec, { key_ops: ['sign'] })],
  ['no operations', but(ec, { key_ops: [] })],
  ['repeated operations', but(ec, { key_ops: ['verify', 'verify'] })],
  ['operations in one string', but(ec, { key_ops: 'verify' })],
  ['an alg of another type', but(ec, { alg: 'RS256' })],
  ['an alg that is not for signing', but(ec, { alg: 'ECDH-ES' })],
  ['an alg that is null', but(ec, { alg: null })],
  ['an alg that was not allowed', but(createSigningKey('ES512', 'ec'), {})],
  ['an n of one letter, which is no base64url', but(rsa, { n: 'A' })],
  ['an n of five letters, which is none either', but(rsa, { n: 'AAAAA' })],
  ['an e of one letter', but(rsa, { e: 'A' })],
  ['an n with padding', but(rsa, { n: `${String(rsa.publicJwk['n'])}==` })],
  ['no n', but(rsa, { n: undefined })],
  ['no e', but(rsa, { e: undefined })],
  ['an n that is a number', but(rsa, { n: 65537 })],
  ['an endless n', but(rsa, { n: 'A'.repeat(100_000) })],
]

describe('an unfit entry', () => {
  test.each(unfit)('%s, spoils nothing but itself', async (_what, entry) => {
    const keys = [entry as Entry, but(ec, { kid: 'good' })]
    expect(await judge(keys, { ...ec, kid: 'good' })).toBe('granted')
  })

  test.each(unfit)(
    '%s, is not used, and with no other key the answer is 401',
    async (_what, entry) => {
      expect(await judge([entry as Entry], ec)).toBe('key_not_found')
    },
  )

  test('is told to the operator', async () => {
    const jwks = { keys: [ec.privateJwk, but(rsa, { use: 'enc' })] }
    const verifier = createVerifier({ ...optionsFor(issuer), jwks })
    const reason = expect.stringMatching(/holds private members.*not for signatures/)
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ reason })
    await expect(verifier.warmUp()).rejects.toThrow(/No key of 'jwks' can be used.*private members/)
  })
})

describe('RSA', () => {
  const sized = (bits: number): SigningKey => {
    const pair = newKeyPair(['rsa', { modulusLength: bits }])
    const jwkOf = (half: KeyObject): Entry => ({
      ...{ ...half.export({ format: 'jwk' }), kid: 'sized', alg: 'RS256' },
    })
    const [publicJwk, privateJwk] = [jwkOf(pair.publicKey), jwkOf(pair.privateKey)]
    return { algorithm: 'RS256', kid: 'sized', publicJwk, privateJwk }
  }

  test('takes 2048 bits and refuses 1024', async () => {
    expect(await judge([rsa.publicJwk], rsa)).toBe('granted')
    const small = sized(1024)
    expect(await judge([small.publicJwk], small)).toBe('key_not_found')
  })

  test('refuses one bit too few and one too many', async () => {
    const ofBits = (bits: number) => {
      const number = Buffer.from((1n << BigInt(bits - 1)).toString(16).padStart(2048, '0'), 'hex')
      return but(rsa, { n: number.toString('base64url') })
    }
    const reasonOf = async (bits: number) => {
      const jwks = { keys: [ofBits(bits)] }
      const verdict = await createVerifier({ ...optionsFor(issuer), jwks }).check(
        issuer.token({ aud }),
      )
      return verdict.ok ? '' : verdict.reason
    }
    expect(await reasonOf(2047)).toContain('2047 bits, not 2048 to 8192')
    expect(await reasonOf(2048)).not.toContain('bits')
    expect(await reasonOf(8192)).not.toContain('bits')
  })

  test.each([
    ['1', 'AQ'],
    ['2', 'Ag'],
    ['0', 'AA'],
    ['even', 'AQAA'],
    ['of five bytes', 'AQAAAAE'],
  ])('refuses an exponent that is %s', async (_what, e) => {
    const jwks = { keys: [but(rsa, { e })] }
    const verdict = await createVerifier({ ...optionsFor(issuer), jwks }).check(
      issuer.token({ aud }),
    )
    expect(verdict).toMatchObject({ reason: expect.stringContaining('the exponent is unsafe') })
  })
})

describe('one key, one algorithm', () => {
  const nameless = [but(rsa, { alg: undefined })]
  const as = (algorithm: Algorithm): SigningKey => ({ ...rsa, algorithm })

  test('an RSA key without alg is for RS256 by default, and for nothing else', async () => {
    expect(await judge(nameless, as('RS256'))).toBe('granted')
    expect(await judge(nameless, as('PS256'))).toBe('key_not_found')
  })

  test('it is for the one that was chosen', async () => {
    const algorithms: Algorithm[] = ['PS256', 'ES256']
    expect(await judge(nameless, as('PS256'), {}, { algorithms })).toBe('granted')
    expect(await judge(nameless, as('RS256'), {}, { algorithms })).toBe('algorithm_not_allowed')
  })

  test('it is refused where two were chosen that fit', async () => {
    const algorithms: Algorithm[] = ['RS256', 'PS256']
    expect(await judge(nameless, as('RS256'), {}, { algorithms })).toBe('key_not_found')
    expect(await judge([rsa.publicJwk], rsa, {}, { algorithms })).toBe('granted')
  })

  test('an RSA key with alg serves no other', async () => {
    expect(await judge([rsa.publicJwk], as('PS256'))).toBe('key_not_found')
    expect(await judge([but(rsa, { alg: 'PS256' })], as('PS256'))).toBe('granted')
    expect(await judge([but(rsa, { alg: 'PS256' })], as('RS256'))).toBe('key_not_found')
  })

  test('two keys may share a kid, where their algorithms differ', async () => {
    const keys = [but(rsa, { kid: 'same' }), but(ec, { kid: 'same' })]
    expect(await judge(keys, { ...ec, kid: 'same' })).toBe('granted')
    expect(await judge(keys, { ...rsa, kid: 'same' })).toBe('granted')
  })

  test('and are refused where they do not', async () => {
    const other = createSigningKey('ES256', 'same')
    expect(await judge([but(ec, { kid: 'same' }), other.publicJwk], other)).toBe('key_ambiguous')
  })
})

describe('a token without kid', () => {
  const header = { kid: undefined }

  test('is for the only key', async () => {
    expect(await judge([ec.publicJwk], ec, header)).toBe('granted')
    expect(await judge([but(ec, { kid: undefined })], ec, header)).toBe('granted')
  })

  test('is for the only usable key', async () => {
    expect(await judge([but(rsa, { use: 'enc' }), ec.publicJwk], ec, header)).toBe('granted')
  })

  test('is refused where there are two, whatever their types', async () => {
    expect(await judge([rsa.publicJwk, ec.publicJwk], ec, header)).toBe('key_ambiguous')
  })

  test('with the wrong algorithm finds no key', async () => {
    expect(await judge([rsa.publicJwk], ec, header)).toBe('key_not_found')
  })
})

test('a token with a kid is not for a key without one', async () => {
  expect(await judge([but(ec, { kid: undefined })], ec)).toBe('key_not_found')
  expect(await judge([ec.publicJwk], ec, { kid: '' })).toBe('key_not_found')
  expect(await judge([ec.publicJwk], ec, { kid: 'EC' })).toBe('key_not_found')
})
