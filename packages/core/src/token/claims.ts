import {
  audienceClaim,
  audienceClaims,
  audienceOf,
  type AudienceRule,
  checkAudience,
} from '../config/audience.ts'
import { hasAny, isJsonObject, type JsonObject, own } from '../lib/json.ts'
import { readNames } from './claim-path.ts'
import { isNonEmptyString, isNumericDate, roundSeconds } from './claim-values.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import type { Profile } from '../options/profile.ts'
import { Refusal, refuse } from '../errors/refusal.ts'
import type { Verified } from '../jose/signature.ts'
import { readConfirmation } from './confirmation.ts'
import type { Introspected } from './introspected.ts'
import { isScopeClaim } from '../options/scope.ts'
import { type ClaimRules, isOrdinary } from './ordinary-claims.ts'
import { checkKind, isAcceptedKind, isForbiddenType, unusualClaims } from './token-kind.ts'

/** What a check needs in addition to the claims. */
export interface ClaimContext {
  readonly policy: Policy
  readonly issuer: IssuerPolicy
  readonly audience: AudienceRule
  /** The `typ` of the verified header, or `undefined` if it has none. */
  readonly typ: string | undefined
  /** The current time, in seconds since the epoch. */
  readonly now: number
}

declare const brand: unique symbol

/** Returns a refusal, or nothing if the claims pass. */
type Check = (claims: JsonObject, context: ClaimContext) => Refusal | undefined

/** A token whose issuer vouches for its claims, and whose claims are valid. Only `checkClaims` creates it. */
export interface CheckedToken {
  readonly claims: JsonObject
  readonly [brand]: 'CheckedToken'
}

/**
 * Checks the claims of a token whose signature is valid, or that its issuer has introspected, and returns the token
 * or the first refusal. The order decides which problem is reported: the kind of token, its claims, its times, its
 * audience, then its binding. Later checks also depend on it: they read claims whose presence and form an earlier
 * check guarantees.
 * An expired token is reported as expired before the order of its times is checked.
 */
export function checkClaims(
  verified: Verified | Introspected,
  context: ClaimContext,
): CheckedToken | Refusal {
  const { claims } = verified
  const checks = isOrdinaryToken(claims, context) ? checksOfOrdinary : allChecks
  const refusal = firstRefusal(checks, claims, context)
  return refusal ?? (verified as { readonly claims: JsonObject } as CheckedToken)
}

/** Whether one pass over the claims (`ordinary-claims.ts`) shows that all checks other than `checksOfOrdinary` pass. */
export function isOrdinaryToken(
  claims: JsonObject,
  { typ, issuer: { profile } }: ClaimContext,
): boolean {
  return isOrdinary(claims, profile, ordinaryRules) && isAcceptedKind(claims, typ, profile)
}

function firstRefusal(
  checks: readonly Check[],
  claims: JsonObject,
  context: ClaimContext,
): Refusal | undefined {
  for (const check of checks) {
    const refusal = check(claims, context)
    if (refusal) return refusal
  }
  return undefined
}

/**
 * Checks a token that passed `checkClaims` before, such as one from the cache. Only the checks that
 * depend on the current time or on the route run again. They are called by name, because that takes less time
 * than a list of them.
 *
 * @param claims inherit nothing
 * @param found the audiences in `claims`
 */
export function recheckClaims(
  claims: JsonObject & Times,
  found: readonly string[],
  context: ClaimContext,
): Refusal | undefined {
  return (
    ifExpired(claims.exp, context) ??
    ifNotYetValid(claims.nbf, context) ??
    ifTooLong(claims, context) ??
    checkAudience(claims, found, context.audience, context.issuer.profile)
  )
}

interface Times {
  readonly exp: number
  readonly iat: number
  readonly nbf?: number | undefined
}

/** Every check, whatever `isOrdinaryToken` says. For a test that compares both. */
export function checkEverything(claims: JsonObject, context: ClaimContext): Refusal | undefined {
  return firstRefusal(allChecks, claims, context)
}

