import type { Policy } from '../config/policy.ts'
import { ConfigError } from '../errors/refusal.ts'
import { isIssuerUrl } from '../lib/url.ts'
import { algorithmNames } from '../options/algorithms.ts'
import { type HttpRequest, pathOf } from './request.ts'
import type { Reply } from './challenge.ts'

/** Where clients get tokens for this resource server, and how they send them (RFC 9728 section 2). */
export interface ResourceMetadata {
  readonly resource: string
  readonly authorization_servers?: readonly string[]
  /** The scopes of all guards created so far, sorted. Absent if there are none. */
  readonly scopes_supported?: readonly string[]
  /** Empty if tokens are in a cookie or another header, which are not methods of RFC 6750. */
  readonly bearer_methods_supported: readonly ['header'] | readonly []
  /** The algorithms of DPoP proofs. Absent if DPoP is off. */
  readonly dpop_signing_alg_values_supported?: readonly string[]
  /** Present if every token must be bound with DPoP. */
  readonly dpop_bound_access_tokens_required?: true
  /** Present if tokens that are bound to a client certificate are accepted. */
  readonly tls_client_certificate_bound_access_tokens?: true
}

/** The metadata of a resource server, and a function that serves it. */
export interface PublishedMetadata {
  /** The URL at which clients look for the metadata (RFC 9728 section 3.1). */
  readonly url: string
  readonly document: () => ResourceMetadata
  /** Replies to GET and HEAD requests for the path of the metadata. Other requests proceed. */
  readonly pass: (
    request: HttpRequest,
  ) => { readonly action: 'reply'; readonly reply: Reply } | { readonly action: 'proceed' }
  /** Describes the handler that the host created for the metadata, so that tools recognize it. Returns the handler. */
  readonly describe: <Handler>(handler: Handler) => Handler
}

/** @throws ConfigError if no `resource` is configured */
export function publishMetadata(
  { resource, issuers, dpop, mtls, credential }: Policy,
  scopes: ReadonlySet<string>,
): Omit<PublishedMetadata, 'describe'> {
  if (!resource) {
    throw new ConfigError(
      "The metadata requires the option 'resource'.",
      "Set it to the URL that clients use for this service, such as 'https://orders.example.com'.",
    )
  }
  // Other issuers have no metadata that a client could fetch.
  const servers = [...issuers.keys()].filter(isIssuerUrl)
  const document = (): ResourceMetadata => ({
    resource: resource.identifier,
    // Members without values are omitted (section 3.2). Resolved issuers are not known in advance.
    ...(servers.length > 0 && { authorization_servers: servers }),
    ...(scopes.size > 0 && { scopes_supported: [...scopes].toSorted() }),
    bearer_methods_supported: credential?.isOnlySource ? [] : ['header'],
    ...(dpop && { dpop_signing_alg_values_supported: algorithmNames(dpop.algorithms) }),
    ...(dpop?.mode === 'required' && { dpop_bound_access_tokens_required: true as const }),
    ...(mtls && { tls_client_certificate_bound_access_tokens: true as const }),
  })
  const isForMetadata = (request: HttpRequest): boolean =>
    ['GET', 'HEAD'].includes(request.method) && pathOf(request) === resource.metadataPath
  return {
    url: resource.metadataUrl,
    document,
    pass: (request) =>
      isForMetadata(request) ? { action: 'reply', reply: json(document()) } : { action: 'proceed' },
  }
}

/** The metadata is public, so scripts of other origins may read it: clients that run in a browser need it. */
function json(body: object): Reply {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*' },
    body: JSON.stringify(body),
  }
}
