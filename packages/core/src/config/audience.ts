import { type JsonObject, own } from '../lib/json.ts'
import type { Audience } from '../options/options.ts'
import type { Profile } from '../options/profile.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'

/** An `Audience` in one shape. */
export interface AudienceRule {
  /** Any of these names this service. */
  readonly names: readonly string[]
  /** Whether the token may name anybody else. */
  readonly exclusive: boolean
}

const fix =
  "Give the name of this service, such as 'order-service', a list of its names, or { only: name }."

/** @throws ConfigError */
export function audienceRule(audience: unknown): AudienceRule {
  const exclusive = isOnly(audience)
  const given: unknown = exclusive ? audience.only : audience
  const names: unknown[] = Array.isArray(given) ? given : [given]
  if (names.length === 0 || !names.every(isName)) {
    throw new ConfigError('The audience is not a non-empty string or list of them.', fix)
  }
  return Object.freeze({ names: Object.freeze([...new Set(names)]), exclusive })
}

/** RFC 7519 section 4.1.3: one who is not named by the audience must refuse. */
export function checkAudience(
  found: readonly string[],
  expected: AudienceRule,
  profile: Profile,
): Refusal | undefined {
  if (meets(expected, found, profile.ignoredAudiences)) return undefined
  return refuse(
    'audience_mismatch',
    `aud is ${quote(found)}; this route expects ${describeAudience(expected)}`,
  )
}

/** Where the audience is: `aud`, unless the profile says otherwise in so many words. */
export function audienceClaims({ audienceClaims: names = ['aud'] }: Profile): readonly string[] {
  return names
}

export function audienceOf(claims: JsonObject, profile: Profile): readonly string[] {
  for (const name of audienceClaims(profile)) {
    if (!Object.hasOwn(claims, name)) continue
    const value = own(claims, name) as string | string[]
    return Array.isArray(value) ? value : [value]
  }
  return []
}

/** The comparison is exact and case-sensitive: no prefix, no URL normalizing, no patterns. */
function meets(
  rule: AudienceRule,
  audience: readonly string[],
  companions: readonly string[],
): boolean {
  let ours = false
  let others = false
  for (const name of audience) {
    if (rule.names.includes(name)) ours = true
    else if (!companions.includes(name)) others = true
  }
  return ours && !(rule.exclusive && others)
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

/** Verified, but of any length. */
function quote(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 256 ? `${text.slice(0, 256)}…` : text
}
