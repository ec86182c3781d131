import { attempt } from './attempt.ts'
import { describeDuplicate } from './duplicate-member.ts'

/** More than any real token or key set needs, and safe for a recursive walk. */
const maxDepth = 32

/** Request bodies of other protocols may be deeper than tokens. Also safe for a recursive walk. */
const maxBodyDepth = 128

/** A parsed JSON object. Read it with `own`, because `Object.prototype` may be polluted. */
export type JsonObject = { readonly [name: string]: unknown }

export class JsonError extends Error {}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Returns an own member of the object. An inherited member is never a claim. */
export function own(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/**
 * A copy of an object's own members that inherits nothing, so that every member can be read by name. Empty for
 * a value that is not an object.
 */
export function ownMembers(value: unknown): JsonObject {
  return Object.assign(Object.create(null), isJsonObject(value) ? value : undefined) as JsonObject
}

/** Whether the object has any of these members. A loop, because this runs for every token. */
export function hasAny(object: JsonObject, names: readonly string[]): boolean {
  for (const name of names) if (Object.hasOwn(object, name)) return true
  return false
}

/**
 * Parses bytes to a JSON object, more strictly than `JSON.parse`. Refuses malformed UTF-8, a byte
 * order mark, duplicate members, lone surrogates, and nesting deeper than 32 levels. Members named
 * `__proto__` are dropped, because copying such an object would change the copy's prototype.
 *
 * Duplicates are found by counting. `JSON.parse` keeps only the last of several members with the same
 * name, so an object with fewer members than the text has colons has lost some.
 *
 * @returns the problem as a string if the bytes are refused or are not a JSON object. Not an error, because
 *   anyone can send garbage, and the stack of an error takes longer than everything else.
 */
export function readJsonObject(bytes: Uint8Array): JsonObject | string {
  const text = decodeUtf8(bytes)
  if (text === undefined) return 'not well-formed UTF-8'
  if (!startsLikeJson.test(text)) return 'not JSON'
  const expectedMembers = countMembers(bytes, maxDepth)
  if (expectedMembers === undefined) return `nested deeper than ${maxDepth}`
  const value = parse(text)
  if (value === undefined) return 'not JSON'
  if (!isJsonObject(value)) return 'not a JSON object'
  const walk = newWalk(text.includes('\\u'))
  visitObject(value, walk)
  if (walk.illFormed) return 'lone surrogate'
  if (walk.members !== expectedMembers) return describeDuplicate(text)
  return walk.protoMember ? (parse(text, withoutProto) as JsonObject) : value
}

/**
 * Like `readJsonObject`.
 *
 * @throws JsonError if the bytes are refused or are not a JSON object
 */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  const result = readJsonObject(bytes)
  if (typeof result === 'string') throw new JsonError(result)
  return result
}

/**
 * Parses the bytes of a request body to any JSON value. Differs from `parseJsonObject` in two ways: nesting is
 * limited to 128 levels, and text may contain lone surrogates, because clients send text that was cut in the middle
 * of a character.
 *
 * @throws JsonError if the bytes are refused or are not JSON
 */
export function parseJsonBody(bytes: Uint8Array): unknown {
  const text = decodeUtf8(bytes)
  if (text === undefined) throw new JsonError('not well-formed UTF-8')
  const expectedMembers = countMembers(bytes, maxBodyDepth)
  if (expectedMembers === undefined) throw new JsonError(`nested deeper than ${maxBodyDepth}`)
  const value = parse(text)
  if (value === undefined) throw new JsonError('not JSON')
  const walk = newWalk(false)
  visit(value, walk)
  if (walk.members !== expectedMembers) throw new JsonError(describeDuplicate(text))
  return walk.protoMember ? parse(text, withoutProto) : value
}

/** White space and the first character of a value. Spares the error that `JSON.parse` throws for garbage. */
const startsLikeJson = /^[\t\n\r ]*[{["\dtfn-]/

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/** `undefined` for malformed UTF-8. The decoder replaces it by U+FFFD, which well-formed UTF-8 can contain, too. */
function decodeUtf8(bytes: Uint8Array): string | undefined {
  const text = utf8.decode(bytes)
  return text.includes('\uFFFD') && !isSame(encoder.encode(text), bytes) ? undefined : text
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((value, at) => value === other[at])
}

/** `undefined` for a text that is not JSON. */
function parse(text: string, reviver?: (name: string, value: unknown) => unknown): unknown {
  return attempt((): unknown => JSON.parse(text, reviver))
}

function withoutProto(name: string, value: unknown): unknown {
  return name === '__proto__' ? undefined : value
}

const byte = {
  quote: 0x22,
  colon: 0x3a,
  backslash: 0x5c,
  openBrace: 0x7b,
  closeBrace: 0x7d,
  openBracket: 0x5b,
  closeBracket: 0x5d,
} as const

/**
 * Counts the members that the text has, in one pass before anything is built from it. This pass does not
 * check the grammar: `JSON.parse` does so afterwards. In JSON, each colon outside a string is one
 * member. In UTF-8, the bytes of these ASCII characters never occur inside another character.
 *
 * @returns `undefined` if the text is nested too deeply
 */
function countMembers(bytes: Uint8Array, depthLimit: number): number | undefined {
  let members = 0
  let depth = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const current = bytes[at]
    if (current === byte.quote) at = endOfString(bytes, at)
    else if (current === byte.colon) members += 1
    else if (current === byte.openBrace || current === byte.openBracket) {
      depth += 1
      if (depth > depthLimit) return undefined
    } else if (current === byte.closeBrace || current === byte.closeBracket) depth -= 1
  }
  return members
}

/** Returns an index past the end if the string is not closed. `JSON.parse` refuses such a text. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== byte.quote) at += bytes[at] === byte.backslash ? 2 : 1
  return at
}

/** The state of the walk over a parsed value. */
interface Walk {
  members: number
  protoMember: boolean
  /** Whether a lone surrogate was found. */
  illFormed: boolean
  /** Whether to look for lone surrogates. Valid UTF-8 has none, but an escape sequence can write one. */
  readonly mayBeIllFormed: boolean
}

const newWalk = (mayBeIllFormed: boolean): Walk => ({
  members: 0,
  protoMember: false,
  illFormed: false,
  mayBeIllFormed,
})

/** With `for in`, V8 reads a member without looking up its name. It also visits inherited names. */
function visitObject(object: JsonObject, walk: Walk): void {
  for (const name in object) {
    if (!Object.hasOwn(object, name)) continue
    walk.members += 1
    if (name === '__proto__') walk.protoMember = true
    if (walk.mayBeIllFormed) checkText(name, walk)
    const value = object[name]
    if (typeof value === 'object' || walk.mayBeIllFormed) visit(value, walk)
  }
}

function visit(value: unknown, walk: Walk): void {
  if (typeof value === 'string') {
    if (walk.mayBeIllFormed) checkText(value, walk)
  } else if (Array.isArray(value)) {
    for (const item of value as unknown[]) visit(item, walk)
  } else if (isJsonObject(value)) {
    visitObject(value, walk)
  }
}

function checkText(text: string, walk: Walk): void {
  if (!text.isWellFormed()) walk.illFormed = true
}
