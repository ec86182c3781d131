import type { Audience } from './options.ts'
import { ConfigError } from './refusal.ts'

/** An `Audience` in one shape. */
export interface AudienceRule {
  /** Any of these names this service. */
  readonly names: readonly string[]
  /** Whether the token may name anybody else. */
  readonly exclusive: boolean
}

const mend =
  "Give the name of this service, such as 'order-service', a list of its names, or { only: name }."

/** @throws ConfigError */
export function audienceRule(audience: unknown): AudienceRule {
  const exclusive = isOnly(audience)
  const given: unknown = exclusive ? audience.only : audience
  const names: unknown[] = Array.isArray(given) ? given : [given]
  if (names.length === 0 || !names.every(isName)) {
    throw new ConfigError('The audience is not a non-empty string or list of them.', mend)
  }
  return Object.freeze({ names: Object.freeze([...new Set(names)]), exclusive })
}

/** The comparison is exact and case-sensitive: no prefix, no URL normalizing, no patterns. */
export function meets(
  rule: AudienceRule,
  audience: readonly string[],
  companions: readonly string[],
): boolean {
  const relevant = audience.filter(
    (name) => !companions.includes(name) || rule.names.includes(name),
  )
  const ours = relevant.filter((name) => rule.names.includes(name))
  return ours.length > 0 && (!rule.exclusive || ours.length === relevant.length)
}

export function describeAudience({ names, exclusive }: AudienceRule): string {
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
