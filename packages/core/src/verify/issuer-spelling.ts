import { hasExtras, isSecure, parseUrl } from '../lib/url.ts'

/** Longer than any issuer that somebody types into a configuration. */
const maxLength = 512

/**
 * Whether this is an issuer in its one spelling: a URL that a parser leaves as it is, letter by letter.
 * So what a rule looks at is what is fetched from. No user, port that goes without saying, upper case or
 * foreign letters in the host, dot at its end, dot segments, empty segments, escapes, backslashes, query or
 * fragment.
 */
export function isPlainlySpelled(iss: string, insecure: boolean): boolean {
  const url = iss.length <= maxLength && !hasOddities(iss) ? parseUrl(iss) : undefined
  if (!url || hasExtras(iss, url) || !isSecure(url, insecure)) return false
  return url.href === iss || (url.pathname === '/' && url.href === `${iss}/`)
}

function hasOddities(iss: string): boolean {
  return /[^\x21-\x7e]|[%\\]|[^:]\/\/|\.(?:[:/]|$)/.test(iss)
}
