import { newKeyPair } from '../../../../test/key-pairs.ts'
import { expect, test } from 'vitest'
import { hasRocaFingerprint } from '../../src/jose/roca.ts'

test.each([0, 1, 2, 128])('65537 ** %i has the ROCA fingerprint', (exponent) => {
  expect(hasRocaFingerprint(65537n ** BigInt(exponent))).toBe(true)
})

test.each([
  ['3', 3n],
  ['65537 ** 128 + 2', 65537n ** 128n + 2n],
  ['2 ** 2048 - 1', 2n ** 2048n - 1n],
])('%s does not have the ROCA fingerprint', (_what, modulus) => {
  expect(hasRocaFingerprint(modulus)).toBe(false)
})

test.each([
  {
    range: '3 to 97',
    primes: [
      3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    ],
  },
  {
    range: '101 to 167',
    primes: [101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167],
  },
])('a number that matches only modulo the primes $range does not have it', ({ primes }) => {
  const product = primes.reduce((sum, prime) => sum * BigInt(prime), 1n)
  expect(hasRocaFingerprint(65537n + product)).toBe(false)
})

test('a multiple of a small prime and a normal modulus do not have it', () => {
  for (const prime of [3n, 11n, 167n]) expect(hasRocaFingerprint(prime * 65537n)).toBe(false)
  const { n } = newKeyPair(['rsa', { modulusLength: 2048 }]).publicKey.export({
    format: 'jwk',
  })
  const modulus = BigInt(`0x${Buffer.from(n!, 'base64url').toString('hex')}`)
  expect(hasRocaFingerprint(modulus)).toBe(false)
})
