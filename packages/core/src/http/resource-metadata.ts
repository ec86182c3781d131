import type { Policy } from '../config/policy.ts'
import { ConfigError } from '../errors/refusal.ts'
import { type HttpRequest, pathOf } from './request.ts'
import type { Reply } from './challenge.ts'

/** RFC 9728 section 2: where clients of this resource server get their tokens, and how they send them. */
export interface ResourceMetadata {
  readonly resource: string
  readonly authorization_servers?: readonly string[]
  /** The scopes of all guards made so far, sorted. Absent while there are none. */
  readonly scopes_supported?: readonly string[]
  readonly bearer_methods_supported: readonly ['header']
}

/** The metadata of one resource server, and how a host serves it. */
export interface PublishedMetadata {
  /** Where clients look for it: RFC 9728 section 3.1. */
  readonly url: string
  readonly document: () => ResourceMetadata
  /** Replies to a GET or HEAD of its path; every other request proceeds. */
  readonly pass: (
    request: HttpRequest,
  ) => { readonly action: 'reply'; readonly reply: Reply } | { readonly action: 'proceed' }
}

/** @throws ConfigError where no `resource` is configured */
export function publishMetadata(
  { resource, issuers }: Policy,
  scopes: ReadonlySet<string>,
): PublishedMetadata {
  if (!resource) {
    throw new ConfigError(
      "There is no metadata without 'resource'.",
      "Set resource: 'https://orders.example.com', as clients reach this service.",
    )
  }
  const document = (): ResourceMetadata => ({
    resource: resource.identifier,
    // Section 3.2: what has no values is left out. Resolved issuers are not known by name.
    ...(issuers.size > 0 && { authorization_servers: [...issuers.keys()] }),
    ...(scopes.size > 0 && { scopes_supported: [...scopes].toSorted() }),
    bearer_methods_supported: ['header'],
  })
  const isAsked = (request: HttpRequest): boolean =>
    ['GET', 'HEAD'].includes(request.method) && pathOf(request) === resource.metadataPath
  return {
    url: resource.metadataUrl,
    document,
    pass: (request) =>
      isAsked(request) ? { action: 'reply', reply: json(document()) } : { action: 'proceed' },
  }
}

function json(body: object): Reply {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  }
}
