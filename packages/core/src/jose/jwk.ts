import type { CryptoKey } from 'jose'
import { type Algorithm, canonical, fitsKey, isAlgorithm, isPss } from '../options/algorithms.ts'
import { isJsonObject, type JsonObject, own } from '../lib/json.ts'
import type { IssuerPolicy } from '../config/policy.ts'
import type { Profile } from '../options/profile.ts'
import { loadKeyFunctions } from './load-jose.ts'
import { hasRocaFingerprint } from './roca.ts'
import { sha256Async } from '#crypto'
import { decodeBase64url } from '#platform'

/** A public key for exactly one algorithm of exactly one issuer. */
export interface VerificationKey {
  readonly issuer: string
  readonly kid: string | undefined
  readonly algorithm: Algorithm
  readonly key: CryptoKey
  /** The public key as text. Two entries with the same material are the same key. */
  readonly material: string
}

/** A public key for exactly one algorithm. */
export type SignatureKey = Pick<VerificationKey, 'algorithm' | 'key'>

/** An entry of a key set that is not used, and the reason. */
export interface SkippedKey {
  /** The entry's `kid`. Absent if it has none. */
  readonly kid?: string
  /** Why it is not used, such as `use is not "sig"`. */
  readonly reason: string
}

/**
 * Imports one entry of a JWKS, once for each algorithm that it serves.
 *
 * @returns the keys, at least one, or why the entry is not usable
 */
export async function importEntry(
  entry: unknown,
  issuer: IssuerPolicy,
): Promise<readonly VerificationKey[] | SkippedKey> {
  const algorithms = algorithmsOf(entry, issuer)
  if (typeof algorithms === 'string') return skip(entry, algorithms)
  await loadKeyFunctions()
  try {
    const jwk = entry as JsonObject
    return await Promise.all(algorithms.map((algorithm) => importKey(jwk, algorithm, issuer)))
  } catch {
    return skip(entry, 'cannot be imported')
  }
}

/** The key of a DPoP proof, and its thumbprint. */
export interface ProofKey extends SignatureKey {
  /** RFC 7638, with SHA-256. */
  readonly jkt: string
}

/**
 * Imports the `jwk` of a DPoP proof for the algorithm in its header. The caller chose the key, so its
 * size is checked before any operation with it. Only the canonical encoding of a key is accepted:
 * otherwise one key would have several thumbprints.
 *
 * @returns the reason as a string if the key is not usable
 */
export async function readProofKey(jwk: unknown, algorithm: Algorithm): Promise<ProofKey | string> {
  if (!isJsonObject(jwk)) return 'not a JSON object'
  const problem = findProblem(jwk) ?? encodingProblem(jwk)
  if (problem) return problem
  const alg = own(jwk, 'alg')
  if (alg !== undefined && (!isAlgorithm(alg) || canonical(alg) !== algorithm)) {
    return 'alg differs from alg in the header'
  }
  if (!fitsKey(algorithm, own(jwk, 'kty'), own(jwk, 'crv'))) {
    return 'kty or crv does not match alg in the header'
  }
  const { importJWK } = await loadKeyFunctions()
  try {
    const members = publicMembers(jwk)
    const key = await importJWK(members, algorithm)
    if (key instanceof Uint8Array) return 'symmetric key'
    return Object.freeze({ algorithm, key, jkt: await thumbprintOf(members) })
  } catch {
    return 'cannot be imported'
  }
}

