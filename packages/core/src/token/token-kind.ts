import { hasAny, type JsonObject, own } from '../lib/json.ts'
import type { Profile } from '../options/profile.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'

/**
 * Claims that only other kinds of token have: ID tokens (OpenID Connect Core section 2) and logout
 * tokens (OpenID Connect Back-Channel Logout section 2.4).
 */
const defaultForbiddenClaims = ['at_hash', 'c_hash', 's_hash', 'events', 'nonce']
const forbiddenTypes = ['id', 'refresh', 'offline', 'logout']

/** Refuses tokens of another kind, such as ID tokens, that the same issuer signs. */
export function checkKind(claims: JsonObject, profile: Profile): Refusal | undefined {
  const forbidden = forbiddenClaim(claims, profile)
  if (forbidden === 'nonce') {
    return refuse('not_an_access_token', 'the token has nonce but no scope, like an ID token', {
      claim: 'nonce',
    })
  }
  if (forbidden !== undefined) return otherKind(forbidden, `the token has ${forbidden}`)
  const type = forbiddenType(claims)
  if (type) return otherKind(...type)
  return checkExpectedClaims(claims, profile)
}

function otherKind(claim: string, mark: string): Refusal {
  return refuse('not_an_access_token', `${mark}, which marks another kind of token`, { claim })
}

function forbiddenClaim(claims: JsonObject, profile: Profile): string | undefined {
  for (const name of profile.forbiddenClaims ?? defaultForbiddenClaims) {
    if (!Object.hasOwn(claims, name)) continue
    if (name !== 'nonce' || !hasAny(claims, profile.scopeClaims)) return name
  }
  return undefined
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

function forbiddenType(claims: JsonObject): [claim: string, mark: string] | undefined {
  const typ = lowerCase(own(claims, 'typ'))
  if (forbiddenTypes.includes(typ)) return ['typ', `the claim typ is '${typ}'`]
  if (lowerCase(own(claims, 'token_use')) !== 'id') return undefined
  return ['token_use', "the claim token_use is 'id'"]
}

/** Empty for a value that is not a string. A later check refuses that value as malformed. */
const lowerCase = (value: unknown): string => (typeof value === 'string' ? value.toLowerCase() : '')
