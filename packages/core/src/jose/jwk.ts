import { base64url, importJWK, type CryptoKey } from 'jose'
import { type Algorithm, canonical, fitsKey, isAlgorithm } from '../options/algorithms.ts'
import { isJsonObject, type JsonObject, own } from '../lib/json.ts'
import type { JoseHeader } from './jws.ts'
import type { IssuerPolicy } from '../config/policy.ts'
import type { Profile } from '../options/profile.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'
import { hasRocaMark } from './roca.ts'

/** A public key that serves exactly one algorithm of exactly one issuer. */
export interface VerificationKey {
  readonly issuer: string
  readonly kid: string | undefined
  readonly algorithm: Algorithm
  readonly key: CryptoKey
}

/** What a key set came to: the usable keys, and why each other one is not used. */
export interface KeySet {
  readonly keys: readonly VerificationKey[]
  readonly skipped: readonly string[]
  /** The keys by the text of their entries, so that an unchanged entry stays the same object. */
  readonly byText: ReadonlyMap<string, VerificationKey>
}

const maxKeys = 100
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/**
 * A JWK set (RFC 7517 section 5) to usable keys. One bad key does not spoil the others; `undefined`
 * means that this is no key set at all.
 */
export async function readKeySet(
  body: JsonObject,
  issuer: IssuerPolicy,
  before?: KeySet,
): Promise<KeySet | undefined> {
  const entries = own(body, 'keys')
  if (!Array.isArray(entries) || entries.length > maxKeys) return undefined
  return readKeys(entries, issuer, before)
}

export async function readKeys(
  entries: readonly unknown[],
  issuer: IssuerPolicy,
  before?: KeySet,
): Promise<KeySet> {
  const texts = entries.map((entry) => JSON.stringify(entry))
  const read = await Promise.all(
    entries.map(async (entry, at) => before?.byText.get(texts[at]!) ?? readKey(entry, issuer)),
  )
  const usable = read.flatMap((key, at) =>
    typeof key === 'string' ? [] : [[texts[at]!, key] as const],
  )
  return {
    keys: usable.map(([, key]) => key),
    skipped: read.filter((key) => typeof key === 'string'),
    byText: new Map(usable),
  }
}

/** The set without keys of these names. */
export function without(set: KeySet, kids: ReadonlySet<string>): KeySet {
  if (kids.size === 0) return set
  const stays = ({ kid }: VerificationKey): boolean => kid === undefined || !kids.has(kid)
  return {
    keys: set.keys.filter(stays),
    skipped: set.skipped,
    byText: new Map([...set.byText].filter(([, key]) => stays(key))),
  }
}

async function readKey(entry: unknown, issuer: IssuerPolicy): Promise<VerificationKey | string> {
  if (!isJsonObject(entry)) return 'not an object'
  try {
    const problem = problemOf(entry) ?? foreignIssuerOf(entry, issuer.issuer, issuer.profile)
    if (problem) return problem
    const algorithm = algorithmOf(entry, issuer)
    if (!algorithm) return 'serves none of the allowed algorithms, or more than one'
    const kid = own(entry, 'kid') as string | undefined
    const key = await importJWK(publicMembers(entry), algorithm)
    if (key instanceof Uint8Array) return 'symmetric'
    return Object.freeze({ issuer: issuer.issuer, kid, algorithm, key })
  } catch {
    return 'cannot be imported'
  }
}

/** Checks on any key, whatever its type; the first that speaks wins. */
const checks: readonly ((jwk: JsonObject) => string | undefined)[] = [
  (jwk) =>
    privateMembers.some((name) => Object.hasOwn(jwk, name)) ? 'holds private members' : undefined,
  (jwk) =>
    ['string', 'undefined'].includes(typeof own(jwk, 'kid')) ? undefined : 'kid is not a string',
  (jwk) =>
    [undefined, 'sig'].includes(own(jwk, 'use') as string) ? undefined : 'not for signatures (use)',
  (jwk) => (mayVerify(own(jwk, 'key_ops')) ? undefined : 'not for verifying (key_ops)'),
  (jwk) => (own(jwk, 'kty') === 'RSA' ? weaknessOf(jwk) : undefined),
]

function problemOf(jwk: JsonObject): string | undefined {
  for (const check of checks) {
    const problem = check(jwk)
    if (problem) return problem
  }
  return undefined
}

