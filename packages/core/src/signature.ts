import { compactVerify } from 'jose'
import type { JsonObject } from './json.ts'
import type { VerificationKey } from './jwk.ts'
import type { JoseHeader, Unverified } from './jws.ts'
import { type Refusal, refuse } from './refusal.ts'

declare const minted: unique symbol

/** A token whose signature holds. Its claims are the issuer's words, not yet judged. Minted here only. */
export interface Verified {
  readonly raw: string
  readonly header: JoseHeader
  readonly claims: JsonObject
  readonly key: VerificationKey
  readonly [minted]: 'Verified'
}

/**
 * The sole call that verifies a signature (RFC 7515 section 5.2, step 8). The key was imported for
 * one algorithm, so a header cannot choose another. jose throws plain `TypeError`s for some keys;
 * whatever it throws is a signature that does not hold.
 */
export async function verifySignature(
  unverified: Unverified,
  key: VerificationKey,
): Promise<Verified | Refusal> {
  const { raw, header, claims } = unverified
  try {
    await compactVerify(raw, key.key, { algorithms: [header.alg] })
  } catch {
    return refuse('signature_invalid', "the signature does not hold under the issuer's key")
  }
  return { raw, header, claims, key } as Verified
}
