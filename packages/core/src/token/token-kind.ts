import { audienceOf } from '../config/audience.ts'
import { hasAny, isJsonObject, type JsonObject, own } from '../lib/json.ts'
import type { Profile } from '../options/profile.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'

/**
 * Claims that only other kinds of token have: ID tokens (OpenID Connect Core section 2) and logout
 * tokens (OpenID Connect Back-Channel Logout section 2.4).
 */
const defaultForbiddenClaims = ['at_hash', 'c_hash', 's_hash', 'events', 'nonce']

/** The claims of an ID token. They prove nothing if the header says that it is an access token. */
const idTokenClaims = ['at_hash', 'c_hash', 's_hash', 'nonce']

const forbiddenInAccessTokens = defaultForbiddenClaims.filter(
  (name) => !idTokenClaims.includes(name),
)
const forbiddenTypes = ['id', 'refresh', 'offline', 'logout']

/**
 * Whether the header says that the token is an access token (RFC 9068 section 2.1).
 *
 * @param typ the `typ` of the header, or `undefined` if it has none
 */
function saysAccessToken(typ: string | undefined): boolean {
  const type = typ?.toLowerCase()
  return type === 'at+jwt' || type === 'application/at+jwt'
}

/**
 * Refuses tokens of another kind, such as ID tokens, that the same issuer signs.
 *
 * @param typ the `typ` of the verified header, or `undefined` if it has none
 */
export function checkKind(
  claims: JsonObject,
  typ: string | undefined,
  profile: Profile,
): Refusal | undefined {
  const forbidden = forbiddenClaim(claims, forbiddenBy(profile, typ), profile)
  if (forbidden === 'nonce') {
    return refuse('not_an_access_token', 'the token has nonce but no scope, like an ID token', {
      claim: 'nonce',
    })
  }
  if (forbidden !== undefined) return otherKind(forbidden, `the token has ${forbidden}`)
  const type = forbiddenType(claims)
  if (type) return otherKind(...type)
  const unexpected = checkExpectedClaims(claims, profile)
  if (unexpected) return unexpected
  return profile.acceptUnmarked || isMarked(claims, typ, profile) ? undefined : unmarked(profile)
}

/** The claims that may mark another kind of token. Without them, and with `isAcceptedKind`, `checkKind` passes. */
export function unusualClaims({ forbiddenClaims }: Profile): readonly string[] {
  return forbiddenClaims ?? defaultForbiddenClaims
}

/** The part of `checkKind` that looks at several claims together. */
export function isAcceptedKind(
  claims: JsonObject,
  typ: string | undefined,
  profile: Profile,
): boolean {
  const isExpected = !profile.expectedClaims || !checkExpectedClaims(claims, profile)
  return isExpected && (profile.acceptUnmarked === true || isMarked(claims, typ, profile))
}

/** The claims by which some issuers mark their access tokens. */
const marks: readonly (readonly [name: string, value: string])[] = [
  ['typ', 'Bearer'],
  ['token_use', 'access'],
  ['type', 'access_token'],
]

/**
 * Whether something shows that the token is an access token. An ID token without nonce consists of `iss`,
 * `sub`, `aud`, `exp` and `iat`, and an access token may consist of the same claims (RFC 9068 section 5).
 */
function isMarked(claims: JsonObject, typ: string | undefined, profile: Profile): boolean {
  return (
    saysAccessToken(typ) ||
    hasAny(claims, profile.scopeClaims) ||
    profile.clientClaims.some((name) => showsClient(claims, name, profile)) ||
    marks.some(([name, value]) => own(claims, name) === value)
  )
}

/** An `azp` that equals the only audience shows nothing: ID tokens have it, too. */
function showsClient(claims: JsonObject, name: string, profile: Profile): boolean {
  if (!Object.hasOwn(claims, name)) return false
  if (name !== 'azp') return true
  const audience = audienceOf(claims, profile)
  return audience.length === 0 || audience.some((other) => other !== claims['azp'])
}

function unmarked({ scopeClaims, clientClaims }: Profile): Refusal {
  return refuse(
    'not_an_access_token',
    'nothing shows that the token is an access token: its typ is not at+jwt, and it has no scope ' +
      `(${scopeClaims.join(', ')}), no client ID (${clientClaims.join(', ')}; an azp that equals aud does ` +
      'not count) and no claim such as token_use. If it is an ID token, send the access token instead. ' +
      'If it is an access token, configure the provider by name, such as keycloak(url), have the issuer ' +
      'add a scope or a client_id, or set acceptUnmarked: extend(defaultProfile, { acceptUnmarked: true })',
  )
}

function otherKind(claim: string, mark: string): Refusal {
  return refuse('not_an_access_token', `${mark}, which marks another kind of token`, { claim })
}

/** A list in the profile applies to every token, whatever its `typ`. */
function forbiddenBy({ forbiddenClaims }: Profile, typ: string | undefined): readonly string[] {
  if (forbiddenClaims) return forbiddenClaims
  return saysAccessToken(typ) ? forbiddenInAccessTokens : defaultForbiddenClaims
}

function forbiddenClaim(
  claims: JsonObject,
  forbidden: readonly string[],
  profile: Profile,
): string | undefined {
  for (const name of forbidden) {
    if (Object.hasOwn(claims, name) && marksAnotherKind(claims, name, profile)) return name
  }
  return undefined
}

function marksAnotherKind(claims: JsonObject, name: string, profile: Profile): boolean {
  if (name === 'nonce') return !hasAny(claims, profile.scopeClaims)
  // In a security event token and a logout token, `events` is an object (RFC 8417 section 2.2).
  if (name === 'events') return isJsonObject(claims[name])
  return true
}

/** Checks the claims that tell this provider's access tokens from its other tokens. */
function checkExpectedClaims(
  claims: JsonObject,
  { name: profile, expectedClaims }: Profile,
): Refusal | undefined {
  if (!expectedClaims) return undefined
  const wrong = Object.entries(expectedClaims).find(
    ([name, values]) => !values.some((value) => value === own(claims, name)),
  )
  if (!wrong) return undefined
  const [name, values] = wrong
  const reason = `the profile '${profile}' requires the claim ${name} to be ${values.join(' or ')}`
  return refuse('not_an_access_token', reason, { claim: name })
}

/** Whether the value of `typ` or `token_use` may mark another kind of token. */
export function isForbiddenType(value: string): boolean {
  return forbiddenTypes.includes(value.toLowerCase())
}

function forbiddenType(claims: JsonObject): [claim: string, mark: string] | undefined {
  const typ = lowerCase(own(claims, 'typ'))
  if (forbiddenTypes.includes(typ)) return ['typ', `the claim typ is '${typ}'`]
  if (lowerCase(own(claims, 'token_use')) !== 'id') return undefined
  return ['token_use', "the claim token_use is 'id'"]
}

/** Empty for a value that is not a string. A later check refuses that value as malformed. */
const lowerCase = (value: unknown): string => (typeof value === 'string' ? value.toLowerCase() : '')
