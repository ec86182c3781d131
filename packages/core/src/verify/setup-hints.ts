import { own } from '../lib/json.ts'
import type { Unverified } from '../jose/jws.ts'
import type { Policy } from '../config/policy.ts'
import type { Hint, HintedToken } from '../options/profile.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'

/**
 * Adds to a refusal's reason what the operator may have set up wrongly. Where the issuer is none of
 * ours, or the token cannot be read, all issuers' hints are asked. What the caller is told stays the
 * same.
 */
export function advise(
  refusal: Refusal,
  unverified: Pick<Unverified, 'header' | 'claims'> | undefined,
  { issuers }: Policy,
): Refusal {
  const { header, claims = {} } = unverified ?? {}
  const known = issuers.get(String(own(claims, 'iss')))
  const profiles = known ? [known.profile] : [...issuers.values()].map(({ profile }) => profile)
  const token: HintedToken = { typ: header?.typ, claims }
  const hint = profiles
    .flatMap(({ hints }) => hints ?? [])
    .find(({ codes, when }) => codes.includes(refusal.code) && holds(when, token))
  return hint ? refuse(refusal.code, `${refusal.reason}. ${hint.message}`, refusal.detail) : refusal
}

/** A profile of the user's own must not turn a refusal into a breakdown. */
function holds(when: Hint['when'], token: HintedToken): boolean {
  try {
    return when(token) === true
  } catch {
    return false
  }
}