/** The members that RFC 7638 section 3.2 and RFC 9964 section 6 require, in lexicographic order. */
const thumbprintMembers: Readonly<Record<string, readonly string[]>> = {
  AKP: ['alg', 'kty', 'pub'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
}

/** The JWK SHA-256 thumbprint of a public key (RFC 7638 section 3). */
export function thumbprintOf(jwk: { readonly kty: string }): Promise<string> {
  const names = thumbprintMembers[jwk.kty] ?? []
  return sha256Async(JSON.stringify(jwk, [...names]))
}

/** In bytes: RFC 7518 section 6.2.1.2, RFC 8037 section 2. */
const coordinateLengths: ReadonlyMap<unknown, number> = new Map([
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
  ['Ed25519', 32],
])

/** In bytes, by `alg`: FIPS 204, table 2. */
const publicKeyLengths: ReadonlyMap<unknown, number> = new Map([
  ['ML-DSA-44', 1312],
  ['ML-DSA-65', 1952],
  ['ML-DSA-87', 2592],
])

/** Whether the members of a public key are canonical base64url, of the right length. */
function encodingProblem(jwk: JsonObject): string | undefined {
  const kty = own(jwk, 'kty')
  if (kty === 'RSA') {
    const integers = [own(jwk, 'n'), own(jwk, 'e')].map(decoded)
    // Base64urlUInt: as few octets as possible (RFC 7518 section 2).
    const canonicalIntegers = integers.every((bytes) => bytes !== undefined && bytes[0] !== 0)
    return canonicalIntegers ? undefined : 'n or e is not canonical'
  }
  if (kty === 'AKP') {
    const bytes = publicKeyLengths.get(own(jwk, 'alg'))
    const fits = bytes !== undefined && decoded(own(jwk, 'pub'))?.length === bytes
    return fits ? undefined : 'alg is not supported, or pub is not canonical'
  }
  const names = kty === 'EC' ? ['x', 'y'] : ['x']
  const length = coordinateLengths.get(own(jwk, 'crv'))
  const fits = names.every((name) => decoded(own(jwk, name))?.length === length)
  return length !== undefined && fits
    ? undefined
    : 'crv is not supported, or x or y is not canonical'
}

function decoded(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' ? decodeBase64url(value) : undefined
}

export function skip(entry: unknown, reason: string): SkippedKey {
  const kid = isJsonObject(entry) ? own(entry, 'kid') : undefined
  return Object.freeze({ ...(typeof kid === 'string' && { kid }), reason })
}

async function importKey(
  jwk: JsonObject,
  algorithm: Algorithm,
  { issuer }: IssuerPolicy,
): Promise<VerificationKey> {
  const { importJWK } = await loadKeyFunctions()
  const kid = own(jwk, 'kid') as string | undefined
  const key = (await importJWK(publicMembers(jwk), algorithm)) as CryptoKey
  // Exported again, because the same number can be written in more than one way.
  const material = JSON.stringify(publicMembers(await crypto.subtle.exportKey('jwk', key)))
  return Object.freeze({ issuer, kid, algorithm, key, material })
}

/**
 * The algorithms that an entry serves, at least one, or the reason why it is not usable. Checks
 * everything except whether the key can be imported.
 */
export function algorithmsOf(entry: unknown, issuer: IssuerPolicy): readonly Algorithm[] | string {
  if (!isJsonObject(entry)) return 'not a JSON object'
  return (
    findProblem(entry) ??
    keyIssuerProblem(entry, issuer.issuer, issuer.profile) ??
    servedAlgorithms(entry, issuer.algorithms)
  )
}

/** Checks for keys of all types. The first problem found is reported. */
const checks: readonly ((jwk: JsonObject) => string | undefined)[] = [
  (jwk) =>
    privateMembers.some((name) => Object.hasOwn(jwk, name))
      ? 'contains private key members'
      : undefined,
  (jwk) =>
    ['string', 'undefined'].includes(typeof own(jwk, 'kid')) ? undefined : 'kid is not a string',
  (jwk) =>
    [undefined, 'sig'].includes(own(jwk, 'use') as string) ? undefined : 'use is not "sig"',
  (jwk) => (allowsVerify(own(jwk, 'key_ops')) ? undefined : 'key_ops does not allow "verify"'),
  (jwk) =>
    Object.hasOwn(jwk, 'x5c') && !Object.hasOwn(jwk, 'n') && !Object.hasOwn(jwk, 'x')
      ? 'contains only a certificate (x5c), and not the members of the public key'
      : undefined,
  (jwk) => (own(jwk, 'kty') === 'RSA' ? rsaProblem(jwk) : undefined),
  // RFC 9964 section 3.
  (jwk) =>
    own(jwk, 'kty') === 'AKP' && own(jwk, 'alg') === undefined
      ? 'kty "AKP" requires alg'
      : undefined,
]

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

function findProblem(jwk: JsonObject): string | undefined {
  for (const check of checks) {
    const problem = check(jwk)
    if (problem) return problem
  }
  return undefined
}

/** `key_ops` must be an array without duplicates (RFC 7517 section 4.3). */
function allowsVerify(operations: unknown): boolean {
  if (operations === undefined) return true
  if (!Array.isArray(operations) || new Set(operations).size !== operations.length) return false
  return operations.includes('verify')
}

/**
 * RFC 7518 section 3.3 requires at least 2048 bits. A very small or an even exponent makes signatures
 * easy to forge.
 */
function rsaProblem(jwk: JsonObject): string | undefined {
  const modulus = toBigInt(own(jwk, 'n'))
  const exponent = toBigInt(own(jwk, 'e'))
  if (modulus === undefined || exponent === undefined) return 'n or e is missing or malformed'
  const bits = modulus.toString(2).length
  if (bits < 2048 || bits > 8192) return `the modulus has ${bits} bits, expected 2048 to 8192`
  if (exponent < 3n || exponent % 2n === 0n || exponent > 0xffff_ffffn) {
    return 'the exponent is unsafe'
  }
  if (hasRocaFingerprint(modulus)) return 'the modulus is vulnerable to ROCA (CVE-2017-15361)'
  return undefined
}

const base64urlAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * Decodes an unsigned big-endian integer (Base64urlUInt, RFC 7518 section 2). Like jose, it ignores the
 * unused bits of the last character.
 */
function toBigInt(value: unknown): bigint | undefined {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]{1,1400}$/.test(value)) return undefined
  const unusedBits = (value.length * 6) % 8
  // One character alone is less than a byte.
  if (unusedBits === 6) return undefined
  // A character has six bits: two octal digits.
  const digits = Array.from(value, (character) =>
    base64urlAlphabet.indexOf(character).toString(8).padStart(2, '0'),
  )
  return BigInt(`0o${digits.join('')}`) >> BigInt(unusedBits)
}

