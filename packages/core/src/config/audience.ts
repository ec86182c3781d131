import { type JsonObject, own } from '../lib/json.ts'
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
 * @param found the token's audiences
 */
export function checkAudience(
  found: readonly string[],
  expected: AudienceRule,
  profile: Profile,
): Refusal | undefined {
  if (matches(expected, found, profile.ignoredAudiences)) return undefined
  return refuse(
    'audience_mismatch',
    `aud is ${quote(found)}, expected ${describeAudience(expected)}`,
  )
}

/** The claims that can contain the audience: `aud`, unless the profile lists others. */
export function audienceClaims({ audienceClaims: names = ['aud'] }: Profile): readonly string[] {
  return names
}

/** The audiences in the first audience claim that is present. Empty if there is none. */
export function audienceOf(claims: JsonObject, profile: Profile): readonly string[] {
  for (const name of audienceClaims(profile)) {
    if (!Object.hasOwn(claims, name)) continue
    const value = own(claims, name) as string | string[]
    return Array.isArray(value) ? value : [value]
  }
  return []
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
  return exclusive ? `only ${JSON.stringify(names)}` : `one of ${JSON.stringify(names)}`
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

/** Truncates, because a verified claim can still be very long. */
function quote(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 256 ? `${text.slice(0, 256)}…` : text
}
