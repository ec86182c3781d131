import type { AccessToken } from '@resource-server/core'

/**
 * What a tool gets as `authInfo`: the shape that the MCP SDK uses, plus the verified token. It contains the token as
 * received, which is a secret, so do not log it.
 */
export interface McpAuthInfo<C extends object = object> {
  /** The token as it was received. */
  token: string
  /** The client that the token was issued to, or an empty string if the token does not name one. */
  clientId: string
  /** The scopes in the token, without the scopes that they imply. */
  scopes: string[]
  /** Seconds since 1970-01-01T00:00:00Z. */
  expiresAt: number
  /** The resource URI of this server. */
  resource: URL
  /** The URL of the metadata of this server. Absent if a token verifier for the SDK created the object. */
  resourceMetadataUrl?: string
  extra: {
    /** The verified token, with its subject, actor, and claims. */
    accessToken: AccessToken<C>
  }
}

/** The identity of an MCP server in `authInfo`. */
export interface ResourceIdentity {
  readonly resource: string
  readonly metadataUrl?: string
}

export function authInfoOf<C extends object>(
  token: AccessToken<C>,
  { resource, metadataUrl }: ResourceIdentity,
): McpAuthInfo<C> {
  return {
    token: token.raw,
    clientId: token.clientId ?? '',
    scopes: [...token.scopes],
    expiresAt: token.claims.exp,
    resource: new URL(resource),
    ...(metadataUrl !== undefined && { resourceMetadataUrl: metadataUrl }),
    extra: { accessToken: token },
  }
}
