import { createSigningKey } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import type { VerifierOptions } from '../../src/index.ts'
import { type KeySet, readKeys, readKeySet, selectKey, without } from '../../src/jose/jwk.ts'
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
const read = (entries: readonly unknown[], before?: KeySet, of: IssuerPolicy = issuer) =>
  readKeys(entries, of, before)
const base64url = (value: bigint): string => {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
}

describe('why an entry is not used', () => {
  const { kty, crv, x, y } = ec
  const bare = { kty, crv, x, y }
  // A modulus with the mark: its exponent is looked at before that, and nothing is imported.
  const marked = (e: bigint): object => ({
    kty: 'RSA',
    n: base64url(65537n ** 128n),
    e: base64url(e),
  })
  const ofBits = (bits: number): object => ({ ...rsa, n: base64url(1n << BigInt(bits - 1)) })
  const none = 'serves none of the allowed algorithms, or more than one'
  const roca = 'the modulus can be factored (ROCA)'

  // The keys are other ones each time, so they have no place in the names of tests.
  const unused: readonly (readonly [entry: unknown, why: string])[] = [
    [null, 'not an object'],
    ['x', 'not an object'],
    ...['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'].map(
      (name) => [{ ...bare, [name]: null }, 'holds private members'] as const,
    ),
    [{ ...bare, kid: 1 }, 'kid is not a string'],
    [{ ...bare, use: 'enc' }, 'not for signatures (use)'],
    [{ ...bare, key_ops: ['sign'] }, 'not for verifying (key_ops)'],
    [{ ...bare, key_ops: 'verify' }, 'not for verifying (key_ops)'],
    [{ ...bare, key_ops: ['verify', 'verify'] }, 'not for verifying (key_ops)'],
    [{ ...bare, alg: 'ES384' }, none],
    [{ ...bare, alg: 'RS256' }, none],
    [{ ...rsa, alg: 'RS512' }, none],
    [{ ...bare, alg: 1 }, none],
    [{ kty: 'oct' }, none],
    [{ ...bare, y: 'AAAA' }, 'cannot be imported'],
    [{ ...rsa, n: undefined }, 'n or e is malformed'],
    [{ ...rsa, e: undefined }, 'n or e is malformed'],
    [{ ...rsa, e: 3 }, 'n or e is malformed'],
    [{ ...rsa, e: [65537] }, 'n or e is malformed'],
    [{ ...rsa, e: '' }, 'n or e is malformed'],
    [{ ...rsa, e: ' AQAB' }, 'n or e is malformed'],
    [{ ...rsa, e: 'AQAB=' }, 'n or e is malformed'],
    [{ ...rsa, n: 'A'.repeat(1401) }, 'n or e is malformed'],
    [{ ...rsa, n: `+${'A'.repeat(1400)}` }, 'n or e is malformed'],
    [ofBits(2047), 'the modulus has 2047 bits, not 2048 to 8192'],
    [ofBits(8193), 'the modulus has 8193 bits, not 2048 to 8192'],
    ...[0n, 1n, 2n, 4n, 0x1_0000_0001n].map((e) => [marked(e), 'the exponent is unsafe'] as const),
    ...[3n, 65537n, 0xffff_ffffn].map((e) => [marked(e), roca] as const),
  ]

  test.each(unused.map(([entry, why]) => ({ entry, why })))('$why (%#)', async ({ entry, why }) => {
    const { keys, skipped, byText } = await read([entry])
    expect([keys, skipped, byText.size]).toEqual([[], [why], 0])
  })

  test.each([
    { use: 'sig' },
    { key_ops: ['verify'] },
    { key_ops: ['sign', 'verify'] },
    { kid: '' },
  ])('and with %j it is', async (members) => {
    const { keys, skipped } = await read([{ ...bare, ...members }])
    expect([keys.length, skipped]).toEqual([1, []])
  })

  test('those beside it are used', async () => {
    const { keys, skipped } = await read([{}, ec, 'x', rsa])
    expect(keys.map(({ kid, algorithm }) => [kid, algorithm])).toEqual([
      ['ec', 'ES256'],
      ['rsa', 'RS256'],
    ])
    expect(skipped).toEqual([none, 'not an object'])
    expect(keys.every((key) => key.issuer === url && Object.isFrozen(key))).toBe(true)
  })

  test('an algorithm goes by its one name', async () => {
    const key = createSigningKey('EdDSA', 'ed').publicJwk
    const { keys } = await read([{ ...key, alg: 'Ed25519' }])
    expect(keys.map(({ algorithm }) => algorithm)).toEqual(['EdDSA'])
  })
})

