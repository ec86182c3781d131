import type { Policy } from '../config/policy.ts'
import { quote, quoteList } from '../lib/quote.ts'
import { isLoopback, parseUrl, withoutSlash } from '../lib/url.ts'

type Issuers = Policy['issuers']

/**
 * Says why a token's `iss` is not trusted: its value, the configured issuers, and what to change if the
 * token is nevertheless from the right authorization server. For the operator only, because `iss` is not
 * verified.
 */
export function describeMismatch(iss: unknown, issuers: Issuers): string {
  const { expected } = comparisonWith(issuers)
  if (iss === undefined) return `the token has no iss${expected}`
  if (typeof iss !== 'string') return `the token's iss is not a string${expected}`
  const advice = adviceFor(iss, issuers)
  return `the token's iss is ${quote(iss)}${expected}${advice === undefined ? '' : `. ${advice}`}`
}

/** What is said of the configured issuers, and those that are compared part by part. */
interface Comparison {
  readonly expected: string
  readonly compared: readonly URL[]
}

/** Computed once, so that the work for a token does not depend on the number of issuers. */
const comparisons = new WeakMap<Issuers, Comparison>()

/** How many configured issuers are compared part by part, so that the work for a token is bounded. */
const maxCompared = 20
/** In characters. A longer `iss` is not compared part by part. */
const maxLength = 512

function comparisonWith(issuers: Issuers): Comparison {
  const known = comparisons.get(issuers)
  if (known) return known
  const names = [...issuers.keys()]
  const compared = names.slice(0, maxCompared).flatMap((name) => parseUrl(name) ?? [])
  const comparison = { expected: describeExpected(names), compared }
  comparisons.set(issuers, comparison)
  return comparison
}

function describeExpected(names: readonly string[]): string {
  if (names.length === 0) return ''
  return names.length === 1
    ? `, expected ${quote(names[0]!)}`
    : `, expected one of ${quoteList(names)}`
}

function adviceFor(iss: string, issuers: Issuers): string | undefined {
  const otherSlash = iss.endsWith('/') ? iss.slice(0, -1) : `${iss}/`
  if (issuers.has(otherSlash)) return advice.slash
  const found = iss.length <= maxLength ? parseUrl(iss) : undefined
  if (!found) return undefined
  const { compared } = comparisonWith(issuers)
  const differences = compared.map((known) => differenceOf(found, known))
  const closest = byLikelihood.find((difference) => differences.includes(difference))
  return closest && advice[closest]
}

type Difference = 'slash' | 'spelling' | 'scheme' | 'address' | 'path'

/** The most likely mistake first. */
const byLikelihood: readonly Difference[] = ['spelling', 'scheme', 'address', 'path']

const advice: Readonly<Record<Difference, string>> = {
  slash: "They differ by a trailing slash. Set 'issuer' exactly as in the token",
  spelling:
    "They are the same URL, written differently (for example, in uppercase). Set 'issuer' exactly as in the token",
  scheme:
    'They differ in the scheme (http and https). If the authorization server is behind a proxy, configure its public ' +
    "URL there. Set 'issuer' to the iss of its tokens",
  address:
    'They differ in the address. If both are the same authorization server, which this service reaches at ' +
    "a different address than the clients do (localhost, a container name), set 'issuer' to the iss of its tokens " +
    "and 'jwksUri' to a URL of its key set that this service can reach",
  path: 'They differ in the path. The token is from another realm or tenant of the same server',
}

/** How an `iss` differs from a configured issuer, if they may be the same authorization server. */
function differenceOf(found: URL, known: URL): Difference | undefined {
  const samePath = withoutSlash(found.pathname) === withoutSlash(known.pathname)
  if (found.host === known.host) {
    if (!samePath) return sameLetters(found.pathname, known.pathname) ? 'spelling' : 'path'
    return found.protocol === known.protocol ? 'spelling' : 'scheme'
  }
  const sameHost = found.hostname === known.hostname
  return samePath && (sameHost || isInternal(found) || isInternal(known)) ? 'address' : undefined
}

function sameLetters(one: string, other: string): boolean {
  return withoutSlash(one).toLowerCase() === withoutSlash(other).toLowerCase()
}

/** A loopback address, a name without a dot, or a name that is only known inside a network. */
function isInternal(url: URL): boolean {
  const { hostname } = url
  return (
    isLoopback(url) ||
    !hostname.includes('.') ||
    /^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.[\d.]+$/.test(hostname) ||
    /\.(?:local|internal|localhost|svc)$|\.svc\./.test(hostname)
  )
}
