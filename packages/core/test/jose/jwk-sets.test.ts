import { createSigningKey } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import type { VerifierOptions } from '../../src/index.ts'
import {
  countKeys,
  describeSkipped,
  emptyKeySet,
  readKeys,
  readKeySet,
  selectKey,
  withoutKeys,
  withoutKids,
} from '../../src/jose/key-set.ts'
import { quote } from '../../src/jose/jwk.ts'
import type { JoseHeader } from '../../src/jose/jws.ts'
import { createPolicy, type IssuerPolicy } from '../../src/config/policy.ts'
import { refuse } from '../../src/errors/refusal.ts'

const url = 'https://as.example.com'
const ec = createSigningKey('ES256', 'ec').publicJwk
const rsa = createSigningKey('RS256', 'rsa').publicJwk

function issuerWith(options: VerifierOptions = {}): IssuerPolicy {
  const policy = createPolicy({ issuer: url, audience: 'a', ...options }, 'verifier')
  return policy.issuers.get(url)!
}
const issuer = issuerWith()
const read = (entries: readonly unknown[]) => readKeys(entries, issuer)
const base64url = (value: bigint): string => {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
}

describe('readKeys skips an entry with the reason', () => {
  const { kty, crv, x, y } = ec
  const bare = { kty, crv, x, y }
  // A modulus with the ROCA fingerprint. The exponent is checked first.
  const withFingerprint = (e: bigint): object => ({
    kty: 'RSA',
    n: base64url(65537n ** 128n),
    e: base64url(e),
  })
  const ofBits = (bits: number): object => ({ ...rsa, n: base64url(1n << BigInt(bits - 1)) })
  const roca = 'the modulus is vulnerable to ROCA (CVE-2017-15361)'

  // The keys are random, so they must not be part of the test titles.
  const skippedEntries: readonly (readonly [entry: unknown, reason: string])[] = [
    [null, 'not a JSON object'],
    ['x', 'not a JSON object'],
    ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'].map(
      (name) => [{ ...bare, [name]: null }, 'contains private key members'] as const,
    ),
    [{ ...bare, kid: 1 }, 'kid is not a string'],
    [{ ...bare, use: 'enc' }, 'use is not "sig"'],
    [{ ...bare, key_ops: ['sign'] }, 'key_ops does not allow "verify"'],
    [{ ...bare, key_ops: 'verify' }, 'key_ops does not allow "verify"'],
    [{ ...bare, key_ops: ['verify', 'verify'] }, 'key_ops does not allow "verify"'],
    [{ ...bare, alg: 'ES384' }, 'alg "ES384" does not fit kty "EC" and crv "P-256"'],
    [{ ...bare, alg: 'RS256' }, 'alg "RS256" does not fit kty "EC" and crv "P-256"'],
    [{ ...rsa, alg: 'RS512' }, 'alg "RS512" is not an allowed algorithm'],
    [{ ...bare, alg: 'ES521' }, 'alg "ES521" is not an allowed algorithm'],
    [{ ...bare, alg: 'a\u202eb"' }, 'alg "a\\u202eb\\"" is not an allowed algorithm'],
    [{ ...bare, alg: 1 }, 'alg is not a string'],
    [{ ...bare, alg: null }, 'alg is not a string'],
    [{ kty: 'oct' }, 'no allowed algorithm fits kty "oct"'],
    [{}, 'no allowed algorithm fits a key without kty'],
    [{ kty: 7 }, 'no allowed algorithm fits kty that is not a string'],
    [{ kty: 'OKP', crv: 'Ed448' }, 'no allowed algorithm fits kty "OKP" and crv "Ed448"'],
    [
      { kty: 'RSA', x5c: ['MII'] },
      'contains only a certificate (x5c), and not the members of the public key',
    ],
    [{ ...bare, y: 'AAAA' }, 'cannot be imported'],
    [{ ...rsa, n: undefined }, 'n or e is missing or malformed'],
    [{ ...rsa, e: undefined }, 'n or e is missing or malformed'],
    [{ ...rsa, e: 3 }, 'n or e is missing or malformed'],
    [{ ...rsa, e: [65537] }, 'n or e is missing or malformed'],
    [{ ...rsa, e: '' }, 'n or e is missing or malformed'],
    [{ ...rsa, e: ' AQAB' }, 'n or e is missing or malformed'],
    [{ ...rsa, e: 'AQAB=' }, 'n or e is missing or malformed'],
    [{ ...rsa, n: 'A'.repeat(1401) }, 'n or e is missing or malformed'],
    [{ ...rsa, n: `+${'A'.repeat(1400)}` }, 'n or e is missing or malformed'],
    [ofBits(2047), 'the modulus has 2047 bits, expected 2048 to 8192'],
    [ofBits(8193), 'the modulus has 8193 bits, expected 2048 to 8192'],
    ...[0n, 1n, 2n, 4n, 0x1_0000_0001n].map(
      (e) => [withFingerprint(e), 'the exponent is unsafe'] as const,
    ),
    ...[3n, 65537n, 0xffff_ffffn].map((e) => [withFingerprint(e), roca] as const),
  ]

  test.each(skippedEntries.map(([entry, reason]) => ({ entry, reason })))(
    '"$reason" (%#)',
    async ({ entry, reason }) => {
      const { keys, skipped, byJson } = await read([entry])
      const kid = (entry as { kid?: unknown } | null)?.kid
      const skippedKey = { ...(typeof kid === 'string' && { kid }), reason }
      expect([keys, skipped, byJson.size]).toEqual([[], [skippedKey], 0])
    },
  )
})

