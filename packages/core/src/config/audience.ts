import { type JsonObject, own } from '../lib/json.ts'
import { quoteList } from '../lib/quote.ts'
import { withoutSlash } from '../lib/url.ts'
import type { Audience } from '../options/options.ts'
import type { Profile } from '../options/profile.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'

/** An `Audience` option in normalized form. */
export interface AudienceRule {
  /** The names of this service. A token must contain at least one of them. */
  readonly names: readonly string[]
  /** Whether the token must not name any other audience. */
  readonly exclusive: boolean
}

/**
 * Checks and normalizes an `Audience` option.
 *
 * @throws ConfigError if it is not an `Audience`
 */
export function audienceRule(audience: unknown): AudienceRule {
  const exclusive = isOnly(audience)
  const given: unknown = exclusive ? audience.only : audience
  const names: unknown[] = Array.isArray(given) ? given : [given]
  if (names.length === 0 || !names.every(isName)) {
    throw new ConfigError(
      'The audience must be a non-empty string or a non-empty list of such strings.',
      "Pass the name of this service, such as 'order-service', a list of its names, or { only: name }.",
    )
  }
  return Object.freeze({ names: Object.freeze([...new Set(names)]), exclusive })
}

/**
 * Refuses a token that was not issued for this service (RFC 7519 section 4.1.3).
 *
 * @param claims verified claims whose audience is well-formed
 * @param found `audienceOf(claims, profile)`
 */
export function checkAudience(
  claims: JsonObject,
  found: readonly string[],
  expected: AudienceRule,
  profile: Profile,
): Refusal | undefined {
  if (matches(expected, found, profile.ignoredAudiences)) return undefined
  const claim = audienceClaim(claims, profile)
  const reason = `${claim} is ${quoteList(found)}, expected ${describeAudience(expected)}`
  const advice = adviceFor(found, expected)
  if (advice === undefined) return refuse('audience_mismatch', reason, { claim })
  return refuse('audience_mismatch', `${reason}. ${advice}`, { claim, explained: true })
}

/** The claims that can contain the audience: `aud`, unless the profile lists others. */
export function audienceClaims({ audienceClaims: names = ['aud'] }: Profile): readonly string[] {
  return names
}

/** The audience claim that is used: the first one that is present, or the first one if none is. */
export function audienceClaim(claims: JsonObject, profile: Profile): string {
  const names = audienceClaims(profile)
  for (const name of names) if (Object.hasOwn(claims, name)) return name
  return names[0]!
}

/** The audiences in the first audience claim that is present. Empty if there is none. */
export function audienceOf(claims: JsonObject, profile: Profile): readonly string[] {
  const value = own(claims, audienceClaim(claims, profile)) as string | string[] | undefined
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

/** Compares exactly and case-sensitively, without prefixes, patterns, or URL normalization. */
function matches(
  rule: AudienceRule,
  audience: readonly string[],
  ignored: readonly string[],
): boolean {
  let namesThisService = false
  let namesAnother = false
  for (const name of audience) {
    if (rule.names.includes(name)) namesThisService = true
    else if (!ignored.includes(name)) namesAnother = true
  }
  return namesThisService && !(rule.exclusive && namesAnother)
}

function describeAudience({ names, exclusive }: AudienceRule): string {
  return exclusive ? `only ${quoteList(names)}` : `one of ${quoteList(names)}`
}

/** What to change if the token is nearly for this service. */
function adviceFor(
  found: readonly string[],
  { names, exclusive }: AudienceRule,
): string | undefined {
  if (exclusive && found.some((name) => names.includes(name))) {
    return (
      'The token names this service, but also other audiences, which { only } does not allow. If they belong ' +
      "to the issuer, such as its userinfo endpoint, list them in 'ignoredAudiences' of the profile. " +
      'Otherwise have the client request a token for this service alone'
    )
  }
  // None is equal: `matches` would have found it.
  const isSimilar = (one: string, other: string): boolean => normalized(one) === normalized(other)
  if (!found.some((one) => names.some((other) => isSimilar(one, other)))) return undefined
  return (
    'They differ only in case or in a trailing slash, and the comparison is exact. Use the ' +
    "same text in 'audience' and at the issuer"
  )
}

/** For the advice only. The check itself compares exactly. */
function normalized(name: string): string {
  return withoutSlash(name).toLowerCase()
}

function isOnly(audience: unknown): audience is Extract<Audience, { only: unknown }> {
  return (
    typeof audience === 'object' &&
    audience !== null &&
    Object.hasOwn(audience, 'only') &&
    Object.keys(audience).length === 1
  )
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && name.trim() !== ''
}