test('a key set is a list of a hundred entries at the most', async () => {
  const entries = (length: number): unknown[] => Array.from({ length }, () => 'x')
  const sizeOf = async (keys: unknown) => (await readKeySet({ keys }, issuer))?.skipped.length
  expect(await sizeOf(entries(100))).toBe(100)
  expect(await sizeOf([])).toBe(0)
  expect(await sizeOf(entries(101))).toBeUndefined()
  for (const odd of [undefined, null, 'x', {}, { length: 1 }])
    expect(await sizeOf(odd)).toBeUndefined()
  expect(await readKeySet({}, issuer)).toBeUndefined()
})

test('an entry that did not change stays the same key, and another one does not', async () => {
  const before = (await readKeySet({ keys: [ec, rsa] }, issuer))!
  const after = (await readKeySet({ keys: [{ ...rsa, kid: 'new' }, ec] }, issuer, before))!
  expect(after.keys.map(({ kid }) => kid)).toEqual(['new', 'ec'])
  expect(after.keys[1]).toBe(before.keys[0])
  expect(after.keys[0]).not.toBe(before.keys[1])
})

test('keys of some names are taken out of a set', async () => {
  const { kid: _, ...nameless } = createSigningKey('ES384', 'x').publicJwk
  const set = await read([ec, rsa, nameless, 'x'])
  expect(without(set, new Set())).toBe(set)
  const rest = without(set, new Set(['ec', 'other']))
  expect(rest.keys).toEqual([set.keys[1], set.keys[2]])
  expect([...rest.byText.values()]).toEqual(rest.keys)
  expect(rest.skipped).toEqual(['not an object'])
})

describe('the key that a header asks for', () => {
  const same = createSigningKey('ES256', 'ec').publicJwk
  const header = { alg: 'ES256', kid: 'ec', typ: undefined }
  const missing = "the issuer has no usable key with the token's kid and alg"

  const rows: readonly (readonly [entries: unknown[], wanted: JoseHeader, told: string])[] = [
    [[ec, rsa], header, 'ec'],
    [[ec], { ...header, kid: undefined }, 'ec'],
    [
      [ec, rsa],
      { ...header, kid: undefined },
      'the token has no kid and the issuer has 2 usable keys',
    ],
    [[ec, same], header, 'the issuer has several such keys with the same kid'],
    [[rsa], header, missing],
    [[ec], { ...header, alg: 'RS256' }, missing],
    [[ec], { ...header, alg: 'none' }, missing],
    [
      [{ kid: 1 }, { kid: 2 }, 'x'],
      header,
      `${missing}; keys that are not used: kid is not a string, not an object`,
    ],
  ]

  test.each(rows.map(([entries, wanted, told]) => ({ entries, wanted, told })))(
    '$told (%#)',
    async ({ entries, wanted, told }) => {
      const found = selectKey(await read(entries), wanted)
      expect('reason' in found ? found.reason : found.kid).toBe(told)
    },
  )

  test('is refused by these codes', async () => {
    const keys = await read([ec, rsa])
    expect(selectKey(keys, { ...header, kid: undefined })).toMatchObject({ code: 'key_ambiguous' })
    expect(selectKey(await read([ec, same]), header)).toMatchObject({ code: 'key_ambiguous' })
    expect(selectKey(keys, { ...header, kid: 'x' })).toEqual(refuse('key_not_found', missing))
  })
})
