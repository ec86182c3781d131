import type { Profile } from '../options/profile.ts'
import { ConfigError } from '../errors/refusal.ts'

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
 * Checks and copies a profile, which may come from JavaScript code without types.
 *
 * @throws ConfigError if a member is missing, unknown, or invalid
 */
export function checkedProfile(given: unknown): Profile {
  // Without a prototype, so that inherited properties are not members.
  const own: Record<string, unknown> = Object.assign(Object.create(null), given)
  const missing = required.find((name) => !Object.hasOwn(own, name))
  if (missing) {
    throw new ConfigError(
      `The profile must have the member '${missing}'.`,
      "Set profile: 'rfc9068', or add every required member of the type Profile.",
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
  return Object.freeze(own as unknown as Profile)
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
