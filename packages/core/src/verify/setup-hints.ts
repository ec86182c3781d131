import type { Policy } from '../config/policy.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'
import type { Unverified } from '../jose/jws.ts'
import { own } from '../lib/json.ts'
import type { Hint, HintedToken } from '../options/profile.ts'

/**
 * Adds to a refusal's reason what the operator may have misconfigured. If the issuer is unknown, or the
 * token cannot be parsed, the hints of all configured issuers are considered. The caller's response stays
 * the same.
 */
export function withSetupHint(
  refusal: Refusal,
  token: Partial<Pick<Unverified, 'header' | 'claims'>> | undefined,
  { issuers }: Policy,
): Refusal {
  const { header, claims = {} } = token ?? {}
  const iss = own(claims, 'iss')
  const known = typeof iss === 'string' ? issuers.get(iss) : undefined
  const profiles = known ? [known.profile] : [...issuers.values()].map(({ profile }) => profile)
  const hinted: HintedToken = { typ: header?.typ, claims }
  const hint = profiles
    .flatMap(({ hints }) => hints ?? [])
    .find(({ codes, when }) => codes.includes(refusal.code) && applies(when, hinted))
  if (!hint) return refusal
  return refuse(refusal.code, `${refusal.reason}. ${hint.message}`, refusal.detail)
}

/** A function in a user's own profile must not turn a refusal into an error. */
function applies(when: Hint['when'], token: HintedToken): boolean {
  try {
    return when(token) === true
  } catch {
    return false
  }
}
