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

/** A smaller skew is normal, because the date has whole seconds. */
const likelySkew = 5

/**
 * Adds to the reason of a token that is refused for its time that the clock may be wrong, if the server's
 * clock differs in the direction that explains the refusal.
 *
 * @param clockSkew seconds by which the clock is ahead of the server's
 */
export function withClockHint(refusal: Refusal, clockSkew: number | undefined): Refusal {
  const direction = timeCodes[refusal.code] ?? 0
  const skew = Math.round((clockSkew ?? 0) * direction)
  if (skew < likelySkew) return refusal
  const where = direction > 0 ? 'ahead of' : 'behind'
  const hint = `This process's clock is ${skew} s ${where} the authorization server's clock`
  return refuse(refusal.code, `${refusal.reason}. ${hint}`, refusal.detail)
}

/** Refusals that a clock causes which is ahead (1) or behind (-1). */
const timeCodes: Partial<Record<Refusal['code'], number>> = {
  token_expired: 1,
  token_not_yet_valid: -1,
}

/** A function in a user's own profile must not turn a refusal into an error. */
function applies(when: Hint['when'], token: HintedToken): boolean {
  try {
    return when(token) === true
  } catch {
    return false
  }
}
