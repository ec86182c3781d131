import { allHints } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/** Accepts the default tokens of every supported provider. The profile of a single provider is stricter. */
export const defaultProfile: Profile = {
  name: 'default',
  types: ['at+jwt', 'application/at+jwt', 'jwt', undefined],
  clientClaims: ['client_id', 'azp', 'cid', 'appid'],
  scopeClaims: ['scope', 'scp'],
  requiredClaims: [],
  ignoredAudiences: [],
  hints: allHints,
}
