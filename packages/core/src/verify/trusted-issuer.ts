import { canonical, isAlgorithm } from '../options/algorithms.ts'
import type { JoseHeader } from '../jose/jws.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'
import { quote } from '../lib/quote.ts'
import type { KeySource } from '../jwks/key-source.ts'
import { describeMismatch } from './issuer-mismatch.ts'

/** An issuer whose tokens are accepted, and the source of its keys. */
export interface TrustedIssuer {
  readonly issuer: IssuerPolicy
  readonly source: KeySource
  /** Called when a signature of this issuer has been verified. Absent for configured issuers. */
  readonly recordVerified?: () => void
}

/**
 * The refusal of a token whose `iss` is not exactly equal to the name of a configured issuer (RFC 8725
 * section 3.8).
 */
export function untrustedIssuer(iss: unknown, { issuers }: Policy): Refusal {
  return refuse('issuer_not_trusted', describeMismatch(iss, issuers), { claim: 'iss' })
}

/** Checks that the issuer may use the token's `alg` and `typ` (RFC 8725 sections 3.1 and 3.11). */
export function checkHeader(header: JoseHeader, issuer: IssuerPolicy): Refusal | undefined {
  return checkAlgorithm(header, issuer) ?? checkType(header, issuer)
}

export function checkAlgorithm({ alg }: JoseHeader, issuer: IssuerPolicy): Refusal | undefined {
  if (isAlgorithm(alg) && issuer.algorithms.includes(canonical(alg))) return undefined
  return refuse('algorithm_not_allowed', describeAlgorithm(alg, issuer))
}

export function checkType({ typ }: JoseHeader, issuer: IssuerPolicy): Refusal | undefined {
  if (issuer.profile.types.includes(typ?.toLowerCase())) return undefined
  return refuse('type_not_accepted', whyOtherType(typ, issuer))
}

function describeAlgorithm(alg: string, { algorithms }: IssuerPolicy): string {
  const reason = `the token's alg is ${quote(alg)}, expected one of ${algorithms.join(', ')}`
  if (isAlgorithm(alg)) return `${reason}. If the issuer uses it, add it to 'algorithms'`
  if (alg.toLowerCase() === 'none')
    return `${reason}. A token without a signature is never accepted`
  if (/^HS\d+$/.test(alg)) {
    return `${reason}. Symmetric algorithms are not supported: have the issuer sign with RS256 or ES256`
  }
  return `${reason}. It cannot be added to 'algorithms', because it is not supported`
}

/** Names the setting that accepts the type. */
function whyOtherType(typ: string | undefined, { profile }: IssuerPolicy): string {
  const accepted = profile.types.map((type) => type ?? 'absent').join(', ')
  const found = typ === undefined ? 'the token has no typ' : `the token's typ is ${quote(typ)}`
  return (
    `${found}, and the profile '${profile.name}' accepts ${accepted}. If the issuer's access tokens have ` +
    "another typ, add it in lowercase to 'types' with extend(profile, { types: [ … ] }); undefined means no typ"
  )
}
