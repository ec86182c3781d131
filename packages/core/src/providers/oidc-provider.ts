import { noMoreArguments } from '../options/option-table.ts'
import type { ProviderIssuer } from '../options/options.ts'
import type { Profile } from '../options/profile.ts'

/**
 * A server that uses the npm package oidc-provider, identified by its issuer URL. Set `accessTokenFormat` to `jwt`.
 * Its tokens conform to RFC 9068. It has no built-in token exchange, so `act` depends on your grant handler.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { oidcProvider } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: oidcProvider('https://as.example.com'),
 *   audience: 'order-service',
 * })
 *
 * @throws ConfigError if there is a second argument
 */
export function oidcProvider(issuer: string, ...more: readonly never[]): ProviderIssuer {
  noMoreArguments('oidcProvider(url)', more)
  return { issuer, profile }
}

// https://github.com/panva/node-oidc-provider/blob/main/docs/README.md#featuresresourceindicators
const profile: Profile = {
  name: 'oidc-provider',
  types: ['at+jwt'],
  clientClaims: ['client_id'],
  scopeClaims: ['scope'],
  requiredClaims: ['client_id', 'jti'],
  ignoredAudiences: [],
}
