import { type IpAddress, parseIpv6 } from './ip-address.ts'

/** The parts of a URI that identify a resource, in their normal form. */
export interface NormalUri {
  /** The scheme and the authority, such as `https://api.example:8443`. */
  readonly origin: string
  readonly path: string
}

const beforePath = /^(https?):\/\/([^/]*)/i
const authority = /^(?:([\w.~-]+)|\[([\da-f:.]+)\])(?::(\d*))?$/i
const defaultPorts: Readonly<Record<string, string>> = { http: '80', https: '443' }

/**
 * Normalizes an absolute http or https URI as RFC 3986 sections 6.2.2 and 6.2.3 describe: the case of
 * the scheme, the host and escape sequences, escaped unreserved characters, the default port, and the
 * empty path. IPv6 literals become addresses. The query and the fragment are dropped.
 *
 * `new URL()` is not suitable: it also accepts texts that mean a different URI to other software, such as
 * `https:host`, a backslash for a slash, `127.1`, or a host in Unicode. Those return `undefined` here, and so do user
 * information and dot segments, which conforming clients resolve before they send a request.
 */
export function normalizeUri(text: string): NormalUri | undefined {
  if (!isPrintable(text)) return undefined
  const hierarchical = text.split(/[?#]/, 1)[0]!
  const parts = beforePath.exec(hierarchical)
  if (!parts) return undefined
  const scheme = parts[1]!.toLowerCase()
  const host = normalizeAuthority(parts[2]!, defaultPorts[scheme]!)
  const path = normalizePath(hierarchical.slice(parts[0].length))
  if (host === undefined || path === undefined) return undefined
  return { origin: `${scheme}://${host}`, path }
}

/** Printable ASCII without the space and the backslash. */
function isPrintable(text: string): boolean {
  return /^[!-[\]-~]+$/.test(text)
}

function normalizeAuthority(text: string, defaultPort: string): string | undefined {
  const parts = authority.exec(text)
  if (!parts) return undefined
  const [, name, ipv6, port = ''] = parts
  const address = ipv6 === undefined ? undefined : parseIpv6(ipv6)
  const host = name?.toLowerCase() ?? (address && `[${groupsOf(address)}]`)
  if (host === undefined) return undefined
  return port === '' || port === defaultPort ? host : `${host}:${port}`
}

/** All eight groups, so that one address has one text. */
function groupsOf(address: IpAddress): string {
  const groups = Array.from({ length: 8 }, (_, at) => address[at * 2]! * 256 + address[at * 2 + 1]!)
  return groups.map((group) => group.toString(16)).join(':')
}

/** For one character. */
const unreserved = /[\w.~-]/

/**
 * Normalizes the path of a URI. Returns `undefined` if it is not printable ASCII, has a malformed escape
 * sequence, or has a dot segment, escaped or not.
 */
export function normalizePath(path: string): string | undefined {
  if (path === '') return '/'
  if (!path.startsWith('/') || !isPrintable(path) || /%(?![\da-f]{2})/i.test(path)) return undefined
  const normal = path.replace(/%[\da-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return unreserved.test(character) ? character : escape.toUpperCase()
  })
  return /\/\.{1,2}(?:\/|$)/.test(normal) ? undefined : normal
}
