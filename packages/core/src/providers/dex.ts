import type { ProviderIssuer } from '../options/options.ts'
import { ConfigError } from '../errors/refusal.ts'
import type { Profile } from '../options/profile.ts'

/** What has to be accepted with Dex. */
export interface DexOptions {
  /** Dex makes access tokens as it makes ID tokens, so whoever takes the one takes the other. */
  readonly acceptIdTokens: true
}

/**
 * Dex, by its issuer URL. The audience is the id of a client; there are no scopes and there is no
 * `act`. With other providers an ID token is refused; with Dex it cannot be told apart, so this takes
 * a word of its own.
 *
 * @throws ConfigError without that word
 */
export function dex(issuer: string, { acceptIdTokens }: DexOptions): ProviderIssuer {
  // oxlint-disable-next-line typescript/no-unnecessary-condition -- callers may be JavaScript
  if (acceptIdTokens !== true) {
    throw new ConfigError(
      "Dex's access tokens cannot be told from its ID tokens.",
      'Write dex(url, { acceptIdTokens: true }) if that is acceptable here.',
    )
  }
  return { issuer, profile }
}

const profile: Profile = {
  name: 'dex',
  types: [undefined, 'jwt'],
  clientClaims: ['azp'],
  scopeClaims: [],
  requiredClaims: [],
  ignoredAudiences: [],
  // newAccessToken calls newIDToken, with nonce and at_hash: server/oauth2.go in
  // https://github.com/dexidp/dex
  forbiddenClaims: ['c_hash', 's_hash', 'events'],
  // https://dexidp.io/docs/configuration/custom-scopes-claims-clients/
  roles: [{ path: ['groups'] }],
  discovery: 'openid',
}
