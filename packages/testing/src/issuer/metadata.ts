import type { JsonObject, KeyRing } from '../keys/signing-keys.ts'
import type { Resource } from './server.ts'

/** Which metadata an issuer serves: OpenID Connect Discovery, RFC 8414, both or none. */
export type Discovery = 'both' | 'openid' | 'oauth' | 'none'

export const discoveries: readonly Discovery[] = ['both', 'openid', 'oauth', 'none']

/** Where things are: two URLs, and the paths at which the server answers. */
export interface Places {
  readonly issuer: string
  readonly jwksUri: string
  readonly paths: Readonly<Record<'openid' | 'oauth' | 'keys', string>>
}

/**
 * OpenID Connect Discovery appends its well-known path to the issuer (section 4), RFC 8414 inserts
 * it before the issuer's path (section 3.1). Both first drop a slash at the end.
 */
export function placesOf(origin: string, path: string): Places {
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

/** What is served, by path. */
export function resourcesOf(
  places: Places,
  ring: KeyRing,
  settings: { readonly discovery: Discovery; readonly metadata: JsonObject },
): ReadonlyMap<string, Resource> {
  const { discovery } = settings
  const body = (): JsonObject => ({
    ...metadataOf(places, ring.current().algorithm),
    ...settings.metadata,
  })
  const offered = (kind: Discovery): Resource => ({
    counts: 'discovery',
    ...((discovery === 'both' || discovery === kind) && { body }),
  })
  return new Map([
    [places.paths.openid, offered('openid')],
    [places.paths.oauth, offered('oauth')],
    [places.paths.keys, { counts: 'keys', body: () => ({ keys: ring.published() }) }],
  ])
}

/** The members that OpenID Connect Discovery and RFC 8414 require. The two endpoints answer 404. */
const metadataOf = ({ issuer, jwksUri }: Places, algorithm: string): JsonObject => ({
  issuer,
  jwks_uri: jwksUri,
  authorization_endpoint: new URL('/authorize', issuer).href,
  token_endpoint: new URL('/token', issuer).href,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: [algorithm],
})
