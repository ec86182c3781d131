import { type NormalUri, normalizePath, normalizeUri } from '../lib/uri.ts'
import type { PublicUrls } from '../config/public-url.ts'
import type { Presentation } from './presentation.ts'

/** What the `Host` header, and `:authority` in HTTP/2, may contain: a host and a port. */
const hostAndPort = /^[\w.~:[\]-]*$/

/**
 * The URLs that the client may have used for this request, normalized. They depend on the configuration
 * and on the path of the request, and never on `Host`, `:authority` or `X-Forwarded-*`, which the caller
 * controls. Empty if the request target is malformed or is outside the configured URLs.
 */
export function targetsOf(presentation: Presentation, urls: PublicUrls): readonly NormalUri[] {
  const { publicUrl } = presentation
  if (publicUrl !== undefined) return [normalizeUri(publicUrl)].filter((url) => url !== undefined)
  // A framework that builds URLs from one of them would mistake part of its value for the path.
  const hosts = [...presentation.header('host'), ...presentation.header(':authority')]
  if (!hosts.every(isHostAndPort)) return []
  const received = receivedTarget(presentation.url)
  if (!received) return []
  return urls.origins
    .filter(({ origin }) => received.origin === undefined || received.origin === origin)
    .flatMap(({ origin, path }) =>
      publicPaths(received.path, path, urls.prefix).map((full) => ({ origin, path: full })),
    )
}

function isHostAndPort(value: unknown): boolean {
  return typeof value === 'string' && hostAndPort.test(value)
}

/** An origin-form or absolute-form target (RFC 9112 section 3.2). `*` and `host:port` are not URLs. */
function receivedTarget(
  url: string,
): { readonly origin?: string; readonly path: string } | undefined {
  if (!url.startsWith('/')) return normalizeUri(url)
  const path = url.includes('#') ? undefined : normalizePath(url.split('?', 1)[0]!)
  return path === undefined ? undefined : { path }
}

/** The paths that clients use for a received path. */
function publicPaths(
  received: string,
  prefix: string,
  mode: PublicUrls['prefix'],
): readonly string[] {
  if (mode === 'kept') return isWithin(received, prefix) ? [received] : []
  if (mode !== 'stripped' && !isWithin(received, mode.added)) return []
  const inner = mode === 'stripped' ? received : received.slice(mode.added.length) || '/'
  // A proxy turns both `/prefix` and `/prefix/` into `/`.
  return inner === '/' && prefix !== '' ? [prefix, `${prefix}/`] : [prefix + inner]
}

function isWithin(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}

/**
 * Returns why `htu` does not name one of these targets, or `undefined` if it does. Its query and fragment are ignored
 * (RFC 9449 section 4.3). The reason quotes neither URL, because paths may contain personal data.
 */
export function targetProblem(htu: string, targets: readonly NormalUri[]): string | undefined {
  if (targets.length === 0) return 'the URL of the request is malformed or is outside publicUrl'
  const uri = normalizeUri(htu)
  if (!uri) return 'htu in the proof is not a well-formed http or https URL'
  const sameOrigin = targets.filter(({ origin }) => origin === uri.origin)
  if (sameOrigin.length === 0) {
    const origins = [...new Set(targets.map(({ origin }) => origin))].join(' or ')
    return `the origin of htu in the proof is not ${origins}`
  }
  if (sameOrigin.some(({ path }) => path === uri.path)) return undefined
  return 'the path of htu in the proof is not the path of the request'
}
