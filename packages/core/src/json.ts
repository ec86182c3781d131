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

/**
 * Bytes to a JSON object, stricter than `JSON.parse`: well-formed UTF-8 without a byte order mark,
 * no duplicate members, no lone surrogates, bounded depth. Members named `__proto__` are dropped,
 * because copying such an object would change the copy's prototype.
 *
 * @throws JsonError
 */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  const text = decodeUtf8(bytes)
  const { protoMember } = scan(text)
  const value = parse(text, protoMember)
  if (!isJsonObject(value)) throw new JsonError('not a JSON object')
  return value
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new JsonError('not well-formed UTF-8')
  }
}

function parse(text: string, dropProto: boolean): unknown {
  try {
    return JSON.parse(text, dropProto ? withoutProto : undefined)
  } catch {
    throw new JsonError('not JSON')
  }
}

function withoutProto(name: string, value: unknown): unknown {
  return name === '__proto__' ? undefined : value
}

/**
 * One pass over the text before anything is built from it. It need not know the grammar, which
 * `JSON.parse` enforces afterwards: in JSON, a string before a colon is a member's name.
 */
function scan(text: string): { protoMember: boolean } {
  const open: Set<string>[] = []
  let protoMember = false
  let at = 0
  while (at < text.length) {
    const character = text[at]
    if (character === '"') {
      const end = endOfString(text, at)
      const value = stringValue(text.slice(at, end))
      at = skipSpace(text, end)
      if (text[at] !== ':') continue
      noteMember(open.at(-1), value)
      protoMember ||= value === '__proto__'
    } else if (character === '{' || character === '[') {
      open.push(new Set())
      if (open.length > maxDepth) throw new JsonError(`nested deeper than ${maxDepth}`)
    } else if (character === '}' || character === ']') {
      open.pop()
    }
    at += 1
  }
  return { protoMember }
}

function noteMember(members: Set<string> | undefined, name: string): void {
  if (!members) throw new JsonError('not JSON')
  if (members.has(name)) throw new JsonError('duplicate member')
  members.add(name)
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  if (at >= text.length) throw new JsonError('not JSON')
  return at + 1
}

function stringValue(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1)
  const value: unknown = parse(literal, false)
  if (typeof value !== 'string' || !value.isWellFormed()) throw new JsonError('lone surrogate')
  return value
}

const space = new Set([' ', '\t', '\n', '\r'])

function skipSpace(text: string, start: number): number {
  let at = start
  while (at < text.length && space.has(text.charAt(at))) at += 1
  return at
}
