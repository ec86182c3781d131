import { type Refusal, refuse } from '../errors/refusal.ts'
import { type JsonObject, own } from '../lib/json.ts'
import { quote } from '../lib/quote.ts'

declare const brand: unique symbol

/**
 * The claims that the issuer's introspection endpoint returned for an active token. They are not checked yet. Only
 * this file creates values of this type.
 */
export interface Introspected {
  readonly claims: JsonObject
  readonly [brand]: 'Introspected'
}

interface Source {
  readonly issuer: string
  /** The audience of a token without `aud`, if one is accepted. */
  readonly audience: readonly string[] | undefined
  /** The claims of the same token, if it is a JWT that was verified before. */
  readonly verified?: JsonObject | undefined
}

/**
 * Completes the members of a response with what it may leave out (RFC 7662 section 2.2): the issuer is the one that
 * was asked. A response about another kind of token is refused.
 */
export function readIntrospected(
  answer: JsonObject,
  { issuer, audience, verified }: Source,
): Introspected | Refusal {
  const refusal = checkKindOfToken(answer) ?? checkSameToken(answer, verified)
  if (refusal) return refusal
  const { active: _active, ...members } = answer
  const assumed = { iss: issuer, ...(audience && { aud: audience }) }
  const claims: JsonObject = { ...assumed, ...verified, ...members }
  if (own(claims, 'iss') !== issuer) {
    return refuse('issuer_not_trusted', 'iss in the introspection response is another issuer', {
      claim: 'iss',
    })
  }
  return { claims } as Introspected
}

/** The values of `token_type` (RFC 6749 section 7.1) and of `token_use`, in lowercase. */
const accepted: Readonly<Record<string, readonly string[]>> = {
  token_type: ['bearer', 'dpop'],
  token_use: ['access', 'access_token'],
}

function checkKindOfToken(answer: JsonObject): Refusal | undefined {
  for (const [name, values] of Object.entries(accepted)) {
    const value = own(answer, name)
    if (value === undefined) continue
    if (typeof value === 'string' && values.includes(value.toLowerCase())) continue
    const shown = typeof value === 'string' ? quote(value) : 'not a string'
    return refuse('not_an_access_token', `${name} in the introspection response is ${shown}`, {
      claim: name,
    })
  }
  const type = own(answer, 'token_type') as string | undefined
  if (type?.toLowerCase() !== 'dpop' || Object.hasOwn(answer, 'cnf')) return undefined
  return refuse('binding_unsupported', 'token_type is DPoP, but the response has no cnf', {
    claim: 'cnf',
  })
}

/** What the server says must be about the JWT that was verified. */
function checkSameToken(answer: JsonObject, verified: JsonObject | undefined): Refusal | undefined {
  if (!verified) return undefined
  const different = ['iss', 'sub', 'jti'].find(
    (name) => Object.hasOwn(answer, name) && answer[name] !== own(verified, name),
  )
  if (different === undefined) return undefined
  const reason = `${different} in the introspection response is not that of the token`
  return refuse('claim_malformed', reason, { claim: different })
}
