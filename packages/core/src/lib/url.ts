const loopback = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

export function parseUrl(value: string): URL | undefined {
  return URL.canParse(value) ? new URL(value) : undefined
}

/** Encrypted, or not leaving this machine, or explicitly allowed to be neither. */
export function isSecure(url: URL, allowInsecureHttp: boolean): boolean {
  if (url.protocol === 'https:') return true
  return url.protocol === 'http:' && (allowInsecureHttp || loopback.test(url.hostname))
}

/** User, password, query or fragment: RFC 8414 section 2 allows none of them in an issuer. */
export function hasExtras(value: string, url: URL): boolean {
  return url.username !== '' || url.password !== '' || /[?#@]/.test(value)
}
