import { checkedProfile } from '../options/check-profile.ts'
import { noMoreArguments } from '../options/option-table.ts'
import type { ProviderIssuer } from '../options/options.ts'
import { subjectHint } from './hints.ts'
import type { Profile } from '../options/profile.ts'

/** RFC 9068 without exceptions: section 2.1 for `typ`, section 2.2 for the required claims. */
export const rfc9068Profile: Profile = /* @__PURE__ */ checkedProfile({
  name: 'rfc9068',
  types: ['at+jwt', 'application/at+jwt'],
  clientClaims: ['client_id'],
  scopeClaims: ['scope'],
  requiredClaims: ['client_id', 'jti'],
  ignoredAudiences: [],
  hints: [subjectHint],
})

/**
 * Any issuer whose access tokens conform to RFC 9068, identified by its issuer URL. Tokens must have the `typ`
 * `at+jwt` or `application/at+jwt`, and the claims `client_id` and `jti`.
 *
 * @example
 * import { createVerifier } from '@resource-server/core'
 * import { rfc9068 } from '@resource-server/core/providers'
 *
 * export const verifier = createVerifier({
 *   issuer: rfc9068('https://as.example.com'),
 *   audience: 'order-service',
 * })
 *
 * @throws ConfigError if there is a second argument
 */
export function rfc9068(issuer: string, ...more: readonly never[]): ProviderIssuer {
  noMoreArguments('rfc9068(url)', more)
  return { issuer, profile: rfc9068Profile }
}
