import {
  noMoreArguments,
  type OptionTable,
  readOptions,
  required,
} from '../options/option-table.ts'
import type { ProviderIssuer } from '../options/options.ts'
import { ConfigError } from '../errors/refusal.ts'
import type { Profile } from '../options/profile.ts'

/** The options of {@link dex}. */
export interface DexOptions {
  /** Confirms that ID tokens are accepted as well. Dex issues access tokens that look the same. */
  readonly acceptIdTokens: true
}

const acceptBoth = 'Write dex(url, { acceptIdTokens: true }) if that is acceptable here.'

/** Also documented in the README. */
export const dexOptions: OptionTable<DexOptions, DexOptions> = {
  acceptIdTokens: {
    default: required,
    defaultText: '',
    range: '`true`',
    description: 'Confirms that ID tokens are accepted as well.',
    read: (value) => {
      if (value === true) return value
      const problem = "Dex's access tokens cannot be distinguished from its ID tokens."
      throw new ConfigError(problem, acceptBoth)
    },
  },
}

/**
 * Dex, identified by its issuer URL. The audience is the ID of a client. Tokens have neither scopes nor `act`.
 *
 * ID tokens are not detected, because Dex's ID tokens look the same as its access tokens. With
 * `acceptIdTokens`, you confirm that you accept both.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { dex } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: dex('https://dex.example.com', { acceptIdTokens: true }),
 *   audience: 'order-service',
 * })
 *
 * @throws ConfigError if `acceptIdTokens` is not `true`, or if an option is unknown
 */
export function dex(
  issuer: string,
  options: DexOptions,
  ...more: readonly never[]
): ProviderIssuer {
  noMoreArguments('dex(url, options)', more)
  readOptions(dexOptions, options, 'dex option', undefined, acceptBoth)
  return { issuer, profile }
}

const profile: Profile = {
  name: 'dex',
  types: [undefined, 'jwt'],
  clientClaims: ['azp'],
  scopeClaims: [],
  requiredClaims: [],
  acceptUnmarked: true,
  ignoredAudiences: [],
  // newAccessToken calls newIDToken, with nonce and at_hash: server/oauth2.go in
  // https://github.com/dexidp/dex
  forbiddenClaims: ['c_hash', 's_hash', 'events'],
  // https://dexidp.io/docs/configuration/custom-scopes-claims-clients/
  roles: [{ path: ['groups'] }],
  discovery: 'openid',
}
