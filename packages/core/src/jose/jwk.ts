import type { CryptoKey } from 'jose'
import * as base64url from 'jose/base64url'
import { importJWK } from 'jose/key/import'
import { type Algorithm, canonical, fitsKey, isAlgorithm } from '../options/algorithms.ts'
import { isJsonObject, type JsonObject, own } from '../lib/json.ts'
import type { JoseHeader } from './jws.ts'
import type { IssuerPolicy } from '../config/policy.ts'
import type { Profile } from '../options/profile.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'
import { hasRocaFingerprint } from './roca.ts'

/** A public key for exactly one algorithm of exactly one issuer. */
export interface VerificationKey {
  readonly issuer: string
  readonly kid: string | undefined
  readonly algorithm: Algorithm
  readonly key: CryptoKey
}

/** The result of reading a JWKS. */
export interface KeySet {
  /** The usable keys. */
  readonly keys: readonly VerificationKey[]
  /** Why the other entries are not usable, one reason per entry. */
  readonly skipped: readonly string[]
  /** The usable keys by the JSON of their entries, so that an unchanged entry keeps its key object. */
  readonly byJson: ReadonlyMap<string, VerificationKey>
}

export const emptyKeySet: KeySet = { keys: [], skipped: [], byJson: new Map() }

const maxKeys = 100
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

/**
 * Reads a JWKS (RFC 7517 section 5). An unusable key does not affect the others.
 *
 * @param previous the key set that this one replaces; unchanged entries keep their key objects
 * @returns `undefined` if the body is not a JWKS or has more than 100 keys
 */
export async function readKeySet(
  body: JsonObject,
  issuer: IssuerPolicy,
  previous?: KeySet,
): Promise<KeySet | undefined> {
  const entries = own(body, 'keys')
  if (!Array.isArray(entries) || entries.length > maxKeys) return undefined
  return readKeys(entries, issuer, previous)
}

/** Reads the entries of a JWKS. See `readKeySet`. */
export async function readKeys(
  entries: readonly unknown[],
  issuer: IssuerPolicy,
  previous?: KeySet,
): Promise<KeySet> {
  const texts = entries.map((entry) => JSON.stringify(entry))
  const results = await Promise.all(
    entries.map(async (entry, at) => previous?.byJson.get(texts[at]!) ?? readKey(entry, issuer)),
  )
  const usable = results.flatMap((result, at) =>
    typeof result === 'string' ? [] : [[texts[at]!, result] as const],
  )
  return {
    keys: usable.map(([, key]) => key),
    skipped: results.filter((result) => typeof result === 'string'),
    byJson: new Map(usable),
  }
}

/** Removes the keys with these `kid` values. */
export function withoutKids(set: KeySet, kids: ReadonlySet<string>): KeySet {
  if (kids.size === 0) return set
  const isKept = ({ kid }: VerificationKey): boolean => kid === undefined || !kids.has(kid)
  return {
    keys: set.keys.filter(isKept),
    skipped: set.skipped,
    byJson: new Map([...set.byJson].filter(([, key]) => isKept(key))),
  }
}

/** Selects the key for a token. A token without `kid` is accepted only if there is a single key. */
export function selectKey(
  { keys, skipped }: KeySet,
  header: JoseHeader,
): VerificationKey | Refusal {
  const hasAlgorithm = ({ algorithm }: VerificationKey): boolean =>
    isAlgorithm(header.alg) && algorithm === canonical(header.alg)
  if (header.kid === undefined && keys.length > 1) {
    return refuse(
      'key_ambiguous',
      `the token has no kid and the issuer has ${keys.length} usable keys`,
    )
  }
  const matching = keys.filter(
    (key) => (header.kid === undefined || key.kid === header.kid) && hasAlgorithm(key),
  )
  if (matching.length > 1) {
    return refuse('key_ambiguous', "several keys of the issuer match the token's kid and alg")
  }
  return matching[0] ?? refuse('key_not_found', describeMissingKey(skipped))
}

function describeMissingKey(skipped: readonly string[]): string {
  const problem = "no usable key of the issuer matches the token's kid and alg"
  return skipped.length === 0
    ? problem
    : `${problem}; skipped keys: ${[...new Set(skipped)].join(', ')}`
}

/** Imports one entry. Returns the reason as a string if the key is not usable. */
async function readKey(entry: unknown, issuer: IssuerPolicy): Promise<VerificationKey | string> {
  if (!isJsonObject(entry)) return 'not a JSON object'
  try {
    const problem = findProblem(entry) ?? keyIssuerProblem(entry, issuer.issuer, issuer.profile)
    if (problem) return problem
    const algorithm = algorithmOf(entry, issuer)
    if (!algorithm) return 'does not match exactly one allowed algorithm (alg, kty, crv)'
    const kid = own(entry, 'kid') as string | undefined
    const key = await importJWK(publicMembers(entry), algorithm)
    if (key instanceof Uint8Array) return 'symmetric key'
    return Object.freeze({ issuer: issuer.issuer, kid, algorithm, key })
  } catch {
    return 'cannot be imported'
  }
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
  (jwk) => (own(jwk, 'kty') === 'RSA' ? rsaProblem(jwk) : undefined),
]

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

/** Decodes an unsigned big-endian integer (Base64urlUInt, RFC 7518 section 2). */
function toBigInt(value: unknown): bigint | undefined {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]{1,1400}$/.test(value)) return undefined
  const bytes = base64url.decode(value)
  return BigInt(`0x0${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`)
}

/**
 * The single algorithm of a key. A key without `alg` must match exactly one of the allowed algorithms.
 * With the default algorithms, an RSA key without `alg` is for RS256, because many authorization
 * servers omit `alg` from RSA keys.
 */
function algorithmOf(jwk: JsonObject, issuer: IssuerPolicy): Algorithm | undefined {
  const alg = own(jwk, 'alg')
  const matching = issuer.algorithms.filter((algorithm) =>
    fitsKey(algorithm, own(jwk, 'kty'), own(jwk, 'crv')),
  )
  if (alg !== undefined) {
    return isAlgorithm(alg) && matching.includes(canonical(alg)) ? canonical(alg) : undefined
  }
  const candidates = issuer.algorithmsChosen
    ? matching
    : matching.filter((algorithm) => algorithm !== 'PS256')
  return candidates.length === 1 ? candidates[0] : undefined
}

/** The members that define the public key. No other member can influence the import. */
function publicMembers(jwk: JsonObject): Record<string, unknown> & { kty: string } {
  const entries = ['kty', 'crv', 'n', 'e', 'x', 'y'].map((name) => [name, own(jwk, name)])
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
