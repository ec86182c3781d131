import { isJsonObject, type JsonObject, own } from '../lib/json.ts'
import type { ClaimPath } from '../options/profile.ts'

/**
 * Reads names, such as roles, from the given paths. Duplicates are removed. Returns `undefined` if
 * the value at any path has the wrong type, and no names for a path that is absent.
 */
export function readNames(
  claims: JsonObject,
  paths: readonly ClaimPath[],
): readonly string[] | undefined {
  const found = new Set<string>()
  for (const path of paths) {
    const names = namesAt(claims, path)
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