describe('readKeys', () => {
  const { kty, crv, x, y } = ec
  const bare = { kty, crv, x, y }

  test.each([
    { use: 'sig' },
    { key_ops: ['verify'] },
    { key_ops: ['sign', 'verify'] },
    { kid: '' },
  ])('uses a key with %j', async (members) => {
    const { keys, skipped } = await read([{ ...bare, ...members }])
    expect([keys.length, skipped]).toEqual([1, []])
  })

  test('uses the other keys of a set with unusable entries', async () => {
    const { keys, skipped } = await read([{}, ec, 'x', rsa])
    expect(keys.map(({ kid, algorithm }) => [kid, algorithm])).toEqual([
      ['ec', 'ES256'],
      ['rsa', 'RS256'],
    ])
    expect(skipped).toEqual([
      { reason: 'no allowed algorithm fits a key without kty' },
      { reason: 'not a JSON object' },
    ])
    expect(keys.every((key) => key.issuer === url && Object.isFrozen(key))).toBe(true)
  })

  test('normalizes the alg Ed25519 to EdDSA', async () => {
    const key = createSigningKey('EdDSA', 'ed').publicJwk
    const { keys } = await read([{ ...key, alg: 'Ed25519' }])
    expect(keys.map(({ algorithm }) => algorithm)).toEqual(['EdDSA'])
  })
})

test('readKeySet accepts an array of at most 100 entries', async () => {
  const entries = (length: number): unknown[] => Array.from({ length }, (_, at) => at)
  const sizeOf = async (keys: unknown) => (await readKeySet({ keys }, issuer))?.skipped.length
  expect(await sizeOf(entries(100))).toBe(100)
  expect(await sizeOf([])).toBe(0)
  expect(await sizeOf(entries(101))).toBeUndefined()
  for (const keys of [undefined, null, 'x', {}, { length: 1 }]) {
    expect(await sizeOf(keys)).toBeUndefined()
  }
  expect(await readKeySet({}, issuer)).toBeUndefined()
})

test('readKeySet keeps the key object of an unchanged entry, but not of a changed one', async () => {
  const before = (await readKeySet({ keys: [ec, rsa] }, issuer))!
  const after = (await readKeySet({ keys: [{ ...rsa, kid: 'new' }, ec] }, issuer, before))!
  expect(after.keys.map(({ kid }) => kid)).toEqual(['new', 'ec'])
  expect(after.keys[1]).toBe(before.keys[0])
  expect(after.keys[0]).not.toBe(before.keys[1])
})

describe('a key that is published twice', () => {
  const { alg: _, ...withoutAlg } = ec
  const { kid: _kid, ...withoutKid } = ec
  const header = { alg: 'ES256', kid: 'ec', typ: undefined }

  test.each([
    ['with the same members', [ec, ec]],
    [
      'with its members in another order',
      [ec, Object.fromEntries(Object.entries(ec).toReversed())],
    ],
    ['once without alg', [ec, withoutAlg]],
    ['once without kid', [ec, withoutKid]],
    ['once under another kid', [ec, { ...ec, kid: 'other' }]],
  ])('%s, is one key', async (_what, entries) => {
    const set = await read(entries)
    expect(countKeys(set)).toBe(1)
    expect(selectKey(set, header)).toBe(set.keys[0])
    expect(selectKey(set, { ...header, kid: undefined })).toBe(set.keys[0])
  })

  test('with another encoding of the same number is one key', async () => {
    const n = Buffer.concat([Buffer.of(0), Buffer.from(String(rsa['n']), 'base64url')])
    const set = await read([rsa, { ...rsa, n: n.toString('base64url') }])
    expect(countKeys(set)).toBe(1)
    expect(selectKey(set, { alg: 'RS256', kid: 'rsa' })).toBe(set.keys[0])
  })

  test('under two kids is found under both', async () => {
    const set = await read([ec, { ...ec, kid: 'other' }])
    expect(selectKey(set, { ...header, kid: 'other' })).toHaveProperty('kid', 'other')
  })

  test('under two kids is removed under both by withoutKids', async () => {
    const set = await read([ec, { ...ec, kid: 'other' }, withoutKid, rsa])
    const rest = withoutKids(set, new Set(['ec']))
    expect(rest.keys.map(({ kid }) => kid)).toEqual(['rsa'])
    expect(rest.skipped.map(({ kid }) => kid)).toEqual(['ec', 'other', undefined])
  })

  test('keeps its key objects after a refresh', async () => {
    const before = await read([ec, ec])
    const after = await readKeys([ec, ec], issuer, before)
    expect(after.keys).toEqual(before.keys)
    expect(after.keys[0]).toBe(before.keys[0])
  })
})

