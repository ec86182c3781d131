/** Deeper than any real token or key set, and shallow enough for a recursive walk. */
const maxDepth = 32

/** A JSON object as parsed: read it with `own`, since `Object.prototype` may have been polluted. */
export type JsonObject = { readonly [name: string]: unknown }

export class JsonError extends Error {}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A member that the object itself holds; nothing inherited ever counts as a claim. */
export function own(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** A loop, and not `some`: this is asked for every claim of every token. */
export function hasAny(object: JsonObject, names: readonly string[]): boolean {
  for (const name of names) if (Object.hasOwn(object, name)) return true
  return false
}

/**
 * Bytes to a JSON object, stricter than `JSON.parse`: well-formed UTF-8 without a byte order mark,
 * no duplicate members, no lone surrogates, bounded depth. Members named `__proto__` are dropped,
 * because copying such an object would change the copy's prototype.
 *
 * Duplicates are found by counting: `JSON.parse` keeps the last of several members with one name, so
 * an object that holds fewer members than the text has colons lost some.
 *
 * @throws JsonError
 */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  const text = decodeUtf8(bytes)
  const written = countMembers(bytes)
  const value = parse(text)
  if (!isJsonObject(value)) throw new JsonError('not a JSON object')
  const survey: Survey = { members: 0, protoMember: false, mayBeIllFormed: text.includes('\\u') }
  visitObject(value, survey)
  if (survey.members !== written) throw new JsonError('duplicate member')
  return survey.protoMember ? (parse(text, withoutProto) as JsonObject) : value
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new JsonError('not well-formed UTF-8')
  }
}

function parse(text: string, reviver?: (name: string, value: unknown) => unknown): unknown {
  try {
    return JSON.parse(text, reviver)
  } catch {
    throw new JsonError('not JSON')
  }
}

function withoutProto(name: string, value: unknown): unknown {
  return name === '__proto__' ? undefined : value
}

const byte = {
  ...{ quote: 0x22, colon: 0x3a, backslash: 0x5c },
  ...{ openBrace: 0x7b, closeBrace: 0x7d, openBracket: 0x5b, closeBracket: 0x5d },
} as const

/**
 * One pass over the bytes before anything is built from them. It need not know the grammar, which
 * `JSON.parse` enforces afterwards: in JSON, each colon outside of a string is one member. UTF-8
 * writes these characters as single bytes that stand in no other character.
 */
function countMembers(bytes: Uint8Array): number {
  let members = 0
  let depth = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const found = bytes[at]
    if (found === byte.quote) at = endOfString(bytes, at)
    else if (found === byte.colon) members += 1
    else if (found === byte.openBrace || found === byte.openBracket) {
      depth += 1
      if (depth > maxDepth) throw new JsonError(`nested deeper than ${maxDepth}`)
    } else if (found === byte.closeBrace || found === byte.closeBracket) depth -= 1
  }
  return members
}

/** Beyond the text where the string is open: that is no JSON. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1
  while (at < bytes.length && bytes[at] !== byte.quote) at += bytes[at] === byte.backslash ? 2 : 1
  return at
}

/** What the walk over a parsed value found, and what it looks for. */
interface Survey {
  members: number
  protoMember: boolean
  /** Bytes that are UTF-8 hold no lone surrogate, but an escape can spell one. */
  readonly mayBeIllFormed: boolean
}

function visitObject(object: JsonObject, survey: Survey): void {
  for (const name of Object.keys(object)) {
    survey.members += 1
    if (name === '__proto__') survey.protoMember = true
    if (survey.mayBeIllFormed) requireWellFormed(name)
    const value = object[name]
    if (typeof value === 'object' || survey.mayBeIllFormed) visit(value, survey)
  }
}

function visit(value: unknown, survey: Survey): void {
  if (typeof value === 'string') {
    if (survey.mayBeIllFormed) requireWellFormed(value)
  } else if (Array.isArray(value)) {
    for (const item of value as unknown[]) visit(item, survey)
  } else if (isJsonObject(value)) {
    visitObject(value, survey)
  }
}

function requireWellFormed(text: string): void {
  if (!text.isWellFormed()) throw new JsonError('lone surrogate')
}
