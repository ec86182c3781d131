/** The odd primes up to 167. */
const primes: readonly number[] = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101,
  103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
]

/** For each prime, the remainders that powers of 65537 can have. Computed with the first RSA key. */
let fingerprint: readonly (readonly [prime: bigint, remainders: ReadonlySet<bigint>])[] | undefined

/**
 * Whether an RSA modulus has the ROCA fingerprint (CVE-2017-15361). The faulty library generated keys
 * that can be factored; modulo each small prime, their modulus is a power of 65537. The chance that
 * another modulus has the fingerprint is about one in several hundred million.
 */
export function hasRocaFingerprint(modulus: bigint): boolean {
  fingerprint ??= primes.map((prime) => [BigInt(prime), powersModulo(prime)])
  return fingerprint.every(([prime, remainders]) => remainders.has(modulus % prime))
}

function powersModulo(prime: number): ReadonlySet<bigint> {
  const powers = new Set<bigint>()
  for (let power = 1; !powers.has(BigInt(power)); power = (power * 65537) % prime) {
    powers.add(BigInt(power))
  }
  return powers
}
