import type { JsonObject, KeyRing } from '../keys/signing-keys.ts'
import type { Resource } from './server.ts'

/** The metadata that an issuer serves: OpenID Connect Discovery, RFC 8414, both, or none. */
export type Discovery = 'both' | 'openid' | 'oauth' | 'none'

export const discoveries: readonly Discovery[] = ['both', 'openid', 'oauth', 'none']

/** The issuer's name and URLs, and the paths that its server serves. */
export interface IssuerUrls {
  /** The issuer identifier. The server may have another address. */
  readonly issuer: string
  readonly origin: string
  readonly jwksUri: string
  readonly metadataUri: string
  readonly paths: Readonly<Record<'openid' | 'oauth' | 'keys', string>>
}

/** How a test names its issuer. Both are optional. */
interface IssuerName {
  readonly issuer?: string | undefined
  readonly path?: string | undefined
}

const isHttpUrl = (value: string | undefined): value is string =>
  value !== undefined && /^https?:/.test(value) && URL.canParse(value)

/**
 * OpenID Connect Discovery appends its well-known path to the issuer (section 4). RFC 8414 inserts it
 * before the issuer's path (section 3.1). Both remove a trailing slash first.
 */
export function issuerUrls(origin: string, name: IssuerName): IssuerUrls {
  const path = name.path ?? (isHttpUrl(name.issuer) ? new URL(name.issuer).pathname : '')
  const base = path.replace(/\/$/, '')
  const openid = `${base}/.well-known/openid-configuration`
  return {
    issuer: name.issuer ?? origin + path,
    origin,
    jwksUri: `${origin}${base}/jwks`,
    metadataUri: origin + openid,
    paths: {
      openid,
      oauth: `/.well-known/oauth-authorization-server${base}`,
      keys: `${base}/jwks`,
    },
  }
}

/** The documents that the issuer serves, by path. */
export function issuerResources(
  urls: IssuerUrls,
  ring: KeyRing,
  settings: { readonly discovery: Discovery; readonly metadata: JsonObject },
): ReadonlyMap<string, Resource> {
  const { discovery } = settings
  const body = (): JsonObject => ({
    ...requiredMetadata(urls, ring.current().algorithm),
    ...settings.metadata,
  })
  const metadataAt = (kind: Discovery): Resource => ({
    countedAs: 'discovery',
    ...((discovery === 'both' || discovery === kind) && { body }),
  })
  return new Map([
    [urls.paths.openid, metadataAt('openid')],
    [urls.paths.oauth, metadataAt('oauth')],
    [urls.paths.keys, { countedAs: 'keys', body: () => ({ keys: ring.published() }) }],
  ])
}

/** The members that OpenID Connect Discovery and RFC 8414 require. The authorization endpoint does not exist. */
const requiredMetadata = (
  { issuer, origin, jwksUri }: IssuerUrls,
  algorithm: string,
): JsonObject => ({
  issuer,
  jwks_uri: jwksUri,
  authorization_endpoint: new URL('/authorize', isHttpUrl(issuer) ? issuer : origin).href,
  token_endpoint: new URL('/token', origin).href,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: [algorithm],
})
