import { ConfigError } from '../errors/refusal.ts'
import { hasExtras, isSecure, parseUrl } from '../lib/url.ts'

/** This resource server, as the world calls it: RFC 9728 sections 1.2 and 3.1. */
export interface Resource {
  /** The resource identifier, letter by letter as configured. */
  readonly identifier: string
  /** Where its metadata is, for everybody. */
  readonly metadataUrl: string
  /** The path of `metadataUrl`, by which an app serves it. */
  readonly metadataPath: string
}

const wellKnown = '/.well-known/oauth-protected-resource'

/**
 * The well-known path goes between host and path (RFC 9728 section 3.1). All of it comes from what is
 * configured: a `Host` header is the caller's choice.
 *
 * @throws ConfigError
 */
export function readResource(value: unknown, insecure: boolean): Resource {
  const url = typeof value === 'string' && value === value.trim() ? parseUrl(value) : undefined
  if (!url || hasExtras(value as string, url) || !/^https?:/.test(url.protocol)) {
    throw new ConfigError(
      "'resource' is not an absolute URL without user, query and fragment.",
      "Write resource: 'https://orders.example.com', as clients reach this service.",
    )
  }
  if (!isSecure(url, insecure)) {
    throw new ConfigError(
      "'resource' is not https.",
      'Use https (RFC 9728 section 1.2). On a trusted network, allowInsecureHttp: true permits http.',
    )
  }
  const metadataPath = wellKnown + (url.pathname === '/' ? '' : url.pathname)
  const metadataUrl = url.origin + metadataPath
  return Object.freeze({ identifier: value as string, metadataUrl, metadataPath })
}
