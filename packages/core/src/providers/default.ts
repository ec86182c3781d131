import { allHints } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/** Takes every provider's default tokens: naming the provider makes it stricter. */
export const defaultProfile: Profile = {
  name: 'default',
  types: ['at+jwt', 'application/at+jwt', 'jwt', undefined],
  clientClaims: ['client_id', 'azp', 'cid', 'appid'],
  scopeClaims: ['scope', 'scp'],
  requiredClaims: [],
  ignoredAudiences: [],
  hints: allHints,
}
