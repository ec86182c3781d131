import type { Profile } from './profile.ts'

/** RFC 9068 to the letter: section 2.1 for `typ`, section 2.2 for the required claims. */
export const rfc9068: Profile = {
  name: 'rfc9068',
  types: ['at+jwt', 'application/at+jwt'],
  clientClaims: ['client_id'],
  scopeClaims: ['scope'],
  requiredClaims: ['client_id', 'jti'],
  companionAudiences: [],
}
