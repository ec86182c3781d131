const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** Returns `undefined` if the text is not an absolute URL. */
export function parseUrl(value: string): URL | undefined {
  // Not `URL.canParse`: on Node 20, it refuses hosts that are not ASCII once it has been optimized.
  try {
    return new URL(value)
  } catch {
    return undefined
  }
}

/** Whether the URL is https, or http on a loopback address, or http that is explicitly allowed. */
export function isSecure(url: URL, allowInsecureHttp: boolean): boolean {
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && (allowInsecureHttp || loopback.test(url.hostname))
}

/**
 * Whether the URL has a user, password, query, or fragment. RFC 8414 section 2 allows neither a query nor
 * a fragment in an issuer, and RFC 9110 section 4.2.4 deprecates users and passwords.
 */
export function hasExtras(value: string, url: URL): boolean {
  return url.username !== '' || url.password !== '' || /[?#@]/.test(value)
}
