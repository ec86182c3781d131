import type { JsonObject, KeyRing } from '../keys/signing-keys.ts'
import type { Resource } from './server.ts'

/** The metadata that an issuer serves: OpenID Connect Discovery, RFC 8414, both, or none. */
export type Discovery = 'both' | 'openid' | 'oauth' | 'none'

export const discoveries: readonly Discovery[] = ['both', 'openid', 'oauth', 'none']

/** The issuer's URLs, and the paths that its server serves. */
export interface IssuerUrls {
  readonly issuer: string
  readonly jwksUri: string
  readonly paths: Readonly<Record<'openid' | 'oauth' | 'keys', string>>
}

/**
 * OpenID Connect Discovery appends its well-known path to the issuer (section 4). RFC 8414 inserts it
 * before the issuer's path (section 3.1). Both remove a trailing slash first.
 */
export function issuerUrls(origin: string, path: string): IssuerUrls {
  const base = path.replace(/\/$/, '')
  return {
    issuer: origin + path,
    jwksUri: `${origin}${base}/jwks`,
    paths: {
      openid: `${base}/.well-known/openid-configuration`,
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

/** The members that OpenID Connect Discovery and RFC 8414 require. The two endpoints do not exist. */
const requiredMetadata = ({ issuer, jwksUri }: IssuerUrls, algorithm: string): JsonObject => ({
  issuer,
  jwks_uri: jwksUri,
  authorization_endpoint: new URL('/authorize', issuer).href,
  token_endpoint: new URL('/token', issuer).href,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: [algorithm],
})
