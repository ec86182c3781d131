import { hasAny, type JsonObject, own } from '../lib/json.ts'
import type { Profile } from '../options/profile.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'

/** Claims that stand in other kinds of token only: OpenID Connect Core section 2 and Logout 2.4. */
const usualForeignClaims = ['at_hash', 'c_hash', 's_hash', 'events', 'nonce']
const foreignTypes = ['id', 'refresh', 'offline', 'logout']

/** An access token, and not one of the issuer's other kinds. */
export function checkKind(claims: JsonObject, profile: Profile): Refusal | undefined {
  const foreign = foreignClaim(claims, profile)
  if (foreign === 'nonce') {
    return refuse('not_an_access_token', 'the token has a nonce and no scope, as ID tokens have')
  }
  const mark = foreign ?? foreignType(claims)
  if (mark)
    return refuse('not_an_access_token', `the token has ${mark}, as other kinds of token have`)
  return asExpected(claims, profile)
}

function foreignClaim(claims: JsonObject, profile: Profile): string | undefined {
  for (const name of profile.forbiddenClaims ?? usualForeignClaims) {
    if (!Object.hasOwn(claims, name)) continue
    if (name !== 'nonce' || !hasAny(claims, profile.scopeClaims)) return name
  }
  return undefined
}

/** What this provider's access tokens say of themselves, and its other tokens do not. */
function asExpected(
  claims: JsonObject,
  { name: provider, expectedClaims }: Profile,
): Refusal | undefined {
  if (!expectedClaims) return undefined
  const wrong = Object.entries(expectedClaims).find(
    ([name, values]) => !values.some((value) => value === own(claims, name)),
  )
  if (!wrong) return undefined
  const [name, values] = wrong
  const reason = `the claim ${name} is not ${values.join(' or ')}, as in access tokens of ${provider}`
  return refuse('not_an_access_token', reason)
}

function foreignType(claims: JsonObject): string | undefined {
  const typ = lowerCase(own(claims, 'typ'))
  if (foreignTypes.includes(typ)) return `the claim typ '${typ}'`
  return lowerCase(own(claims, 'token_use')) === 'id' ? "the claim token_use 'id'" : undefined
}

/** Nothing for what is no string: a later check calls that malformed. */
const lowerCase = (value: unknown): string => (typeof value === 'string' ? value.toLowerCase() : '')
