import { newKeyPair } from '../../../../test/key-pairs.ts'
import { expect, test } from 'vitest'
import { hasRocaMark } from '../../src/jose/roca.ts'

test.each([1n, 65537n, 65537n ** 2n, 65537n ** 128n])('%s has the mark', (modulus) => {
  expect(hasRocaMark(modulus)).toBe(true)
})

test.each([3n, 65537n ** 128n + 2n, 2n ** 2048n - 1n])('%s has not', (modulus) => {
  expect(hasRocaMark(modulus)).toBe(false)
})

test.each([
  [[3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97]],
  [[101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167]],
])('the mark for some of the primes alone is none', (primes) => {
  const product = primes.reduce((sum, prime) => sum * BigInt(prime), 1n)
  expect(hasRocaMark(65537n + product)).toBe(false)
})

test('no multiple of a small prime has it, and a good modulus has not', () => {
  for (const prime of [3n, 11n, 167n]) expect(hasRocaMark(prime * 65537n)).toBe(false)
  const { n } = newKeyPair(['rsa', { modulusLength: 2048 }]).publicKey.export({
    format: 'jwk',
  })
  const modulus = BigInt(`0x${Buffer.from(n!, 'base64url').toString('hex')}`)
  expect(hasRocaMark(modulus)).toBe(false)
})