/** One check of the claims. */
export interface ClaimCheck {
  /** What is checked, for people to read. */
  readonly title: string
  readonly check: Check
  /** All refusals of a check that looks at several claims. The check itself returns the first one. */
  readonly all?: (claims: JsonObject, context: ClaimContext) => readonly Refusal[]
  /** Claims whose presence and form earlier checks guarantee. */
  readonly reads?: readonly string[]
}

/** The checks, in order. One whose result depends on the time or on the route must also be in `recheckClaims`. */
export const claimChecks: readonly ClaimCheck[] = [
  { title: 'kind of token', check: checkTokenKind },
  { title: 'required claims', check: checkRequiredClaims, all: missingClaims },
  { title: 'claim formats', check: checkForms, all: malformedClaims },
  { title: 'tenant', check: checkTenant },
  { title: 'roles and permissions', check: checkRoles },
  { title: 'expiry', check: checkNotExpired, reads: ['exp'] },
  { title: 'order of times', check: checkOrderOfTimes, reads: ['exp', 'iat', 'nbf'] },
  { title: 'not before', check: checkNotBefore, reads: ['nbf'] },
  { title: 'lifetime', check: checkLifetime, reads: ['exp', 'iat'] },
  { title: 'audience', check: checkOwnAudience, reads: ['aud'] },
  { title: 'binding', check: checkBinding, reads: ['cnf'] },
]

const allChecks: readonly Check[] = claimChecks.map(({ check }) => check)

/** The checks that are left for an ordinary token, in the same order. */
const checksOfOrdinary: readonly Check[] = [
  checkRoles,
  checkNotExpired,
  checkOrderOfTimes,
  checkNotBefore,
  checkLifetime,
  checkOwnAudience,
]

/** What decides whether a token is ordinary. `tid` and `cnf` have checks of their own. */
function ordinaryRules(profile: Profile): ClaimRules {
  const { required, shapes: all } = rulesOf(profile)
  const forms = new Map<string, (value: unknown) => boolean>(all.map(([name, is]) => [name, is]))
  for (const name of ['typ', 'token_use']) {
    forms.set(name, (value) => isNonEmptyString(value) && !isForbiddenType(value))
  }
  return { required, forms, unusual: new Set([...unusualClaims(profile), 'tid', 'cnf']) }
}

function checkTokenKind(claims: JsonObject, { typ, issuer }: ClaimContext): Refusal | undefined {
  return checkKind(claims, typ, issuer.profile)
}

/**
 * The claims that RFC 9068 section 2.2 requires, except `client_id` and `jti`, which many issuers
 * omit. One claim of each inner list is enough.
 */
function requiredClaims(profile: Profile): readonly (string | readonly string[])[] {
  const subject = profile.clientIdAsSubject ? ['sub', ...profile.clientClaims] : 'sub'
  return ['iss', 'exp', audienceClaims(profile), subject, 'iat', ...profile.requiredClaims]
}

function checkRequiredClaims(
  claims: JsonObject,
  { issuer: { profile } }: ClaimContext,
): Refusal | undefined {
  for (const names of rulesOf(profile).required) {
    if (!hasAny(claims, names)) return missing(names)
  }
  return undefined
}

function missingClaims(
  claims: JsonObject,
  { issuer: { profile } }: ClaimContext,
): readonly Refusal[] {
  const absent = rulesOf(profile).required.filter((names) => !hasAny(claims, names))
  return absent.map(missing)
}

function missing(names: readonly string[]): Refusal {
  const detail = names.length === 1 ? { claim: names[0]! } : {}
  return refuse('claim_missing', `the token has no ${names.join(' or ')}`, detail)
}

/** What a profile requires of claims. */
interface ProfileRules {
  /** One claim of each list must be present. */
  readonly required: readonly (readonly string[])[]
  /** One for each claim. */
  readonly shapes: readonly Shape[]
}

/** By profile, so that the rules are not built again for every token. */
const rules = new WeakMap<Profile, ProfileRules>()

