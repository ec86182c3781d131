import type { CredentialRule } from '../config/credential.ts'
import { refuse, type Refusal } from '../errors/refusal.ts'
import { type HttpRequest, headerValues } from './request.ts'

// Tokens that are in a cookie, in a header of their own, or in a subprotocol.

/** Names the place, for use in the reasons of refusals. */
export function placeOf({ from, name }: CredentialRule): string {
  return `the ${from} '${name}'`
}

/** Returns every value that the request has there. Values that are not strings come from serverless shims. */
export function valuesIn(
  { from, name, header }: CredentialRule,
  request: Pick<HttpRequest, 'headers'>,
): readonly unknown[] {
  return headerValues(request, header).flatMap((line): readonly unknown[] =>
    typeof line === 'string' ? readers[from](name, line) : [line],
  )
}

const readers: Readonly<
  Record<CredentialRule['from'], (name: string, line: string) => readonly string[]>
> = {
  cookie: cookiesNamed,
  header: (_name, line) => [line],
  subprotocol: tokensOffered,
}

/**
 * The tokens among the subprotocols that the client offers (RFC 6455 section 11.3.4): what follows the name and a
 * dot.
 */
function tokensOffered(name: string, line: string): readonly string[] {
  return line
    .split(',')
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol.startsWith(`${name}.`))
    .map((protocol) => protocol.slice(name.length + 1))
}

/**
 * The values of all cookies with this name (RFC 6265 section 4.2.1). The name is compared exactly and nothing but the
 * spaces after a semicolon is removed: a server that trims more would mistake a cookie that the browser did not check
 * for one with the prefix `__Host-`. Quotes do not hide a semicolon, as in browsers.
 */
function cookiesNamed(name: string, line: string): readonly string[] {
  return line
    .split(';')
    .map((pair) => pair.replace(/^ +/, ''))
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1))
}

/** RFC 9110 section 11.2. */
const token68 = /^[A-Za-z0-9\-._~+/]+=*$/

/** Returns the token in the only value, or a refusal that says why there is none. */
export function tokenIn(rule: CredentialRule, values: readonly unknown[]): string | Refusal {
  const place = placeOf(rule)
  const [value] = values
  if (values.length > 1 || isSeveral(value)) {
    return refuse('credential_repeated', `the request has ${place} more than once`)
  }
  const token = rule.from === 'cookie' ? withoutQuotes(value) : value
  if (typeof token === 'string' && token68.test(token)) return token
  return refuse('credential_malformed', `${place} ${problemOf(value)}`)
}

/** The Fetch standard joins repeated headers with a comma, which no token contains. Shims may pass a list. */
function isSeveral(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'string' && value.includes(','))
}

/** The value of a cookie may be in quotes (RFC 6265 section 4.1.1). */
function withoutQuotes(value: unknown): unknown {
  return typeof value === 'string' ? (/^"(.*)"$/.exec(value)?.[1] ?? value) : value
}

/** What is there instead of a token, without quoting it: it may be a secret. */
function problemOf(value: unknown): string {
  if (typeof value !== 'string') return 'is not a string'
  if (value === '') return 'is empty'
  if (/^(?:bearer|dpop) /i.test(value))
    return 'starts with a scheme. It must contain only the token'
  if (/%[\da-f]{2}/i.test(value))
    return 'is percent-encoded. Have the client send the token without encoding'
  return 'contains characters that a token cannot contain'
}

/** Methods that change nothing (RFC 9110 section 9.2.1), so that a page of another site may cause them. */
const safeMethods: readonly string[] = ['GET', 'HEAD', 'OPTIONS']

/**
 * Refuses requests that a page on another site may have caused, because browsers send cookies with those too. A
 * WebSocket is opened by a `GET`, and its messages can change anything. Returns `undefined` if the request may
 * proceed.
 */
export function checkOrigin(rule: CredentialRule, request: HttpRequest): Refusal | undefined {
  if (rule.from !== 'cookie' || isSafe(request)) return undefined
  const origins = headerValues(request, 'origin')
  const sites = headerValues(request, 'sec-fetch-site')
  if (origins.length > 1 || sites.length > 1) {
    return refuse('origin_not_allowed', 'the request has more than one Origin or Sec-Fetch-Site')
  }
  const [origin] = origins
  const allowed: ReadonlySet<unknown> = rule.origins
  const isListed = allowed.has(origin)
  if (isListed || sites[0] === 'same-origin') return undefined
  return refuse('origin_not_allowed', whyNotAllowed(origin, sites[0]))
}

function isSafe(request: HttpRequest): boolean {
  const isUpgrade = headerValues(request, 'upgrade').length > 0
  return safeMethods.includes(request.method) && !isUpgrade
}

function whyNotAllowed(origin: unknown, site: unknown): string {
  if (origin === undefined && site === undefined) {
    return (
      'the token is in a cookie, and the request has neither Origin nor Sec-Fetch-Site, so another site may have sent ' +
      'it. Have clients other than browsers send Origin'
    )
  }
  return (
    "the token is in a cookie, and the Origin of the request is neither the service's own nor one of the 'origins' of " +
    'fromCookie()'
  )
}
