import { ConfigError } from '../errors/refusal.ts'
import { isSecure, parsePlainUrl } from '../lib/url.ts'
import { checkNames, kindOf, ownOptions } from './option-table.ts'

/** A cookie that contains the access token. Create it with `fromCookie()`. */
export interface CookieSource {
  readonly from: 'cookie'
  readonly name: string
  /** The origins whose pages may send unsafe requests, in addition to the service's own. */
  readonly origins: readonly string[]
}

/** A header that contains the access token. Create it with `fromHeader()`. */
export interface HeaderSource {
  readonly from: 'header'
  readonly name: string
}

/**
 * A subprotocol of a WebSocket handshake that contains the access token, as `name.token`. Create it with
 * `fromSubprotocol()` from `@resource-server/ws`.
 */
export interface SubprotocolSource {
  readonly from: 'subprotocol'
  readonly name: string
}

/** Where a request carries its access token, if not in `Authorization`. */
export type CredentialSource = CookieSource | HeaderSource | SubprotocolSource

/**
 * Reads access tokens from a cookie, and from nowhere else. For the option `credential`.
 *
 * Browsers send cookies with requests from every site. So a request whose method is not `GET`, `HEAD`, or `OPTIONS`,
 * and every WebSocket handshake, is refused with 403 unless the browser says that it comes from the service's own
 * origin or from one of `origins`. See docs/credentials.md for what you still have to do.
 *
 * @param name case-sensitive. With the prefix `__Host-`, no other host of the same site can set the cookie.
 * @param options `origins`: the origins, such as `https://app.example.com`, whose pages may send unsafe requests.
 *   Exact and in lowercase. Default: only the origins of `publicUrl` and `resource`, and requests that the browser
 *   marks as same-origin
 * @throws ConfigError if the name is not a valid cookie name (RFC 6265 section 4.1.1), or an entry is not an origin
 *
 * @example
 * import { createGate } from '@resource-server/core/adapter'
 * import { fromCookie } from '@resource-server/core'
 *
 * export const gate = createGate({
 *   issuer: 'https://as.example.com',
 *   audience: 'order-service',
 *   credential: fromCookie('__Host-session', { origins: ['https://app.example.com'] }),
 * })
 */
export function fromCookie(
  name: string,
  options: { readonly origins?: readonly string[] } = {},
): CookieSource {
  requireName(name, 'a cookie', 'fromCookie', '__Host-session')
  return Object.freeze({ from: 'cookie', name, origins: checkedOrigins(options) })
}

/**
 * Reads access tokens from a header, and from nowhere else. The value is the token alone, without a scheme. For the
 * option `credential`. For proxies that sign in users and pass the token on, such as Cloudflare Access.
 *
 * The token is verified like any other. There is no check that it came from the proxy. None is necessary, because the
 * issuer signed the token.
 *
 * @param name case-insensitive
 * @throws ConfigError if the name is not a valid header name (RFC 9110 section 5.1), or the header has another
 *   purpose, such as `Authorization` or `Cookie`
 *
 * @example
 * import { createGate } from '@resource-server/core/adapter'
 * import { fromHeader } from '@resource-server/core'
 *
 * export const gate = createGate({
 *   issuer: 'https://as.example.com',
 *   audience: 'order-service',
 *   credential: fromHeader('X-Forwarded-Access-Token'),
 * })
 */
export function fromHeader(name: string): HeaderSource {
  requireName(name, 'a header', 'fromHeader', 'Cf-Access-Jwt-Assertion')
  const fix = otherPurposes[name.toLowerCase()]
  if (fix === undefined) return Object.freeze({ from: 'header', name })
  throw new ConfigError(`fromHeader() cannot read the header '${name}'.`, fix)
}

/**
 * Reads access tokens from a subprotocol of a WebSocket handshake, and from `Authorization`. For the option
 * `credential`. Scripts in browsers can choose the subprotocols of a WebSocket, but they cannot set any other header
 * of its handshake. The token is never sent back.
 *
 * @param name the part before the dot and the token: `access_token` for
 *   `new WebSocket(url, ['orders.v1', 'access_token.eyJ…'])`
 * @throws ConfigError if the name does not consist of letters, digits, hyphens, and underscores
 *
 * @example
 * import { createGate, fromSubprotocol } from '@resource-server/core/adapter'
 *
 * export const gate = createGate({
 *   issuer: 'https://as.example.com',
 *   audience: 'order-service',
 *   credential: fromSubprotocol('access_token'),
 * })
 */
export function fromSubprotocol(name: string): SubprotocolSource {
  requireName(name, 'a subprotocol', 'fromSubprotocol', 'access_token')
  if (/^[\w-]+$/.test(name)) return Object.freeze({ from: 'subprotocol', name })
  throw new ConfigError(
    'The name of the subprotocol must consist of letters, digits, hyphens, and underscores.',
    "Write fromSubprotocol('access_token').",
  )
}

/** Checks an object that might not come from the functions above, such as one from another copy of this package. */
export function checkedSource(value: unknown): CredentialSource {
  const { from, name, ...others } = isObject(value) ? ownOptions(value, 'credential member') : {}
  if (from === 'cookie') return fromCookie(name as string, others)
  const create = factories.get(from)
  if (create && Object.keys(others).length === 0) return create(name as string)
  throw new ConfigError(
    `'credential' must say where the token is, got ${kindOf(value)}.`,
    "Pass fromCookie('__Host-session') or fromHeader('Cf-Access-Jwt-Assertion'). Without the option, the token is in Authorization.",
  )
}

/** Those without options. */
const factories: ReadonlyMap<unknown, (name: string) => CredentialSource> = new Map<
  unknown,
  (name: string) => CredentialSource
>([
  ['header', fromHeader],
  ['subprotocol', fromSubprotocol],
])

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Headers that never contain a token alone, and what to do instead. */
const otherPurposes: Readonly<Record<string, string>> = {
  authorization: "Leave 'credential' out: that is where tokens are read by default.",
  cookie: "Pass fromCookie('…') with the name of the cookie.",
  'set-cookie': "Pass fromCookie('…') with the name of the cookie.",
  'proxy-authorization': 'That header is for the proxy. Name the one in which it passes the token.',
  dpop: 'That header contains a proof (RFC 9449 section 4). Name the one that contains the token.',
}

/** A token (RFC 9110 section 5.6.2), which names headers and cookies. */
const nameSyntax = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

function requireName(name: unknown, what: string, call: string, example: string): void {
  if (typeof name === 'string' && name.length <= 256 && nameSyntax.test(name)) return
  const got = typeof name === 'string' ? 'a string that is not one' : kindOf(name)
  throw new ConfigError(
    `${call}() requires the name of ${what}, got ${got}.`,
    `Write ${call}('${example}').`,
  )
}

function checkedOrigins(given: unknown): readonly string[] {
  const options = ownOptions(given, 'fromCookie option', 'Write { origins }, or leave it out.')
  checkNames(options, ['origins'], 'fromCookie option')
  const { origins = [] } = options
  if (Array.isArray(origins) && origins.every(isOrigin)) return Object.freeze([...origins])
  throw new ConfigError(
    "'origins' must be a list of origins, as browsers write them in the Origin header.",
    "Write ['https://app.example.com'], without a path and without a trailing slash.",
  )
}

/**
 * An origin as browsers serialize it, without a wildcard. `http` only on this machine: anyone on the network could
 * change such a page.
 */
function isOrigin(value: unknown): value is string {
  const url = parsePlainUrl(value)
  if (!url || !isSecure(url, false)) return false
  return url.origin === value && !url.hostname.includes('*')
}
