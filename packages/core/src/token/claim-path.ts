import { isJsonObject, type JsonObject, own } from '../lib/json.ts'
import type { ClaimPath } from '../options/profile.ts'

/**
 * The names that a token has at these places, such as its roles, without repeats. `undefined` where
 * one of the places is malformed: a wrong-typed claim is not an absent one.
 */
export function readNames(
  claims: JsonObject,
  places: readonly ClaimPath[],
): readonly string[] | undefined {
  const found = new Set<string>()
  for (const place of places) {
    const names = namesAt(claims, place)
    if (!names) return undefined
    for (const name of names) found.add(name)
  }
  return [...found]
}

function namesAt(claims: JsonObject, { path, format }: ClaimPath): readonly string[] | undefined {
  let value: unknown = claims
  for (const step of path) {
    if (!isJsonObject(value)) return undefined
    if (!Object.hasOwn(value, step)) return []
    value = own(value, step)
  }
  if (format === 'keys') return isJsonObject(value) ? Object.keys(value) : undefined
  const names = typeof value === 'string' ? [value] : value
  return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : undefined
}
