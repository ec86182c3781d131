/**
 * Kinds of JWTs that are verified in the same strict way as access tokens, but are not accepted as such: logout
 * tokens (OpenID Connect Back-Channel Logout section 2.4) and introspection responses (RFC 9701).
 */
export type JwtKind = 'logout token' | 'introspection response'

/**
 * The claims of a JWT that was verified, or why it was not. `unavailable`: the keys of its issuer could not be
 * fetched, so the JWT may be valid. The reason is for the operator and contains no secret.
 */
export type JwtResult =
  | {
      readonly ok: true
      readonly issuer: string
      readonly claims: Readonly<Record<string, unknown>>
    }
  | { readonly ok: false; readonly outcome: 'refused' | 'unavailable'; readonly reason: string }

/** What the caller requires of a JWT, in addition to what its kind requires. */
export interface JwtRequirements {
  /** The accepted names. `aud` must contain at least one of them. */
  readonly audience: readonly string[]
  /** The only issuer that may have signed it. Default: any trusted issuer. */
  readonly issuer?: string
}

/**
 * Verifies a JWT from a trusted issuer: format, `typ`, key, signature, `iss`, `aud`, times, and the claims that its
 * kind must and must not have. It does not detect replay. Never rejects.
 */
export type JwtVerifier = (
  jwt: unknown,
  kind: JwtKind,
  requirements: JwtRequirements,
) => Promise<JwtResult>
