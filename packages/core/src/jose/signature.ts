import { compactVerify } from 'jose'
import { canonical, isAlgorithm } from '../options/algorithms.ts'
import type { JsonObject } from '../lib/json.ts'
import type { VerificationKey } from './jwk.ts'
import type { JoseHeader, Unverified } from './jws.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'
import { signatureCheck } from '#crypto'

declare const minted: unique symbol

/** A token whose signature holds. Its claims are the issuer's words, not yet judged. Minted here only. */
export interface Verified {
  readonly raw: string
  readonly header: JoseHeader
  readonly claims: JsonObject
  readonly key: VerificationKey
  readonly [minted]: 'Verified'
}

/** What does the mathematics: the platform's own way where there is a cheaper one, or WebCrypto. */
export type Cryptography = 'native' | 'webcrypto'

/**
 * The sole call that verifies a signature (RFC 7515 section 5.2, step 8). Both ways accept the same
 * signatures: of the length that the key gives, for the one algorithm that the key was imported for,
 * so that a header cannot choose another. jose and Node throw plain `TypeError`s for some keys;
 * whatever is thrown is a signature that does not hold.
 */
export function verifySignature(
  unverified: Unverified,
  key: VerificationKey,
  cryptography: Cryptography = 'native',
): Verified | Refusal | Promise<Verified | Refusal> {
  try {
    const { alg } = unverified.header
    if (!isAlgorithm(alg) || canonical(alg) !== key.algorithm) return invalid()
    const { length, check } = mathematicsOf(key, cryptography)
    if (unverified.signature.length !== length) return invalid()
    const holds = check(unverified)
    if (typeof holds === 'boolean') return verdict(holds, unverified, key)
    return holds.then((late) => verdict(late, unverified, key), invalid)
  } catch {
    return invalid()
  }
}

function verdict(holds: boolean, unverified: Unverified, key: VerificationKey): Verified | Refusal {
  if (!holds) return invalid()
  const { raw, header, claims } = unverified
  return { raw, header, claims, key } as Verified
}

function invalid(): Refusal {
  return refuse('signature_invalid', "the signature does not hold under the issuer's key")
}

type Check = (unverified: Unverified) => boolean | Promise<boolean>

interface Mathematics {
  /** Of a signature, in bytes. */
  readonly length: number
  readonly check: Check
}

/** One for each key, so that nothing is looked up or converted for each token. They go with the key. */
const known: Readonly<Record<Cryptography, WeakMap<VerificationKey, Mathematics>>> = {
  native: new WeakMap(),
  webcrypto: new WeakMap(),
}

function mathematicsOf(key: VerificationKey, cryptography: Cryptography): Mathematics {
  const found = known[cryptography].get(key)
  if (found) return found
  const check = cryptography === 'native' ? nativeCheck(key) : webCryptoCheck(key)
  const made = { length: signatureLength(key), check }
  known[cryptography].set(key, made)
  return made
}

function nativeCheck(key: VerificationKey): Check {
  const native = signatureCheck(key.algorithm, key.key)
  if (!native) return webCryptoCheck(key)
  return ({ raw, signature }) => native(raw.slice(0, raw.lastIndexOf('.')), signature)
}

function webCryptoCheck({ key }: VerificationKey): Check {
  return async ({ raw, header }) => {
    await compactVerify(raw, key, { algorithms: [header.alg] })
    return true
  }
}

const fixedLengths: Readonly<Record<string, number>> = {
  ES256: 64,
  ES384: 96,
  ES512: 132,
  EdDSA: 64,
}

/** In bytes: RFC 8017 sections 8.1.2 and 8.2.2 step 1, RFC 7518 section 3.4, RFC 8032 section 5.1.7. */
function signatureLength({ algorithm, key }: VerificationKey): number {
  const { modulusLength = 0 } = key.algorithm as { modulusLength?: number }
  return fixedLengths[algorithm] ?? Math.ceil(modulusLength / 8)
}
