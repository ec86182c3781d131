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
  return found ?? refuse('issuer_not_trusted', whyUntrusted(iss, policy))
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
    return refuse('type_not_accepted', `the token's typ is not one of ${describeTypes(issuer)}`)
  }
  return undefined
}

function describeTypes({ profile }: IssuerPolicy): string {
  return profile.types.map((type) => type ?? 'absent').join(', ')
}
