import { ConfigError } from '../errors/refusal.ts'
import type { Profile } from './profile.ts'

/** What each member of a profile must be. */
const members: Readonly<
  Record<keyof Profile, readonly [is: (value: unknown) => boolean, what: string]>
> = {
  name: [isName, 'a non-empty string'],
  types: [
    listOf((type) => type === undefined || isLowerCase(type)),
    'a list of types in lowercase',
  ],
  clientClaims: [listOf(isName), 'a list of names'],
  scopeClaims: [listOf(isName), 'a list of names'],
  requiredClaims: [listOf((names) => isName(names) || isNames(names)), 'a list of names'],
  ignoredAudiences: [listOf(isName), 'a list of audiences'],
  expectedClaims: [isExpectation, 'an object of lists of values'],
  forbiddenClaims: [listOf(isName), 'a list of names'],
  acceptUnmarked: [(value) => typeof value === 'boolean', 'a boolean'],
  clientIdAsSubject: [(value) => typeof value === 'boolean', 'a boolean'],
  audienceClaims: [isNames, 'a list of one or more names'],
  roles: [listOf(isPlace), 'a list of { path: [name, …] }'],
  permissions: [listOf(isPlace), 'a list of { path: [name, …] }'],
  actorSubjectIsClient: [(value) => typeof value === 'boolean', 'a boolean'],
  actorNames: [isActorNames, "a list of 'sub' and 'client_id'"],
  discovery: [(value) => value === 'openid' || value === 'oauth', "'openid' or 'oauth'"],
  keyIssuerPlaceholder: [isName, 'a non-empty string'],
  hints: [listOf(isHint), 'a list of { codes, when, message }'],
}

const required = [
  'name',
  'types',
  'clientClaims',
  'scopeClaims',
  'requiredClaims',
  'ignoredAudiences',
]

/**
 * Checks a profile, which may come from JavaScript, and returns a copy. The copy is frozen at every level
 * and inherits nothing, so later changes have no effect.
 *
 * @throws ConfigError if a member is missing, unknown, or of the wrong type
 */
export function checkedProfile(given: unknown): Profile {
  // Without a prototype, so that inherited properties are not members.
  const own: Record<string, unknown> = Object.assign(Object.create(null), given)
  const missing = required.find((name) => !Object.hasOwn(own, name))
  if (missing) {
    throw new ConfigError(
      `The profile must have the member '${missing}'.`,
      'Write profile: extend(defaultProfile, { … }) to change some members of a profile.',
    )
  }
  for (const [name, value] of Object.entries(own)) {
    if (!Object.hasOwn(members, name))
      throw new ConfigError(
        `Unknown member '${name}' of the profile.`,
        `Use only ${Object.keys(members).join(', ')}.`,
      )
    const [is, what] = members[name as keyof Profile]
    if (!is(value))
      throw new ConfigError(`The profile's '${name}' must be ${what}.`, 'See the type Profile.')
  }
  return frozenCopy(own) as Profile
}

function frozenCopy(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy))
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = Object.create(null)
  for (const [name, member] of Object.entries(value)) copy[name] = frozenCopy(member)
  return Object.freeze(copy)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isLowerCase(value: unknown): boolean {
  return isName(value) && value === value.toLowerCase()
}

function isNames(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isName)
}

function listOf(is: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.every(is)
}

function isExpectation(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every(isNames)
}

function isPlace(value: unknown): boolean {
  const { path, format = 'list' } = (value ?? {}) as Record<string, unknown>
  return isNames(path) && (format === 'list' || format === 'keys')
}

function isActorNames(value: unknown): boolean {
  return (
    isNames(value) && (value as string[]).every((name) => name === 'sub' || name === 'client_id')
  )
}

function isHint(value: unknown): boolean {
  const { codes, when, message } = (value ?? {}) as Record<string, unknown>
  return isNames(codes) && typeof when === 'function' && isName(message)
}
