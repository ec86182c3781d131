import { canonical, isAlgorithm } from '../options/algorithms.ts'
import type { JsonObject } from '../lib/json.ts'
import type { SignatureKey, VerificationKey } from './jwk.ts'
import { type JoseHeader, type Jws, rememberHeader, type Unverified } from './jws.ts'
import { loadVerifyFunctions } from './load-jose.ts'
import { andThen, type MaybePromise } from '../lib/maybe-promise.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'
import { signatureCheck } from '#crypto'

declare const brand: unique symbol

/**
 * A token with a valid signature. The issuer wrote its claims, but they are not checked yet. Only this
 * file creates values of this type.
 */
export interface Verified {
  readonly raw: string
  readonly header: JoseHeader
  readonly claims: JsonObject
  readonly key: VerificationKey
  readonly [brand]: 'Verified'
}

/** The implementation to use. `native` falls back to `webcrypto` for keys it does not support. */
export type Cryptography = 'native' | 'webcrypto'

/**
 * Verifies the signature of a token with a key of its issuer.
 *
 * Returns a promise only if the implementation is asynchronous.
 */
export function verifySignature(
  unverified: Unverified,
  key: VerificationKey,
  cryptography: Cryptography = 'native',
): MaybePromise<Verified | Refusal> {
  return andThen(hasValidSignature(unverified, key, cryptography), (valid) =>
    resultOf(valid, unverified, key),
  )
}

/**
 * Verifies a signature (RFC 7515 section 5.2, step 8). No other code does. Both implementations accept
 * the same signatures.
 *
 * The key determines the algorithm and the length of the signature, so a header cannot choose another
 * algorithm. jose and Node throw a plain `TypeError` for some keys. Any error of theirs counts as an
 * invalid signature. The promise rejects only if jose cannot be loaded.
 */
export function hasValidSignature(
  jws: Jws,
  key: SignatureKey,
  cryptography: Cryptography = 'native',
): MaybePromise<boolean> {
  try {
    const { alg } = jws.header
    if (!isAlgorithm(alg) || canonical(alg) !== key.algorithm) return false
    const { length, verify } = verifierFor(key, cryptography)
    if (jws.signature.length !== length) return false
    return verify(jws)
  } catch {
    return false
  }
}

function resultOf(
  valid: boolean,
  unverified: Unverified,
  key: VerificationKey,
): Verified | Refusal {
  if (!valid) return invalid()
  rememberHeader(unverified)
  const { raw, header, claims } = unverified
  return { raw, header, claims, key } as Verified
}

function invalid(): Refusal {
  return refuse('signature_invalid', "the signature is not valid for the issuer's key")
}

type Verify = (jws: Jws) => MaybePromise<boolean>

interface SignatureVerifier {
  /** The length of a signature, in bytes. */
  readonly length: number
  readonly verify: Verify
}

/** One verifier per key, so that no token needs a lookup or a conversion. Released with the key. */
const verifiers: Readonly<Record<Cryptography, WeakMap<SignatureKey, SignatureVerifier>>> = {
  native: new WeakMap(),
  webcrypto: new WeakMap(),
}

function verifierFor(key: SignatureKey, cryptography: Cryptography): SignatureVerifier {
  const existing = verifiers[cryptography].get(key)
  if (existing) return existing
  const verify = cryptography === 'native' ? nativeVerify(key) : webCryptoVerify(key)
  const created = { length: signatureLength(key), verify }
  verifiers[cryptography].set(key, created)
  return created
}

function nativeVerify(key: SignatureKey): Verify {
  const native = signatureCheck(key.algorithm, key.key)
  if (!native) return webCryptoVerify(key)
  return ({ raw, signature }) => {
    const valid = native(raw.slice(0, raw.lastIndexOf('.')), signature)
    return typeof valid === 'boolean' ? valid : valid.catch(() => false)
  }
}

function webCryptoVerify({ key }: SignatureKey): Verify {
  return async ({ raw, header }) => {
    const { compactVerify } = await loadVerifyFunctions()
    return compactVerify(raw, key, { algorithms: [header.alg] }).then(
      () => true,
      () => false,
    )
  }
}

const fixedLengths: Readonly<Record<string, number>> = {
  ES256: 64,
  ES384: 96,
  ES512: 132,
  EdDSA: 64,
  'ML-DSA-44': 2420,
  'ML-DSA-65': 3309,
  'ML-DSA-87': 4627,
}

/**
 * In bytes. RFC 8017 sections 8.1.2 and 8.2.2, step 1; RFC 7518 section 3.4; RFC 8032 section 5.1.7;
 * FIPS 204, table 2.
 */
function signatureLength({ algorithm, key }: SignatureKey): number {
  const { modulusLength = 0 } = key.algorithm as { modulusLength?: number }
  return fixedLengths[algorithm] ?? Math.ceil(modulusLength / 8)
}