function rulesOf(profile: Profile): ProfileRules {
  const known = rules.get(profile)
  if (known) return known
  const required = requiredClaims(profile).map((names) => [names].flat())
  const byName = new Map([...ownShapes(profile), ...shapes].map((shape) => [shape[0], shape]))
  const made = { required, shapes: [...byName.values()] }
  rules.set(profile, made)
  return made
}

/** The scope and client claims that the profile names. If one of them is in `shapes`, that shape counts. */
function ownShapes({ scopeClaims, clientClaims }: Profile): readonly Shape[] {
  return [
    ...scopeClaims.map((name): Shape => [name, isScopeClaim, scopeShape]),
    ...clientClaims.map((name): Shape => [name, isNonEmptyString, stringShape]),
  ]
}

type Shape = readonly [name: string, is: (value: unknown) => boolean, what: string]

const stringShape = 'a non-empty string'
const audienceShape = 'a non-empty string or a list of non-empty strings'
const scopeShape = 'a string or a list of strings'

/** A claim of the wrong type is refused. It does not count as an absent claim. */
const shapes: readonly Shape[] = [
  ['sub', isNonEmptyString, stringShape],
  ['aud', isAudience, audienceShape],
  ['exp', isNumericDate, 'a NumericDate'],
  ['iat', isNumericDate, 'a NumericDate'],
  ['nbf', isNumericDate, 'a NumericDate'],
  ['auth_time', isNumericDate, 'a NumericDate'],
  ['jti', isNonEmptyString, stringShape],
  ['typ', isNonEmptyString, stringShape],
  ['token_use', isNonEmptyString, stringShape],
  ['client_id', isNonEmptyString, stringShape],
  ['azp', isNonEmptyString, stringShape],
  ['cid', isNonEmptyString, stringShape],
  ['appid', isNonEmptyString, stringShape],
  ['scope', isScopeClaim, scopeShape],
  ['scp', isScopeClaim, scopeShape],
  ['cnf', isJsonObject, 'an object'],
]

function checkForms(claims: JsonObject, { issuer }: ClaimContext): Refusal | undefined {
  for (const shape of rulesOf(issuer.profile).shapes) {
    if (!fits(claims, shape)) return misshapen(shape)
  }
  return undefined
}

function malformedClaims(claims: JsonObject, { issuer }: ClaimContext): readonly Refusal[] {
  const wrong = rulesOf(issuer.profile).shapes.filter((shape) => !fits(claims, shape))
  return wrong.map(misshapen)
}

function fits(claims: JsonObject, [name, is]: Shape): boolean {
  return !Object.hasOwn(claims, name) || is(claims[name])
}

