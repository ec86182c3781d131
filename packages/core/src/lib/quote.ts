import { attempt } from './attempt.ts'

/** Limit for a quoted value, with its quotes. */
const maxLength = 128
const ellipsis = '...'

/**
 * Quotes a value for an operator's log, even if it is not verified. The result is ASCII without control
 * characters, so it cannot break a line, move the cursor, or reverse the text. It has at most 128
 * characters, with the quotes; a longer value ends with `...` after the closing quote.
 */
export function quote(value: string): string {
  const room = maxLength - '""'.length
  const escaped = value.slice(0, maxLength).split('').map(escapeCharacter)
  if (lengthOf(escaped) <= room) return `"${escaped.join('')}"`
  // Whole escapes only: a part of one would read as another character.
  while (lengthOf(escaped) > room - ellipsis.length) escaped.pop()
  return `"${escaped.join('')}"${ellipsis}`
}

/** Quotes the first values of a list, such as `["a", "b", and 3 more]`. */
export function quoteList(values: readonly string[], maxValues = 5): string {
  const shown = values.slice(0, maxValues).map(quote)
  const more = values.length - shown.length
  return `[${[...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(', ')}]`
}

/** Escapes a text for a log without quotes: ASCII without control characters. */
export function escapeForLog(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, unicodeEscape)
}

/** Escapes a text for a log without quotes, and cuts it to this many characters, but never within an escape. */
export function escapeUpTo(text: string, maxCharacters: number): string {
  const escaped = text.slice(0, maxCharacters).split('').map(escapeForLog)
  while (lengthOf(escaped) > maxCharacters) escaped.pop()
  return escaped.join('')
}

/**
 * Describes a value that a user's function threw: the name and the message of an error, or the type of any other
 * value. Never throws.
 */
export function describeThrown(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return `${escapeForLog(thrown.name)}: ${quote(thrown.message)}`
  } catch {
    // A getter of the error threw.
  }
  return typeOf(thrown)
}

/** Like `describeThrown`, for errors whose message may contain a secret. */
export function nameOfThrown(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return escapeForLog(thrown.name)
  } catch {
    // A getter of the error threw.
  }
  return typeOf(thrown)
}

/** The name of an error and, if it has one, its code, such as `Error ECONNREFUSED`. Leaves out its message. */
export function nameAndCodeOf(thrown: unknown): string {
  const name = nameOfThrown(thrown)
  const code = codeOf(thrown)
  return code === undefined ? name : `${name} ${escapeUpTo(code, 64)}`
}

/** The code of a system error or a database error, such as `ECONNREFUSED`. */
export function codeOf(thrown: unknown): string | undefined {
  // A getter of the error may throw.
  return attempt(() => {
    const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    return typeof code === 'string' ? code : undefined
  })
}

function typeOf(thrown: unknown): string {
  return thrown === null ? 'null' : typeof thrown
}

function escapeCharacter(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`
  return escapeForLog(character)
}

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function lengthOf(parts: readonly string[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}
