import { noMoreArguments } from '../options/option-table.ts'
import type { ProviderIssuer } from '../options/options.ts'
import { betterAuthOpaque } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/**
 * A server that uses Better Auth with its plugin `@better-auth/oauth-provider`, identified by its issuer URL, which
 * ends in `/api/auth` by default. Tokens are opaque unless the client sends the parameter `resource`. The audience is
 * that resource.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { betterAuth } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: betterAuth('https://shop.example.com/api/auth'),
 *   audience: 'https://orders.example.com',
 * })
 *
 * @throws ConfigError if there is a second argument
 */
export function betterAuth(issuer: string, ...more: readonly never[]): ProviderIssuer {
  noMoreArguments('betterAuth(url)', more)
  return { issuer, profile: profileOf(issuer) }
}

// As issued by version 1.7.5: https://better-auth.com/docs/plugins/oauth-provider
const profileOf = (issuer: string): Profile => ({
  name: 'better-auth',
  types: ['at+jwt'],
  clientClaims: ['client_id', 'azp'],
  requiredClaims: ['client_id', 'jti'],
  scopeClaims: ['scope'],
  // Added to aud if the client requested the scope openid.
  ignoredAudiences: [`${issuer}/oauth2/userinfo`],
  hints: [betterAuthOpaque],
})
