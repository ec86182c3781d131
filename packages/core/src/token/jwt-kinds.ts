import { isJsonObject, type JsonObject, own } from '../lib/json.ts'
import { quote } from '../lib/quote.ts'
import type { JwtKind } from '../options/other-jwt.ts'
import { isNonEmptyString, isNumericDate } from './claim-values.ts'

/** What a kind of JWT must look like. */
interface KindRules {
  /** The accepted `typ` headers, in lowercase. `undefined` means that `typ` may be absent. */
  readonly types: readonly (string | undefined)[]
  readonly maxBytes: number
  readonly required: readonly string[]
  readonly forbidden: readonly string[]
  /** How old `iat` may be, in seconds. */
  readonly maxAge: number | undefined
}

/** One row for each kind. A kind that is added here is accepted nowhere else. */
export const jwtKinds: Readonly<Record<JwtKind, KindRules>> = {
  // OpenID Connect Back-Channel Logout section 2.4. Not every server sets `typ`. Its `events` is an object, and a
  // token with such a claim is not accepted as an access token.
  'logout token': {
    types: ['logout+jwt', 'application/logout+jwt', 'jwt', undefined],
    maxBytes: 8192,
    required: ['iss', 'aud', 'iat', 'jti', 'events'],
    forbidden: ['nonce'],
    maxAge: 600,
  },
  // RFC 9701 section 5.
  'introspection response': {
    types: ['token-introspection+jwt', 'application/token-introspection+jwt'],
    maxBytes: 65_536,
    required: ['iss', 'aud', 'iat', 'token_introspection'],
    forbidden: [],
    maxAge: undefined,
  },
}

const isAudience = (value: unknown): boolean =>
  isNonEmptyString(value) ||
  (Array.isArray(value) && value.length > 0 && value.every(isNonEmptyString))

const shapes: readonly (readonly [name: string, is: (value: unknown) => boolean])[] = [
  ['aud', isAudience],
  ['iat', isNumericDate],
  ['exp', isNumericDate],
  ['nbf', isNumericDate],
  ['jti', isNonEmptyString],
  ['sub', isNonEmptyString],
  ['sid', isNonEmptyString],
  ['events', isJsonObject],
  ['token_introspection', isJsonObject],
]

interface Expected {
  readonly audience: readonly string[]
  /** Seconds since the epoch. */
  readonly now: number
  readonly clockTolerance: number
}

/** Returns what is wrong with the verified claims of a JWT of this kind, or nothing. */
export function problemWithClaims(
  claims: JsonObject,
  kind: JwtKind,
  { audience, now, clockTolerance }: Expected,
): string | undefined {
  const { required, forbidden, maxAge } = jwtKinds[kind]
  const missing = required.find((name) => !Object.hasOwn(claims, name))
  if (missing) return `it has no ${missing}`
  const extra = forbidden.find((name) => Object.hasOwn(claims, name))
  if (extra) return `it has ${extra}`
  const malformed = shapes.find(([name, is]) => Object.hasOwn(claims, name) && !is(claims[name]))
  if (malformed) return `its ${malformed[0]} is malformed`
  const names = [own(claims, 'aud')].flat()
  if (!names.some((name) => audience.includes(name as string))) {
    return `its aud is ${quote(names.join(' '))}, expected ${audience.map(quote).join(' or ')}`
  }
  const time = (name: string): number | undefined => own(claims, name) as number | undefined
  if (now - clockTolerance >= (time('exp') ?? Infinity)) return 'it is expired'
  if (now + clockTolerance < (time('nbf') ?? 0)) return 'its nbf is in the future'
  if (now + clockTolerance < time('iat')!) return 'its iat is in the future'
  if (now - clockTolerance > time('iat')! + (maxAge ?? Infinity)) return 'its iat is too old'
  return undefined
}
