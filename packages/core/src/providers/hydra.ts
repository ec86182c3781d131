import type { ProviderIssuer } from '../options/options.ts'
import { hydraOpaque } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/**
 * Ory Hydra with `strategies.access_token: jwt`; by default its tokens are opaque and refused here.
 * What the consent app adds is in the claim `ext`.
 */
export function hydra(issuer: string): ProviderIssuer {
  return { issuer, profile }
}

const profile: Profile = {
  name: 'hydra',
  // https://www.ory.com/docs/oauth2-oidc/jwt-access-token
  types: ['jwt', 'at+jwt'],
  clientClaims: ['client_id'],
  // A list scp, or a string scope, or both: strategies.jwt.scope_claim, same page.
  scopeClaims: ['scp', 'scope'],
  requiredClaims: ['client_id', 'jti'],
  ignoredAudiences: [],
  discovery: 'openid',
  hints: [hydraOpaque],
}
