import { type Fetch, FetchError, fetchJson } from '../lib/fetch-json.ts'
import { type JsonObject, own } from '../lib/json.ts'
import type { IssuerPolicy } from '../config/policy.ts'
import type { Profile } from '../options/profile.ts'
import { ConfigError } from '../errors/refusal.ts'
import { isSecure, parseUrl } from '../lib/url.ts'

/**
 * Finds an issuer's key set by its metadata: OpenID Connect Discovery 1.0 section 4 first, then
 * RFC 8414 section 3. The metadata's `issuer` must be the configured one, letter by letter.
 *
 * @throws FetchError where no metadata can be had
 * @throws ConfigError where the metadata cannot be right: waiting does not mend that
 */
export async function discoverKeySet(
  fetch: Fetch,
  { issuer, profile }: IssuerPolicy,
  { insecure, signal }: { readonly insecure: boolean; readonly signal: AbortSignal },
): Promise<string> {
  const metadata = await firstFound(fetch, metadataUrls(issuer, profile.discovery), signal)
  requireSameIssuer(own(metadata, 'issuer'), issuer)
  const jwksUri = own(metadata, 'jwks_uri')
  const url = typeof jwksUri === 'string' ? parseUrl(jwksUri) : undefined
  if (!url || url.username !== '' || url.password !== '') {
    throw new ConfigError(
      `The metadata of '${issuer}' has no usable jwks_uri.`,
      'Set jwksUri to where its keys are.',
    )
  }
  const encrypted = new URL(issuer).protocol === 'https:'
  if (!isSecure(url, insecure) || (encrypted && !insecure && url.protocol !== 'https:')) {
    throw new ConfigError(
      `The metadata of '${issuer}' names a key set that is not https.`,
      'Mend it at the authorization server; on a trusted network, allowInsecureHttp: true permits it.',
    )
  }
  return url.href
}

/** OIDC appends to the issuer's path; RFC 8414 section 3.1 inserts before it. */
function metadataUrls(issuer: string, kind: Profile['discovery']): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.endsWith('/') ? pathname.slice(0, -1) : pathname
  const urls = {
    openid: `${origin}${path}/.well-known/openid-configuration`,
    oauth: `${origin}/.well-known/oauth-authorization-server${path}`,
  }
  return kind ? [urls[kind]] : Object.values(urls)
}

async function firstFound(
  fetch: Fetch,
  [url, ...others]: readonly string[],
  signal: AbortSignal,
): Promise<JsonObject> {
  try {
    return (await fetchJson(fetch, url!, { signal })).body
  } catch (error) {
    const absent = error instanceof FetchError && (error.status ?? 500) < 500
    if (absent && others.length > 0) return firstFound(fetch, others, signal)
    throw error
  }
}

function requireSameIssuer(named: unknown, issuer: string): void {
  if (named === issuer) return
  const shown = typeof named === 'string' ? JSON.stringify(named.slice(0, 128)) : 'nothing'
  throw new ConfigError(
    `The metadata of '${issuer}' is of another issuer: ${shown}.`,
    'Set issuer to exactly what the tokens say in iss; a trailing slash counts.',
  )
}
