import { type Fetch, FetchError, fetchJson } from '../lib/fetch-json.ts'
import { type JsonObject, own } from '../lib/json.ts'
import type { IssuerPolicy } from '../config/policy.ts'
import type { Profile } from '../options/profile.ts'
import { ConfigError } from '../errors/refusal.ts'
import { isSecure, parseUrl } from '../lib/url.ts'

/**
 * Finds the URL of an issuer's key set in the issuer's metadata. Tries OpenID Connect Discovery 1.0
 * section 4 first, then RFC 8414 section 3. The `issuer` in the metadata must be exactly the configured
 * one.
 *
 * @param options.insecure whether plain http is allowed
 * @throws FetchError if the metadata cannot be fetched
 * @throws ConfigError if the metadata is wrong, so that a retry does not help
 */
export async function discoverKeySet(
  fetch: Fetch,
  { issuer, profile }: IssuerPolicy,
  { insecure, signal }: { readonly insecure: boolean; readonly signal: AbortSignal },
): Promise<string> {
  const metadata = await fetchFirst(fetch, metadataUrls(issuer, profile.discovery), signal)
  requireSameIssuer(own(metadata, 'issuer'), issuer)
  const jwksUri = own(metadata, 'jwks_uri')
  const url = typeof jwksUri === 'string' ? parseUrl(jwksUri) : undefined
  if (!url || url.username !== '' || url.password !== '') {
    throw new ConfigError(
      `The metadata of '${issuer}' has no valid jwks_uri.`,
      "Set 'jwksUri' to the URL of the key set.",
    )
  }
  const issuerUsesHttps = new URL(issuer).protocol === 'https:'
  if (!isSecure(url, insecure) || (issuerUsesHttps && !insecure && url.protocol !== 'https:')) {
    throw new ConfigError(
      `The jwks_uri in the metadata of '${issuer}' must be an https URL.`,
      'Fix it at the authorization server, or set allowInsecureHttp: true on a trusted network.',
    )
  }
  return url.href
}

/** OpenID Connect appends to the issuer's path. RFC 8414 section 3.1 inserts before it. */
function metadataUrls(issuer: string, discovery: Profile['discovery']): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.endsWith('/') ? pathname.slice(0, -1) : pathname
  const urls = {
    openid: `${origin}${path}/.well-known/openid-configuration`,
    oauth: `${origin}/.well-known/oauth-authorization-server${path}`,
  }
  return discovery ? [urls[discovery]] : Object.values(urls)
}

/**
 * Tries the next URL only if the server responds, with a status below 500. An overloaded server must not get
 * a second request, and the other URL's response would hide its `Retry-After`.
 */
async function fetchFirst(
  fetch: Fetch,
  [url, ...others]: readonly string[],
  signal: AbortSignal,
): Promise<JsonObject> {
  try {
    return (await fetchJson(fetch, url!, { signal })).body
  } catch (error) {
    const isMissing = error instanceof FetchError && !isServerFailure(error)
    if (isMissing && others.length > 0) return fetchFirst(fetch, others, signal)
    throw error
  }
}

/** Whether the server is unreachable, failing, or overloaded, so that the response says nothing about the URL. */
export function isServerFailure({ status = 500 }: FetchError): boolean {
  return status >= 500 || status === 408 || status === 429
}

function requireSameIssuer(found: unknown, issuer: string): void {
  if (found === issuer) return
  const problem =
    typeof found === 'string'
      ? `is for a different issuer: ${JSON.stringify(found.slice(0, 128))}`
      : 'does not name its issuer'
  throw new ConfigError(
    `The metadata of '${issuer}' ${problem}.`,
    "Set 'issuer' to the exact iss value of its tokens, including any trailing slash.",
  )
}