/** RFC 7517 section 4.3: a list without repeats. */
function mayVerify(operations: unknown): boolean {
  if (operations === undefined) return true
  if (!Array.isArray(operations) || new Set(operations).size !== operations.length) return false
  return operations.includes('verify')
}

/** RFC 7518 section 3.3 asks for 2048 bits; a small or even exponent makes forging easy. */
function weaknessOf(jwk: JsonObject): string | undefined {
  const modulus = unsigned(own(jwk, 'n'))
  const exponent = unsigned(own(jwk, 'e'))
  if (modulus === undefined || exponent === undefined) return 'n or e is malformed'
  const bits = modulus.toString(2).length
  if (bits < 2048 || bits > 8192) return `the modulus has ${bits} bits, not 2048 to 8192`
  if (exponent < 3n || exponent % 2n === 0n || exponent > 0xffff_ffffn)
    return 'the exponent is unsafe'
  if (hasRocaMark(modulus)) return 'the modulus can be factored (ROCA)'
  return undefined
}

function unsigned(value: unknown): bigint | undefined {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]{1,1400}$/.test(value)) return undefined
  const bytes = base64url.decode(value)
  return BigInt(`0x0${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`)
}

/**
 * One key, one algorithm. A key that names none serves the single allowed one that fits its type;
 * by default that is RS256 for RSA, since providers leave `alg` out of RSA keys.
 */
function algorithmOf(jwk: JsonObject, issuer: IssuerPolicy): Algorithm | undefined {
  const named = own(jwk, 'alg')
  const fitting = issuer.algorithms.filter((algorithm) =>
    fitsKey(algorithm, own(jwk, 'kty'), own(jwk, 'crv')),
  )
  if (named !== undefined) {
    return isAlgorithm(named) && fitting.includes(canonical(named)) ? canonical(named) : undefined
  }
  const candidates = issuer.algorithmsChosen
    ? fitting
    : fitting.filter((algorithm) => algorithm !== 'PS256')
  return candidates.length === 1 ? candidates[0] : undefined
}

/** Only what makes the key, so that nothing else in the entry can influence the import. */
function publicMembers(jwk: JsonObject): Record<string, unknown> & { kty: string } {
  const entries = ['kty', 'crv', 'n', 'e', 'x', 'y'].map((name) => [name, own(jwk, name)])
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}

/** The key that the header asks for. Without a `kid` only where there is nothing to choose. */
export function selectKey(
  { keys, skipped }: KeySet,
  header: JoseHeader,
): VerificationKey | Refusal {
  const fits = ({ algorithm }: VerificationKey): boolean =>
    isAlgorithm(header.alg) && algorithm === canonical(header.alg)
  if (header.kid === undefined && keys.length > 1) {
    return refuse(
      'key_ambiguous',
      `the token has no kid and the issuer has ${keys.length} usable keys`,
    )
  }
  const matching = keys.filter(
    (key) => (header.kid === undefined || key.kid === header.kid) && fits(key),
  )
  if (matching.length > 1)
    return refuse('key_ambiguous', 'the issuer has several such keys with the same kid')
  return matching[0] ?? refuse('key_not_found', whyNoKey(skipped))
}

function whyNoKey(skipped: readonly string[]): string {
  const why = "the issuer has no usable key with the token's kid and alg"
  return skipped.length === 0
    ? why
    : `${why}; keys that are not used: ${[...new Set(skipped)].join(', ')}`
}

/**
 * Why a key is not this issuer's, if it is not. Entra has one key set for all tenants, and each key
 * says for whose tokens it is: its member `issuer` is an issuer, or a template with a placeholder for
 * the tenant. Only where the profile knows of that.
 */
export function foreignIssuerOf(
  jwk: JsonObject,
  issuer: string,
  { keyIssuerPlaceholder: placeholder }: Profile,
): string | undefined {
  const named = own(jwk, 'issuer')
  if (placeholder === undefined || named === undefined) return undefined
  if (typeof named !== 'string') return 'issuer is not a string'
  const [start, end] = named.split(placeholder, 2)
  if (end === undefined) return start === issuer ? undefined : 'for another issuer'
  const fits = issuer.startsWith(start!) && issuer.endsWith(end)
  const tenant = fits ? issuer.slice(start!.length, issuer.length - end.length) : ''
  return tenant === '' || tenant.includes('/') ? 'for another issuer' : undefined
}