/**
 * A key with `alg` serves that algorithm. A key without `alg` serves every allowed algorithm of its type
 * and curve, but an RSA key has only one padding: PS algorithms only if no RS algorithm is allowed. This
 * depends on the policy alone, so a list of algorithms never disables a key that works without the list.
 */
function servedAlgorithms(
  jwk: JsonObject,
  allowed: readonly Algorithm[],
): readonly Algorithm[] | string {
  const alg = own(jwk, 'alg')
  const fitting = allowed.filter((algorithm) =>
    fitsKey(algorithm, own(jwk, 'kty'), own(jwk, 'crv')),
  )
  if (alg !== undefined) {
    if (typeof alg !== 'string') return 'alg is not a string'
    if (!isAlgorithm(alg) || !allowed.includes(canonical(alg))) {
      return `alg ${quote(alg)} is not an allowed algorithm`
    }
    return fitting.includes(canonical(alg))
      ? [canonical(alg)]
      : `alg ${quote(alg)} does not fit ${describeType(jwk)}`
  }
  if (fitting.length === 0) return `no allowed algorithm fits ${describeType(jwk)}`
  const withoutPss = fitting.filter((algorithm) => !isPss(algorithm))
  return withoutPss.length > 0 ? withoutPss : fitting
}

function describeType(jwk: JsonObject): string {
  const members = ['kty', 'crv'].filter((name) => Object.hasOwn(jwk, name))
  if (members.length === 0) return 'a key without kty'
  return members.map((name) => `${name} ${quote(own(jwk, name))}`).join(' and ')
}

/** Quotes a value that the issuer wrote: in ASCII, and at most 128 characters of it. */
export function quote(value: unknown): string {
  if (typeof value !== 'string') return 'that is not a string'
  const escape = (character: string): string =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value.slice(0, 128)).replace(/[^\x20-\x7e]/g, escape)
}

/** The members that define the public key. No other member can influence the import. */
function publicMembers(jwk: object): Record<string, unknown> & { kty: string } {
  // The members of a type of key that has no name but its algorithm.
  const algorithmKey = own(jwk as JsonObject, 'kty') === 'AKP' ? ['alg', 'pub'] : []
  const names = ['kty', 'crv', 'n', 'e', 'x', 'y', ...algorithmKey]
  const entries = names.map((name) => [name, own(jwk as JsonObject, name)])
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/**
 * Checks that a key belongs to this issuer. For example, all tenants of Microsoft Entra share one JWKS,
 * and the member `issuer` of a key is either an issuer or a template such as
 * `https://login.microsoftonline.com/{tenantid}/v2.0`. Applies only if the profile names the
 * placeholder.
 *
 * @returns the problem, or `undefined` if the key belongs to the issuer
 */
export function keyIssuerProblem(
  jwk: JsonObject,
  issuer: string,
  { keyIssuerPlaceholder: placeholder }: Profile,
): string | undefined {
  const template = own(jwk, 'issuer')
  if (placeholder === undefined || template === undefined) return undefined
  if (typeof template !== 'string') return 'issuer is not a string'
  const [start, end] = template.split(placeholder, 2)
  if (end === undefined) return start === issuer ? undefined : 'belongs to another issuer'
  const matches = issuer.startsWith(start!) && issuer.endsWith(end)
  const tenant = matches ? issuer.slice(start!.length, issuer.length - end.length) : ''
  return tenant === '' || tenant.includes('/') ? 'belongs to another issuer' : undefined
}
