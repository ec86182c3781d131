import { noMoreArguments } from '../options/option-table.ts'
import type { ProviderIssuer } from '../options/options.ts'
import { audienceHint, hydraOpaque } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/**
 * Ory Hydra, identified by its issuer URL. In Hydra, set `strategies.access_token` to `jwt`. By default, its access
 * tokens are opaque, and opaque tokens are refused without `introspection`. The claims that the consent app adds are
 * in `ext`.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { hydra } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: hydra('https://hydra.example.com'),
 *   audience: 'order-service',
 * })
 *
 * @throws ConfigError if there is a second argument
 */
export function hydra(issuer: string, ...more: readonly never[]): ProviderIssuer {
  noMoreArguments('hydra(url)', more)
  return { issuer, profile }
}

const profile: Profile = {
  name: 'hydra',
  // https://www.ory.com/docs/oauth2-oidc/jwt-access-token
  types: ['jwt', 'at+jwt'],
  clientClaims: ['client_id'],
  // scp is a list, scope a string. Tokens have one or both: strategies.jwt.scope_claim, same page.
  scopeClaims: ['scp', 'scope'],
  requiredClaims: ['client_id', 'jti'],
  ignoredAudiences: [],
  discovery: 'openid',
  hints: [hydraOpaque, audienceHint],
}
