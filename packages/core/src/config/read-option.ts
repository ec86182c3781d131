import { attempt } from '../lib/attempt.ts'
import {
  type Algorithm,
  canonical,
  isAlgorithm,
  isAvailable,
  supportedAlgorithms,
} from '../options/algorithms.ts'
import { type RefusalBodyWriter, sampleRefusal, tryBody } from '../errors/problem-details.ts'
import { ConfigError } from '../errors/refusal.ts'
import type { Clock } from '../lib/clock.ts'
import { hasExtras, isSecure, parseUrl } from '../lib/url.ts'
import { checkedProfile } from '../options/check-profile.ts'
import { kindOf, ownOptions, type ReadContext } from '../options/option-table.ts'
import type { Profile } from '../options/profile.ts'
import { type Implication, implication } from '../options/scope.ts'
import { rfc9068Profile } from '../providers/rfc9068.ts'

// Readers of options that need more than a type and a range. Each returns the checked value or throws a
// ConfigError.

export function readIssuer(value: unknown, _name: string, context: ReadContext): string {
  if (typeof value !== 'string') {
    throw new ConfigError(
      `'issuer' must be a string, got ${kindOf(value)}.`,
      Array.isArray(value)
        ? "Use issuers: ['https://…', 'https://…'] for several issuers."
        : "Set issuer: 'https://as.example.com', exactly as in the iss claim of the tokens.",
    )
  }
  if (value === '' || value !== value.trim()) {
    throw new ConfigError(
      "'issuer' must not be empty, and must not start or end with white space.",
      'Write it exactly as in the iss claim of the tokens.',
    )
  }
  const url = parseUrl(value)
  // The origin, because the rest could contain a password.
  if (url?.protocol === 'http:') requireSecure(url, `The issuer '${url.origin}'`, context)
  return value
}

/**
 * Requires an issuer whose metadata can be fetched. With `metadataUri`, `jwksUri`, or `jwks`, no URL is derived
 * from the issuer, and RFC 7519 section 4.1.1 allows any string.
 */
export function requireDiscovery(issuer: string, context: ReadContext): void {
  const url = parseUrl(issuer)
  // The URL parser accepts `https:host`, and no token's iss would match.
  if (!url || !/^[a-z]+:\/\/\S+$/i.test(issuer)) {
    throw new ConfigError(
      `The issuer '${issuer}' is not a URL.`,
      "Write it exactly as in the iss claim of the tokens, starting with https://, or set 'jwksUri' or 'jwks'.",
    )
  }
  if (hasExtras(issuer, url)) {
    throw new ConfigError(
      `The issuer '${url.origin}' must not contain user information, a query, or a fragment.`,
      "Remove them (RFC 8414 section 2), or set 'jwksUri' or 'jwks'.",
    )
  }
  requireIssuer(url)
  requireSecure(url, `The issuer '${issuer}'`, context)
}

const wellKnown = /\/\.well-known\/(?:openid-configuration|oauth-authorization-server)(?=\/|$)/

/** The URL of an issuer's metadata is not the issuer. */
function requireIssuer({ origin, pathname }: URL): void {
  if (!wellKnown.test(pathname)) return
  const issuer = origin + pathname.replace(wellKnown, '')
  throw new ConfigError(
    `The issuer '${origin}${pathname}' is the URL of its metadata.`,
    `Set it to the value of 'issuer' in that metadata, such as '${issuer}'.`,
  )
}

export function readAlgorithms(value: unknown): readonly Algorithm[] {
  return algorithmList(value, 'algorithms')
}

/** @param name the option, for the message */
export function algorithmList(value: unknown, name: string): readonly Algorithm[] {
  if (Array.isArray(value) && value.length > 0 && value.every(isAlgorithm)) {
    requireAvailable(value, name)
    return Object.freeze([...new Set(value.map(canonical))])
  }
  throw new ConfigError(
    `'${name}' must be a non-empty array of supported algorithms.`,
    `Use any of ${supportedAlgorithms.join(', ')}. Symmetric algorithms and 'none' are not supported.`,
  )
}