function misshapen([name, , what]: Shape): Refusal {
  return malformed(name, `${name} is not ${what}`)
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/**
 * Refuses a token whose `tid` and `iss` contain the UUIDs of different tenants. Microsoft Entra ID
 * signs for all tenants with the same keys, so the signature does not prove the tenant.
 *
 * The check is in code because it applies to every profile: a plain issuer URL may belong to Entra,
 * and a custom profile could leave out the member that turns the check on.
 */
function checkTenant(claims: JsonObject, { issuer }: ClaimContext): Refusal | undefined {
  const tid = own(claims, 'tid')
  if (typeof tid !== 'string' || !uuid.test(tid)) return undefined
  const tenants = issuer.issuer.split('/').filter((part) => uuid.test(part))
  if (tenants.length === 0) return undefined
  if (tenants.some((tenant) => tenant.toLowerCase() === tid.toLowerCase())) return undefined
  return malformed('tid', 'tid does not match the tenant in iss')
}

/** Checks the roles and permissions, if the profile says where they are. */
function checkRoles(
  claims: JsonObject,
  { issuer: { profile } }: ClaimContext,
): Refusal | undefined {
  if (!profile.roles && !profile.permissions) return undefined
  const paths = [...(profile.roles ?? []), ...(profile.permissions ?? [])]
  const wrong = paths.find((path) => !readNames(claims, [path]))
  if (!wrong) return undefined
  const expected = wrong.format === 'keys' ? 'an object' : 'a string or a list of strings'
  return malformed(wrong.path[0]!, `${wrong.path.join('.')} is malformed, expected ${expected}`)
}

function checkNotExpired(claims: JsonObject, context: ClaimContext): Refusal | undefined {
  return ifExpired(claims['exp'] as number, context)
}

/** Checks `exp` (RFC 7519 section 4.1.4). */
function ifExpired(exp: number, { policy, now }: ClaimContext): Refusal | undefined {
  if (now - policy.clockTolerance < exp) return undefined
  return refuse(
    'token_expired',
    `exp was ${roundSeconds(now - exp)} s ago; clockTolerance is ${policy.clockTolerance} s`,
    { claim: 'exp' },
  )
}

/** Refuses a token that is valid at no time. An expired token is reported as expired first. */
function checkOrderOfTimes(claims: JsonObject): Refusal | undefined {
  const exp = claims['exp'] as number
  for (const name of ['iat', 'nbf']) {
    // An absent `nbf` is not after anything.
    const time = own(claims, name) as number
    if (time > exp) return malformed(name, `${name} is after exp`)
  }
  return undefined
}

function checkNotBefore(claims: JsonObject, context: ClaimContext): Refusal | undefined {
  return ifNotYetValid(own(claims, 'nbf') as number | undefined, context)
}

/**
 * Checks `nbf` (RFC 7519 section 4.1.5). An `iat` in the future is accepted, because the issuer's
 * clock may be ahead.
 */
function ifNotYetValid(
  nbf: number | undefined,
  { policy, now }: ClaimContext,
): Refusal | undefined {
  if (nbf === undefined || now + policy.clockTolerance >= nbf) return undefined
  return refuse(
    'token_not_yet_valid',
    `nbf is ${roundSeconds(nbf - now)} s in the future; clockTolerance is ${policy.clockTolerance} s`,
    { claim: 'nbf' },
  )
}

function checkLifetime(claims: JsonObject, context: ClaimContext): Refusal | undefined {
  return ifTooLong(claims as JsonObject & Times, context)
}

/**
 * Checks the time from `iat` to `exp`. An `iat` in the future counts as the current time plus the
 * clock tolerance, so it cannot make a long lifetime look short.
 */
function ifTooLong({ exp, iat }: Times, { policy, now }: ClaimContext): Refusal | undefined {
  if (policy.maxLifetime === undefined) return undefined
  const lifetime = exp - Math.min(iat, now + policy.clockTolerance)
  if (lifetime <= policy.maxLifetime) return undefined
  return refuse(
    'lifetime_too_long',
    `the token's lifetime is ${roundSeconds(lifetime)} s; maxLifetime is ${policy.maxLifetime} s`,
    { claim: 'exp' },
  )
}

/** Refuses a token whose audience does not include this service (RFC 7519 section 4.1.3). */
function checkOwnAudience(
  claims: JsonObject,
  { audience, issuer: { profile } }: ClaimContext,
): Refusal | undefined {
  const found = audienceOf(claims, profile)
  if (!found.every(isNonEmptyString)) {
    return malformed(audienceClaim(claims, profile), `the audience is not ${audienceShape}`)
  }
  return checkAudience(claims, found, audience, profile)
}

/**
 * Refuses a token that is bound to a key (`cnf`, RFC 7800) in a way that cannot be checked. Whether the
 * request proves the binding is checked for every request, in `binding/`.
 */
function checkBinding(claims: JsonObject): Refusal | undefined {
  if (!Object.hasOwn(claims, 'cnf')) return undefined
  const confirmation = readConfirmation(claims['cnf'])
  return confirmation instanceof Refusal ? confirmation : undefined
}

function malformed(claim: string, reason: string): Refusal {
  return refuse('claim_malformed', reason, { claim })
}

function isAudience(value: unknown): boolean {
  return (
    isNonEmptyString(value) ||
    (Array.isArray(value) && value.length > 0 && value.every(isNonEmptyString))
  )
}
