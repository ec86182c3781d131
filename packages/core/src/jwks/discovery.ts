import { type Fetch, FetchError, fetchJson } from '../lib/fetch-json.ts'
import { type JsonObject, own } from '../lib/json.ts'
import type { IssuerPolicy } from '../config/policy.ts'
import type { Profile } from '../options/profile.ts'
import { ConfigError } from '../errors/refusal.ts'
import { quote } from '../lib/quote.ts'
import { isSecure, parseUrl, withoutSlash } from '../lib/url.ts'
import { isServerFailure, metadataError } from './fetch-failure.ts'

/**
 * Finds the URL of an issuer's key set in the issuer's metadata. Tries OpenID Connect Discovery 1.0
 * section 4 first, then RFC 8414 section 3, or only the configured URL. The `issuer` in the metadata must
 * be exactly the configured one.
 *
 * @param options.insecure whether plain http is allowed
 * @throws IssuerFetchError if the metadata cannot be fetched
 * @throws ConfigError if the metadata is wrong, in which case a retry does not help
 */
export async function discoverKeySet(
  fetch: Fetch,
  { issuer, metadataUri, profile }: IssuerPolicy,
  { insecure, signal }: { readonly insecure: boolean; readonly signal: AbortSignal },
): Promise<string> {
  const { discovery } = profile
  const { metadata, usesHttps } = await discoverMetadata(
    fetch,
    { issuer, metadataUri, discovery },
    signal,
  )
  const jwksUri = own(metadata, 'jwks_uri')
  const url = typeof jwksUri === 'string' ? parseUrl(jwksUri) : undefined
  if (!url || url.username !== '' || url.password !== '') {
    throw new ConfigError(
      `The metadata of '${issuer}' has no valid jwks_uri.`,
      "Set 'jwksUri' to the URL of the key set.",
    )
  }
  if (!isSecure(url, insecure) || (usesHttps && !insecure && url.protocol !== 'https:')) {
    throw new ConfigError(
      `The jwks_uri in the metadata of '${issuer}' must be an https URL.`,
      'Fix it at the authorization server, or set allowInsecureHttp: true on a trusted network.',
    )
  }
  return url.href
}

/** How an issuer's metadata is found. */
export interface MetadataSource {
  readonly issuer: string
  /** The URL of the metadata, if it is not found at the well-known URLs. */
  readonly metadataUri: string | undefined
  /** The only kind of metadata to request. By default, both are tried. */
  readonly discovery: Profile['discovery']
}

/**
 * Fetches an issuer's metadata. Its `issuer` must be exactly the configured one.
 *
 * @throws IssuerFetchError if the metadata cannot be fetched
 * @throws ConfigError if the metadata is for another issuer
 */
export async function discoverMetadata(
  fetch: Fetch,
  { issuer, metadataUri, discovery }: MetadataSource,
  signal: AbortSignal,
): Promise<{ readonly metadata: JsonObject; readonly usesHttps: boolean }> {
  const urls = metadataUri === undefined ? metadataUrls(issuer, discovery) : [metadataUri]
  const metadata = await fetchFirst(fetch, urls, signal)
  requireSameIssuer(own(metadata, 'issuer'), issuer)
  return { metadata, usesHttps: new URL(urls[0]!).protocol === 'https:' }
}

/** OpenID Connect appends to the issuer's path. RFC 8414 section 3.1 inserts before it. */
function metadataUrls(issuer: string, discovery: Profile['discovery']): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = withoutSlash(pathname)
  const urls = {
    openid: `${origin}${path}/.well-known/openid-configuration`,
    oauth: `${origin}/.well-known/oauth-authorization-server${path}`,
  }
  return discovery ? [urls[discovery]] : Object.values(urls)
}

/**
 * Tries the next URL only if the server responds without the metadata, or with a page instead: some servers
 * answer every path with a page. A server that fails or is overloaded must not get a second request.
 *
 * @throws IssuerFetchError that names every URL and its response
 */
async function fetchFirst(
  fetch: Fetch,
  urls: readonly string[],
  signal: AbortSignal,
): Promise<JsonObject> {
  const attempts: { readonly url: string; readonly error: FetchError }[] = []
  for (const url of urls) {
    try {
      return (await fetchJson(fetch, url, { signal })).body
    } catch (error) {
      if (!(error instanceof FetchError)) throw error
      attempts.push({ url, error })
      if (isServerFailure(error)) break
    }
  }
  throw metadataError(attempts)
}

function requireSameIssuer(found: unknown, issuer: string): void {
  if (found === issuer) return
  const problem =
    typeof found === 'string'
      ? `is for a different issuer: ${quote(found)}`
      : 'does not name its issuer'
  throw new ConfigError(
    `The metadata of '${issuer}' ${problem}.`,
    "Set 'issuer' to the exact iss value of its tokens, including any trailing slash.",
  )
}