test('emptyKeySet has neither keys nor skipped entries', () => {
  expect(countKeys(emptyKeySet)).toBe(0)
  expect(describeSkipped(emptyKeySet.skipped)).toBe('')
})

test('a certificate (x5c) next to the members of the public key is ignored', async () => {
  const eddsa = createSigningKey('EdDSA', 'eddsa').publicJwk
  const set = await read([ec, rsa, eddsa].map((key) => ({ ...key, x5c: ['MII'] })))
  expect(set.skipped).toEqual([])
  expect(set.keys.map(({ kid }) => kid)).toEqual(['ec', 'rsa', 'eddsa'])
})

test('quote escapes each character outside ASCII with four digits', () => {
  expect(quote('\u00e9\u2028')).toBe('"\\u00e9\\u2028"')
})

test('a removed key without kid is reported without kid', async () => {
  const { kid: _kid, ...withoutKid } = ec
  const rest = withoutKeys(await read([withoutKid, rsa]), ({ kid }) => kid === undefined)
  expect(rest.skipped).toStrictEqual([{ reason: 'blocked with blockKey()' }])
})

describe('describeSkipped', () => {
  test('names each key and the reason, in ASCII', () => {
    const skipped = [{ kid: 'a\n\u202e', reason: 'x' }, { reason: 'y' }, { reason: 'y' }]
    expect(describeSkipped(skipped)).toBe('"a\\n\\u202e" (x), one without kid (y)')
    expect(describeSkipped([{ kid: 'k'.repeat(200), reason: 'x' }])).toHaveLength(128 + 6)
  })

  test('names at most ten keys', () => {
    const skipped = Array.from({ length: 12 }, (_, at) => ({ kid: `${at}`, reason: 'x' }))
    expect(describeSkipped(skipped)).toMatch(/^"0" \(x\), .*"9" \(x\), and 2 more$/)
  })
})

test('withoutKids removes the keys with these kids', async () => {
  const { kid: _, ...withoutKid } = createSigningKey('ES384', 'x').publicJwk
  const set = await read([ec, rsa, withoutKid, 'x'])
  expect(withoutKids(set, new Set())).toBe(set)
  const rest = withoutKids(set, new Set(['ec', 'other']))
  expect(rest.keys).toEqual([set.keys[1], set.keys[2]])
  expect([...rest.byJson.values()].flat()).toEqual(rest.keys)
  expect(rest.skipped).toEqual([
    { reason: 'not a JSON object' },
    { kid: 'ec', reason: 'blocked with blockKey()' },
  ])
})

describe('selectKey', () => {
  const same = createSigningKey('ES256', 'ec').publicJwk
  const header = { alg: 'ES256', kid: 'ec', typ: undefined }
  const missing = "no usable key of the issuer matches the token's kid and alg"

  type Row = readonly [entries: unknown[], wanted: JoseHeader, expected: string]
  const selected: readonly Row[] = [
    [[ec, rsa], header, 'ec'],
    [[ec], { ...header, kid: undefined }, 'ec'],
    [[rsa, ec], { ...header, kid: undefined }, 'ec'],
  ]
  const refused: readonly Row[] = [
    [
      [ec, same],
      { ...header, kid: undefined },
      "2 keys of the issuer fit the token's alg, and no kid selects one of them",
    ],
    [[ec, same], header, "several keys of the issuer match the token's kid and alg"],
    [[rsa], header, missing],
    [[ec], { ...header, alg: 'RS256' }, missing],
    [[ec], { ...header, alg: 'none' }, missing],
    [
      [{ kid: 1 }, { kid: 2 }, 'x'],
      header,
      `${missing}; skipped keys: one without kid (kid is not a string), one without kid (not a JSON object)`,
    ],
  ]

  const named = (rows: readonly Row[]) =>
    rows.map(([entries, wanted, expected]) => ({ entries, wanted, expected }))

  test.each(named(selected))(
    'selects the key "$expected" for kid $wanted.kid',
    async ({ entries, wanted, expected }) => {
      expect(selectKey(await read(entries), wanted)).toHaveProperty('kid', expected)
    },
  )

  test.each(named(refused))(
    'refuses with the reason "$expected" (%#)',
    async ({ entries, wanted, expected }) => {
      expect(selectKey(await read(entries), wanted)).toHaveProperty('reason', expected)
    },
  )

  test('refuses with the codes key_ambiguous and key_not_found', async () => {
    const keys = await read([ec, rsa])
    expect(selectKey(await read([ec, same]), header)).toMatchObject({ code: 'key_ambiguous' })
    expect(selectKey(keys, { ...header, kid: 'x' })).toEqual(refuse('key_not_found', missing))
  })
})
