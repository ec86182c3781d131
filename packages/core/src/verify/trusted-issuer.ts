import { canonical, isAlgorithm } from '../options/algorithms.ts'
import { own } from '../lib/json.ts'
import type { JoseHeader, Unverified } from '../jose/jws.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'

/**
 * Returns the configured issuer that the token names in `iss`. The names must be exactly equal (RFC 8725
 * section 3.8). Nothing has been fetched yet, and `iss` proves nothing until the issuer's key verifies the
 * signature.
 */
export function trustedIssuer({ claims }: Unverified, policy: Policy): IssuerPolicy | Refusal {
  const iss = own(claims, 'iss')
  const found = typeof iss === 'string' ? policy.issuers.get(iss) : undefined
  return found ?? refuse('issuer_not_trusted', whyUntrusted(iss, policy), { claim: 'iss' })
}

function whyUntrusted(iss: unknown, { issuers }: Policy): string {
  if (iss === undefined) return 'the token has no iss'
  if (typeof iss !== 'string') return "the token's iss is not a string"
  const similar = [...issuers.keys()].find((known) => withoutSlash(known) === withoutSlash(iss))
  return similar === undefined
    ? "the token's iss is not one of the configured issuers"
    : `the token's iss and the configured issuer '${similar}' differ by a trailing slash: configure it as in the token`
}

function withoutSlash(value: string): string {
  return value.endsWith('/') ? value.slice(0, -1) : value
}

/** Checks that the issuer may use the token's `alg` and `typ` (RFC 8725 sections 3.1 and 3.11). */
export function checkHeader({ alg, typ }: JoseHeader, issuer: IssuerPolicy): Refusal | undefined {
  if (!isAlgorithm(alg) || !issuer.algorithms.includes(canonical(alg))) {
    return refuse(
      'algorithm_not_allowed',
      `the token's alg is not one of ${issuer.algorithms.join(', ')}`,
    )
  }
  if (!issuer.profile.types.includes(typ?.toLowerCase())) {
    return refuse('type_not_accepted', whyOtherType(typ, issuer))
  }
  return undefined
}

/** Names the setting that accepts the type. */
function whyOtherType(typ: string | undefined, { profile }: IssuerPolicy): string {
  const accepted = profile.types.map((type) => type ?? 'absent').join(', ')
  const found = typ === undefined ? 'the token has no typ' : `the token's typ is ${shownType(typ)}`
  return (
    `${found}, and the profile '${profile.name}' accepts ${accepted}. If the issuer's access tokens have ` +
    "another typ, add it to 'types' with extend(profile, { types: [ … ] }), in lowercase, or undefined for none"
  )
}

/** A type that is not verified is shown only if it is a short media type, so it needs no escaping. */
function shownType(typ: string): string {
  const isShown = typ.length <= 64 && /^[\w!#$&^.+/-]+$/.test(typ)
  return isShown ? `'${typ}'` : 'not a media type'
}
