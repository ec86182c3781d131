import { ConfigError } from '@resource-server/core'
import { kindOf, ownOptions } from '@resource-server/core/client'

/** What an entry compares. `issuer` matches every token of the issuer. */
export type EntryKind = 'jti' | 'sid' | 'subject' | 'client' | 'actor' | 'issuer'

/** One revocation, as it is kept in memory and carried by feeds. */
export interface RevocationEntry {
  readonly kind: EntryKind
  readonly issuer: string
  /** The value to compare. Empty for `issuer`. */
  readonly value: string
  /** Tokens whose `iat` is not later are refused. In seconds. `undefined`: all of them. */
  readonly before: number | undefined
  /** When it was revoked, in milliseconds since the epoch. */
  readonly time: number
}

/**
 * Which tokens to revoke. Values are unique only within their issuer, so every target names an issuer.
 *
 * - `jti`: one token. `sid`: all tokens of a session.
 * - `subject`: the tokens of a user or client. `clientId`: those that were issued to a client. `actor`: those with
 *   this current actor. Only those issued up to `before` (by default, now) are revoked, so a later sign-in works.
 * - `before` alone: all tokens of the issuer that were issued up to then.
 *
 * `before` is compared with `iat`, without clock tolerance. A token whose `iat` is equal is revoked, because `iat` is
 * usually in whole seconds.
 *
 * @example
 * import type { RevocationTarget } from '@resource-server/revocation'
 *
 * const issuer = 'https://as.example.com'
 * export const targets: readonly RevocationTarget[] = [
 *   { issuer, sid: '6f2d' },
 *   { issuer, subject: 'user-42' },
 *   { issuer, before: new Date('2026-01-01T00:00:00Z') },
 * ]
 */
export type RevocationTarget =
  | { readonly issuer: string; readonly jti: string }
  | { readonly issuer: string; readonly sid: string }
  | { readonly issuer: string; readonly subject: string; readonly before?: Date }
  | { readonly issuer: string; readonly clientId: string; readonly before?: Date }
  | { readonly issuer: string; readonly actor: string; readonly before?: Date }
  | { readonly issuer: string; readonly before: Date }

/** By the member of a target that names the value. Session IDs and token IDs are not used again. */
const kinds: Readonly<Record<string, { readonly kind: EntryKind; readonly hasBefore: boolean }>> = {
  jti: { kind: 'jti', hasBefore: false },
  sid: { kind: 'sid', hasBefore: false },
  subject: { kind: 'subject', hasBefore: true },
  clientId: { kind: 'client', hasBefore: true },
  actor: { kind: 'actor', hasBefore: true },
}

const example =
  "Write revoke({ issuer: 'https://as.example.com', subject: 'user-42' }), or another member instead of subject."

/**
 * @param now in milliseconds since the epoch
 * @throws ConfigError if the target is malformed or `before` is in the future
 */
export function entryOf(target: RevocationTarget, now: number): RevocationEntry {
  const { issuer, before, ...others } = ownOptions(target, 'revocation member', example)
  const [name, ...more] = Object.keys(others)
  if (typeof issuer !== 'string' || issuer === '') throw malformed('issuer', issuer)
  if (more.length > 0 || (name !== undefined && !Object.hasOwn(kinds, name))) {
    throw new ConfigError(
      `revoke() got unexpected members: ${Object.keys(others).join(', ')}.`,
      `Pass issuer and one of ${Object.keys(kinds).join(', ')}.`,
    )
  }
  if (name === undefined) {
    // An issuer alone is more likely a mistake than a request to end all sessions.
    if (before === undefined) throw malformed('before', before)
    return { kind: 'issuer', issuer, value: '', before: secondsOf(before, now), time: now }
  }
  const value = others[name]
  if (typeof value !== 'string' || value === '') throw malformed(name, value)
  const { kind, hasBefore } = kinds[name]!
  if (!hasBefore && before !== undefined) {
    throw new ConfigError(`'before' has no effect with ${name}.`, 'Leave it out.')
  }
  const until = before === undefined ? now / 1000 : secondsOf(before, now)
  return { kind, issuer, value, before: hasBefore ? until : undefined, time: now }
}

function malformed(name: string, value: unknown): ConfigError {
  const seen = value === '' ? 'an empty string' : kindOf(value)
  const expected = name === 'before' ? 'a Date' : 'a non-empty string'
  return new ConfigError(`The '${name}' of a revocation must be ${expected}, got ${seen}.`, example)
}

function secondsOf(before: unknown, now: number): number {
  if (!(before instanceof Date) || Number.isNaN(before.getTime())) throw malformed('before', before)
  if (before.getTime() <= now) return before.getTime() / 1000
  throw new ConfigError(
    "The 'before' of a revocation is in the future, so it would also refuse tokens from later sign-ins.",
    'Pass the time of the event, or leave it out.',
  )
}

/** The text of an entry in a feed. */
export function formatEntry({ kind, issuer, value, before, time }: RevocationEntry): string {
  return JSON.stringify({ v: 1, kind, issuer, value, before, time })
}

const entryKinds = ['jti', 'sid', 'subject', 'client', 'actor', 'issuer']

/** Returns `undefined` if the text is not an entry: then it is not known what was revoked. */
export function parseEntry(text: unknown): RevocationEntry | undefined {
  const { v, kind, issuer, value, before, time } = membersOf(text)
  const isValid =
    v === 1 &&
    entryKinds.includes(kind as string) &&
    isText(issuer) &&
    (kind === 'issuer' ? value === '' && before !== undefined : isText(value)) &&
    (before === undefined || isTime(before)) &&
    isTime(time)
  if (!isValid) return undefined
  return { kind, issuer, value, before, time } as RevocationEntry
}

function membersOf(text: unknown): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = typeof text === 'string' ? JSON.parse(text) : undefined
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : {}
  } catch {
    return {}
  }
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
const isTime = (value: unknown): boolean =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0
