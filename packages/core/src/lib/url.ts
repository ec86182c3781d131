import { attempt } from './attempt.ts'

const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Returns `undefined` if the text is not an absolute URL. */
export function parseUrl(value: string): URL | undefined {
  // Not `URL.canParse`: on Node 20, it refuses hosts that are not ASCII once it has been optimized.
  return attempt(() => new URL(value))
}

/** Parses an absolute http or https URL without user, password, query, fragment, or whitespace around it. */
export function parsePlainUrl(value: unknown): URL | undefined {
  const url = typeof value === 'string' && value === value.trim() ? parseUrl(value) : undefined
  const isPlain = url && !hasExtras(value as string, url) && /^https?:/.test(url.protocol)
  return isPlain ? url : undefined
}

/** Whether the URL is https, or http on a loopback address, or http that is explicitly allowed. */
export function isSecure(url: URL, allowInsecureHttp: boolean): boolean {
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && (allowInsecureHttp || isLoopback(url))
}

export function withoutSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** Whether the host is this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return loopback.test(hostname)
}

/** Whether this is an issuer identifier of RFC 8414 section 2, which has metadata at a known URL. */
export function isIssuerUrl(value: string): boolean {
  const url = parseUrl(value)
  return url !== undefined && /^https?:\/\/\S+$/i.test(value) && !hasExtras(value, url)
}

/**
 * Whether the URL has a user, password, query, or fragment. RFC 8414 section 2 allows neither a query nor
 * a fragment in an issuer, and RFC 9110 section 4.2.4 deprecates users and passwords.
 */
export function hasExtras(value: string, url: URL): boolean {
  return url.username !== '' || url.password !== '' || /[?#@]/.test(value)
}
