import type { ProviderIssuer } from '../options/options.ts'
import type { Profile } from '../options/profile.ts'

/** RFC 9068 to the letter: section 2.1 for `typ`, section 2.2 for the required claims. */
export const rfc9068Profile: Profile = {
  name: 'rfc9068',
  types: ['at+jwt', 'application/at+jwt'],
  clientClaims: ['client_id'],
  scopeClaims: ['scope'],
  requiredClaims: ['client_id', 'jti'],
  ignoredAudiences: [],
}

/** Any issuer that follows RFC 9068 to the letter. */
export function rfc9068(issuer: string): ProviderIssuer {
  return { issuer, profile: rfc9068Profile }
}
