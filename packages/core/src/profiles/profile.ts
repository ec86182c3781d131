/** What the tokens of an authorization server look like. Data only; nothing here decides. */
export interface Profile {
  readonly name: string
  /** Accepted `typ` headers, in lower case; `undefined` stands for an absent one. */
  readonly types: readonly (string | undefined)[]
  /** Where the client's id is; the first claim that is present counts. */
  readonly clientClaims: readonly string[]
  /** Where the scopes are; the first claim that is present counts. */
  readonly scopeClaims: readonly string[]
  /** Claims that must be present beside those that every access token needs. */
  readonly requiredClaims: readonly string[]
  /** Audiences that `{ only }` disregards, such as the issuer's own userinfo endpoint. */
  readonly companionAudiences: readonly string[]
}
