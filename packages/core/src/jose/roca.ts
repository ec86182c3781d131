/** The primes up to 167, the modulus of which the faulty library left a mark in. */
const primes: readonly number[] = [
  ...[3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97],
  ...[101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167],
]

/** What remains of the powers of 65537 after division by each prime. */
const marks: readonly (readonly [prime: bigint, powers: ReadonlySet<bigint>])[] = primes.map(
  (prime) => [BigInt(prime), powersModulo(prime)],
)

/**
 * Whether an RSA modulus was made by the library of CVE-2017-15361 (ROCA), whose keys can be
 * factored. Its moduli are powers of 65537 modulo every small prime; of the others, one in some
 * hundred million is, by chance.
 */
export function hasRocaMark(modulus: bigint): boolean {
  return marks.every(([prime, powers]) => powers.has(modulus % prime))
}

function powersModulo(prime: number): ReadonlySet<bigint> {
  const powers = new Set<bigint>()
  for (let power = 1; !powers.has(BigInt(power)); power = (power * 65537) % prime) {
    powers.add(BigInt(power))
  }
  return powers
}
