import { canonical, isAlgorithm } from '../options/algorithms.ts'
import { type JsonObject, own } from '../lib/json.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'
import type { IssuerPolicy } from '../config/policy.ts'
import { importEntry, quote, type SkippedKey, type VerificationKey } from './jwk.ts'
import type { JoseHeader } from './jws.ts'

/** The result of reading a JWKS. */
export interface KeySet {
  /** The usable keys. An entry is here once for each algorithm that it serves. */
  readonly keys: readonly VerificationKey[]
  /** The entries that are not used. */
  readonly skipped: readonly SkippedKey[]
  /** The usable keys by the JSON of their entries, so that an unchanged entry keeps its key objects. */
  readonly byJson: ReadonlyMap<string, readonly VerificationKey[]>
}

export const emptyKeySet: KeySet = { keys: [], skipped: [], byJson: new Map() }

const maxKeys = 100

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

/** Reads the entries of a JWKS. Entries with the same JSON are read once. See `readKeySet`. */
export async function readKeys(
  entries: readonly unknown[],
  issuer: IssuerPolicy,
  previous?: KeySet,
): Promise<KeySet> {
  const distinct = new Map(entries.map((entry) => [JSON.stringify(entry), entry]))
  const results = await Promise.all(
    [...distinct].map(
      async ([json, entry]) =>
        [json, previous?.byJson.get(json) ?? (await importEntry(entry, issuer))] as const,
    ),
  )
  const byJson = new Map<string, readonly VerificationKey[]>()
  const skipped: SkippedKey[] = []
  for (const [json, result] of results) {
    if (Object.hasOwn(result, 'reason')) skipped.push(result as SkippedKey)
    else byJson.set(json, result as readonly VerificationKey[])
  }
  return { keys: [...byJson.values()].flat(), skipped, byJson }
}

/** How many different keys are usable. A key that is published twice counts once. */
export function countKeys({ keys }: KeySet): number {
  return materialsOf(keys).size
}

function materialsOf(keys: readonly VerificationKey[]): ReadonlySet<string> {
  return new Set(keys.map(({ material }) => material))
}

/** Removes the keys with these `kid` values, even where the set contains them under another `kid`. */
export function withoutKids(set: KeySet, kids: ReadonlySet<string | undefined>): KeySet {
  return withoutKeys(set, ({ kid }) => kids.has(kid))
}

/** Removes the keys that `isBlocked` selects, and every other entry with the same key. */
export function withoutKeys(set: KeySet, isBlocked: (key: VerificationKey) => boolean): KeySet {
  const blocked = materialsOf(set.keys.filter(isBlocked))
  if (blocked.size === 0) return set
  const entries = [...set.byJson]
  const removed = entries.filter(([, keys]) => blocked.has(keys[0]!.material))
  return {
    keys: set.keys.filter(({ material }) => !blocked.has(material)),
    skipped: [...set.skipped, ...removed.map(([, keys]) => blockedEntry(keys[0]!))],
    byJson: new Map(entries.filter(([, keys]) => !blocked.has(keys[0]!.material))),
  }
}

function blockedEntry({ kid }: VerificationKey): SkippedKey {
  return { ...(kid !== undefined && { kid }), reason: 'blocked with blockKey()' }
}

/** The answer to a token whose `kid` is blocked. */
export function blockedKey(): Refusal {
  return refuse('key_not_found', "the key with the token's kid is blocked with blockKey()")
}

/** Selects the key for a token. A token without `kid` is accepted only if a single key fits its `alg`. */
export function selectKey(
  { keys, skipped }: KeySet,
  { alg, kid }: Pick<JoseHeader, 'alg' | 'kid'>,
): VerificationKey | Refusal {
  const algorithm = isAlgorithm(alg) ? canonical(alg) : undefined
  let found: VerificationKey | undefined
  let others: Set<string> | undefined
  for (const key of keys) {
    if (key.algorithm !== algorithm || (kid !== undefined && key.kid !== kid)) continue
    if (!found) found = key
    else if (key.material !== found.material) others = (others ?? new Set()).add(key.material)
  }
  if (others) return refuse('key_ambiguous', describeAmbiguity(kid, others.size + 1))
  return found ?? refuse('key_not_found', describeMissingKey(skipped))
}

function describeAmbiguity(kid: string | undefined, count: number): string {
  return kid === undefined
    ? `${count} keys of the issuer fit the token's alg, and no kid selects one of them`
    : "several keys of the issuer match the token's kid and alg"
}

function describeMissingKey(skipped: readonly SkippedKey[]): string {
  const problem = "no usable key of the issuer matches the token's kid and alg"
  return skipped.length === 0 ? problem : `${problem}; skipped keys: ${describeSkipped(skipped)}`
}

const maxDescribed = 10

/** One line for operators, such as `"key-1" (use is not "sig"), one without kid (not a JSON object)`. */
export function describeSkipped(skipped: readonly SkippedKey[]): string {
  const described = skipped
    .slice(0, maxDescribed)
    .map(({ kid, reason }) => `${kid === undefined ? 'one without kid' : quote(kid)} (${reason})`)
  const more = skipped.length - described.length
  return [...new Set(described), ...(more > 0 ? [`and ${more} more`] : [])].join(', ')
}
