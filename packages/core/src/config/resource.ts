import { ConfigError } from '../errors/refusal.ts'
import { isSecure, parsePlainUrl } from '../lib/url.ts'

/** The public identity of this resource server (RFC 9728 sections 1.2 and 3.1). */
export interface Resource {
  /** The resource identifier, exactly as configured. */
  readonly identifier: string
  /** The public URL of the protected resource metadata. */
  readonly metadataUrl: string
  /** The path of `metadataUrl`. The app serves the metadata at this path. */
  readonly metadataPath: string
}

const wellKnown = '/.well-known/oauth-protected-resource'

/**
 * Reads the `resource` option. For example, `https://api.example.com/v1` has its metadata at
 * `https://api.example.com/.well-known/oauth-protected-resource/v1` (RFC 9728 section 3.1).
 *
 * The URL depends only on configuration. It must not depend on the `Host` header, because the caller
 * controls that header.
 *
 * @param insecure whether plain http is allowed
 * @throws ConfigError if the value is not an absolute http or https URL, or is not secure
 */
export function readResource(value: unknown, insecure: boolean): Resource {
  const url = parsePlainUrl(value)
  if (!url) {
    throw new ConfigError(
      "'resource' must be an absolute http or https URL without user, password, query or fragment.",
      "Pass the URL that clients use for this service, such as 'https://orders.example.com'.",
    )
  }
  if (!isSecure(url, insecure)) {
    throw new ConfigError(
      "'resource' must be an https URL.",
      'Use https (RFC 9728 section 1.2), or set allowInsecureHttp: true on a trusted network.',
    )
  }
  const metadataPath = wellKnown + (url.pathname === '/' ? '' : url.pathname)
  const metadataUrl = url.origin + metadataPath
  return Object.freeze({ identifier: value as string, metadataUrl, metadataPath })
}
