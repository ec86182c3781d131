import { ConfigError } from '../errors/refusal.ts'
import { type NormalUri, normalizePath, normalizeUri } from '../lib/uri.ts'
import { isSecure, parsePlainUrl, withoutSlash } from '../lib/url.ts'
import type { ReadContext } from '../options/option-table.ts'

/** The URLs that clients use to reach this service. */
export interface PublicUrls {
  /** Each with the path that comes before the service's own paths. The path is empty or has no trailing slash. */
  readonly origins: readonly NormalUri[]
  readonly prefix: PathRule
}

/** What a proxy does with the path. `added` has no trailing slash. */
export type PathRule = 'stripped' | 'kept' | { readonly added: string }

export function readPublicUrl(
  value: unknown,
  name: string,
  { allowInsecureHttp }: ReadContext,
): readonly NormalUri[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0) throw notPublicUrl(name)
  return Object.freeze(list.map((entry) => readOne(entry, name, allowInsecureHttp)))
}

function readOne(value: unknown, name: string, insecure: boolean): NormalUri {
  const url = parsePlainUrl(value)
  if (!url) throw notPublicUrl(name)
  if (!isSecure(url, insecure)) {
    throw new ConfigError(
      `'${name}' must be an https URL.`,
      'Use the URL that clients use, even if a proxy in front of this service terminates TLS.',
    )
  }
  // The configuration is trusted, so a host in Unicode may be written as it is displayed.
  const normal = normalizeUri(url.href)
  if (!normal) throw notPublicUrl(name)
  return Object.freeze({ origin: normal.origin, path: withoutSlash(normal.path) })
}

function notPublicUrl(name: string): ConfigError {
  return new ConfigError(
    `'${name}' must be an absolute http or https URL without user, password, query or fragment, or a list of them.`,
    `Set ${name}: 'https://api.example.com', or 'https://api.example.com/orders' for a service under a path.`,
  )
}

export function readPrefix(value: unknown, name: string): PathRule {
  if (value === 'stripped' || value === 'kept') return value
  const added = typeof value === 'string' ? /^added:(\/.+)$/.exec(value)?.[1] : undefined
  const path = added === undefined ? undefined : normalizePath(added)
  if (path !== undefined) return Object.freeze({ added: withoutSlash(path) })
  throw new ConfigError(
    `'${name}' must be 'stripped', 'kept', or 'added:' and a path.`,
    "Say what the proxy in front of this service does with the path, as in 'added:/internal'.",
  )
}

/**
 * The URLs of a resource server. `resource` is an identifier, so only its origin is used.
 *
 * @throws ConfigError if `publicUrl` has a path but `prefix` is missing, or if `prefix` is set without `publicUrl`
 */
export function publicUrlsOf(
  configured: readonly NormalUri[] | undefined,
  prefix: PathRule | undefined,
  resource: string | undefined,
): PublicUrls {
  if (configured?.some(({ path }) => path !== '') && prefix === undefined) {
    throw new ConfigError(
      "'publicUrl' has a path, but 'prefix' is missing.",
      "Set prefix: 'stripped' if a proxy removes this path before requests arrive here, and 'kept' otherwise.",
    )
  }
  if (!configured && prefix !== undefined) {
    throw new ConfigError(
      "'prefix' requires 'publicUrl'.",
      "Set publicUrl: 'https://api.example.com', or leave prefix out.",
    )
  }
  const fallback = resource === undefined ? undefined : normalizeUri(new URL(resource).href)
  const origins = configured ?? (fallback ? [{ origin: fallback.origin, path: '' }] : [])
  return Object.freeze({ origins, prefix: prefix ?? 'stripped' })
}
