import { attempt } from '../lib/attempt.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import type { Code } from '../errors/codes.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'
import { isOpaque, type Unverified } from '../jose/jws.ts'
import { own } from '../lib/json.ts'
import type { Hint, HintedToken, Profile } from '../options/profile.ts'
import { generalHints } from '../providers/hints.ts'

/** What is known about the refused token. */
interface RefusedToken {
  /** `undefined` if the token cannot be parsed. */
  readonly parsed: Partial<Pick<Unverified, 'header' | 'claims'>> | undefined
  /** The token as it was received. Absent if it was verified before. */
  readonly jwt?: unknown
}

/**
 * Adds to a refusal's reason what the operator may have misconfigured. If the issuer is unknown, or the
 * token cannot be parsed, the hints of all configured issuers are considered. The caller's response stays
 * the same. A reason that already says what to do stays as it is.
 */
export function withSetupHint(
  refusal: Refusal,
  { parsed, jwt }: RefusedToken,
  { issuers }: Policy,
): Refusal {
  const { code, reason, detail } = refusal
  const message = detail.explained ? undefined : findHint(code, { parsed, jwt }, issuers)
  return message === undefined ? refusal : refuse(code, `${reason}. ${message}`, detail)
}

function findHint(
  code: Code,
  { parsed, jwt }: RefusedToken,
  issuers: Policy['issuers'],
): string | undefined {
  const { header, claims = {} } = parsed ?? {}
  const iss = own(claims, 'iss')
  const byName: ReadonlyMap<unknown, IssuerPolicy> = issuers
  const known = byName.get(iss)
  const hints = known ? hintsOf(known.profile) : hintsOfAll(issuers)
  const ofCode = hints.get(code)
  if (!ofCode) return undefined
  const opaque = !parsed && isOpaque(jwt)
  const token: HintedToken = { typ: header?.typ, claims, ...(opaque && { opaque }) }
  return ofCode.find(({ when }) => applies(when, token))?.message
}

type Hints = ReadonlyMap<Code, readonly Hint[]>

/** Computed once, so that the work for a refused token does not depend on the number of issuers. */
const hintsOfProfile = new WeakMap<Profile, Hints>()
const hintsOfIssuers = new WeakMap<Policy['issuers'], Hints>()

function hintsOf(profile: Profile): Hints {
  const known = hintsOfProfile.get(profile)
  if (known) return known
  const hints = byCode([...(profile.hints ?? []), ...generalHints])
  hintsOfProfile.set(profile, hints)
  return hints
}

function hintsOfAll(issuers: Policy['issuers']): Hints {
  const known = hintsOfIssuers.get(issuers)
  if (known) return known
  const profiles = [...issuers.values()].map(({ profile }) => profile)
  const distinct = new Set(profiles.flatMap(({ hints }) => hints ?? []))
  const hints = byCode([...distinct, ...generalHints])
  hintsOfIssuers.set(issuers, hints)
  return hints
}

function byCode(hints: readonly Hint[]): Hints {
  const found = new Map<Code, Hint[]>()
  for (const hint of hints) {
    for (const code of hint.codes) found.set(code, [...(found.get(code) ?? []), hint])
  }
  return found
}

/** A smaller skew is normal, because the date has whole seconds. */
const likelySkew = 5

/**
 * If a token is refused because of its times, adds to the reason that the clock may be wrong, provided that the
 * server's clock differs in the direction that explains the refusal.
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

/** Refusals caused by a clock that is ahead (1) or behind (-1). */
const timeCodes: Partial<Record<Refusal['code'], number>> = {
  token_expired: 1,
  token_not_yet_valid: -1,
}

/** A function in a user's own profile must not turn a refusal into an error. */
function applies(when: Hint['when'], token: HintedToken): boolean {
  return attempt(() => when(token)) === true
}