function requireAvailable(algorithms: readonly Algorithm[], name: string): void {
  const missing = algorithms.find((algorithm) => !isAvailable(algorithm))
  if (missing === undefined) return
  throw new ConfigError(
    `'${name}' has ${missing}, which this runtime does not support.`,
    'Use Node.js 24.7 or newer, or remove it from the list.',
  )
}

export function readProfile(value: unknown): Profile {
  return value === 'rfc9068' ? rfc9068Profile : checkedProfile(value)
}

export function readImpliedScopes(value: unknown): readonly Implication[] {
  return Object.entries(ownOptions(value, 'implied scope')).map(([scope, implies]) => {
    const rule = Array.isArray(implies) ? implication(scope, implies) : undefined
    if (rule) return Object.freeze(rule)
    throw new ConfigError(
      `'impliedScopes' maps '${scope}' to something other than an array of scopes.`,
      "Write { admin: ['orders:read', 'stock:*'] }; an asterisk must follow ':', '.' or '/'.",
    )
  })
}

export function readJwksUri(value: unknown, _name: string, context: ReadContext): string {
  return readUri(value, 'jwksUri', 'https://as.example.com/jwks', context)
}

export function readMetadataUri(value: unknown, _name: string, context: ReadContext): string {
  const example = 'https://as.internal/.well-known/openid-configuration'
  return readUri(value, 'metadataUri', example, context)
}

function readUri(value: unknown, name: string, example: string, context: ReadContext): string {
  const url = typeof value === 'string' ? parseUrl(value) : undefined
  if (!url || url.username !== '' || url.password !== '') {
    throw new ConfigError(
      `'${name}' must be an absolute URL without user information.`,
      `Set ${name}: '${example}'.`,
    )
  }
  requireSecure(url, `'${name}'`, context)
  return url.href
}

export function readJwks(value: unknown): { readonly keys: readonly object[] } {
  const keys = (value as { keys?: unknown } | null)?.keys
  const copy = Array.isArray(keys) && keys.length > 0 && keys.length <= 100 && copyOf(keys)
  if (copy) return { keys: copy }
  throw new ConfigError(
    "'jwks' must be a key set with 1 to 100 keys.",
    'Set jwks: { keys: [ … ] } to public keys (RFC 7517 section 5).',
  )
}

/** A copy, so that later changes have no effect; `undefined` if the keys contain anything but data. */
function copyOf(keys: readonly object[]): readonly object[] | undefined {
  return attempt(() => structuredClone(keys))
}

export function readClock(value: unknown): Clock {
  const { now, monotonic } = (value ?? {}) as Partial<Clock>
  if (typeof now === 'function' && typeof monotonic === 'function') return value as Clock
  throw new ConfigError(
    "'clock' must have the methods now() and monotonic().",
    'Add both; each returns milliseconds.',
  )
}

/** A realm that needs no escaping in a quoted string: printable ASCII. */
export function readRealm(value: unknown, name: string): string {
  if (typeof value === 'string' && /^[\x20-\x7e]+$/.test(value)) return value
  throw new ConfigError(
    `'${name}' must be a non-empty string of printable ASCII characters.`,
    'Use letters, digits and spaces.',
  )
}

/** Tries the function once: otherwise, a body that cannot be sent would not fail until a request is refused. */
export function readRefusalBody(value: unknown): RefusalBodyWriter {
  if (typeof value !== 'function') {
    throw new ConfigError(
      `'refusalBody' must be a function, got ${kindOf(value)}.`,
      'Pass a function or leave it out.',
    )
  }
  if (tryBody(value as RefusalBodyWriter, sampleRefusal)) return value as RefusalBodyWriter
  throw new ConfigError(
    "'refusalBody' threw, or did not return a contentType and a body that are strings.",
    "Write ({ status, title, detail }) => ({ contentType: 'text/plain', body: detail }), without async.",
  )
}

function requireSecure(url: URL, what: string, { allowInsecureHttp }: ReadContext): void {
  if (isSecure(url, allowInsecureHttp)) return
  throw new ConfigError(
    `${what} must use https.`,
    'Use https. On a trusted network, allowInsecureHttp: true permits http.',
  )
}
