import * as base64url from 'jose/base64url'
import type { DpopSettings } from '../config/dpop.ts'
import { Refusal, refuse } from '../errors/refusal.ts'
import { type ProofKey, readProofKey } from '../jose/jwk.ts'
import { parseProof, type ProofHeader, type UnverifiedProof } from '../jose/jws.ts'
import { type Cryptography, hasValidSignature } from '../jose/signature.ts'
import { isEqual } from '../lib/equal.ts'
import { GenerationalMap } from '../lib/generational-map.ts'
import { own } from '../lib/json.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import type { NormalUri } from '../lib/uri.ts'
import { type Algorithm, canonical, isAlgorithm } from '../options/algorithms.ts'
import { isNonEmptyString, isNumericDate, roundSeconds } from '../token/claim-values.ts'
import { targetProblem } from './target-url.ts'
import { sha256Async } from '#crypto'
import { decodeBase64url } from '#platform'

declare const brand: unique symbol

/**
 * A DPoP proof that belongs to this request and this token, with a valid signature by its own key. Not checked yet:
 * whether the token is bound to that key, its nonce, and whether the proof was used before. Only this file creates
 * values of this type.
 */
export interface Proof {
  /** The thumbprint of its key (RFC 7638). */
  readonly jkt: string
  readonly jti: string
  readonly nonce: string | undefined
  /** In seconds since the epoch. If nonces are in use, it has not been compared with the clock. */
  readonly iat: number
  readonly [brand]: 'Proof'
}

/** The request that a proof must be for. */
export interface ProofContext {
  /** The values of the `DPoP` header, one for each line. */
  readonly headers: readonly unknown[]
  /** As the handler sees it. */
  readonly method: string
  /** The URLs that the client may have used. */
  readonly targets: readonly NormalUri[]
  readonly token: string
  /** In seconds since the epoch. */
  readonly now: number
  /** In seconds. */
  readonly clockTolerance: number
  readonly settings: Pick<DpopSettings, 'algorithms' | 'maxAge' | 'nonceSecrets'>
  readonly cryptography: Cryptography
  /** Called with the proof once it is parsed, for the record. */
  readonly onParsed?: (proof: UnverifiedProof) => void
}

const maxProofCharacters = 8192

/** The key and the signature of these algorithms take more. Such proofs are accepted only if they are configured. */
const longerProofs: ReadonlyMap<Algorithm, number> = new Map<Algorithm, number>([
  ['ML-DSA-65', 10_240],
  ['ML-DSA-87', 13_312],
])

function maxCharacters(algorithms: readonly Algorithm[]): number {
  return Math.max(maxProofCharacters, ...algorithms.map((name) => longerProofs.get(name) ?? 0))
}

interface KnownHeader extends ProofHeader {
  readonly key: ProofKey
}

/**
 * Headers of proofs with a valid signature, and their keys, by the encoded header: a client sends the same header
 * each time. Importing a key takes longer than using it.
 */
const knownHeaders = new GenerationalMap<KnownHeader>({ entries: 2000, bytes: 2 ** 23 })

/** Verifies the proof of a request (RFC 9449 section 4.3), except for its nonce and whether it is new. */
export async function verifyProof(context: ProofContext): Promise<Proof | Refusal> {
  const parsed = parse(context.headers, maxCharacters(context.settings.algorithms))
  if (parsed instanceof Refusal) return parsed
  context.onParsed?.(parsed)
  const found = keyOf(parsed, context)
  const key = found instanceof Promise ? await found : found
  if (key instanceof Refusal) return key
  const claims = readClaims(parsed)
  if (claims instanceof Refusal) return claims
  if (!(await hasValidSignature(parsed, key, context.cryptography))) {
    return refuse('proof_signature_invalid', "the proof's signature is not valid for its key")
  }
  if (!knownHeaders.get(headerOf(parsed))) remember(parsed, key)
  const refusal =
    checkTarget(claims, context) ??
    checkTimes(claims, context) ??
    (await checkToken(claims, context))
  if (refusal) return refusal
  const { jti, iat, nonce } = claims
  return { jkt: key.jkt, jti, iat, nonce } as Proof
}

function parse(headers: readonly unknown[], maximum: number): UnverifiedProof | Refusal {
  const [value, ...rest] = headers
  if (value === undefined) return refuse('proof_missing', 'the request has no DPoP header')
  if (rest.length > 0 || Array.isArray(value)) {
    return refuse('proof_malformed', 'the request has more than one DPoP header')
  }
  if (typeof value === 'string' && value.length > maximum) {
    const length = `the DPoP header has ${value.length} characters; the maximum is ${maximum}`
    return refuse('proof_malformed', length)
  }
  const proof = parseProof(value, maximum, knownHeaders)
  if (!(proof instanceof Refusal)) return proof
  return refuse('proof_malformed', `the DPoP header is not a proof: ${proof.reason}`)
}

/** Media types are case-insensitive, and the prefix may be left out (RFC 7515 section 4.1.9). */
const proofType = /^(?:application\/)?dpop\+jwt$/i
/** Parameters that would name another key. */
const otherKeys = ['jku', 'x5u', 'x5c']

function keyOf(
  proof: UnverifiedProof,
  { settings }: ProofContext,
): MaybePromise<ProofKey | Refusal> {
  const { alg } = proof.header
  if (!isAlgorithm(alg) || !settings.algorithms.includes(canonical(alg))) {
    return refuse('proof_malformed', 'the alg of the proof is not one of dpop.algorithms')
  }
  return knownHeaders.get(headerOf(proof))?.key ?? readKey(proof, canonical(alg))
}

async function readKey(
  { header: { typ }, parameters }: UnverifiedProof,
  algorithm: Algorithm,
): Promise<ProofKey | Refusal> {
  if (typ === undefined || !proofType.test(typ)) {
    return refuse('proof_malformed', 'the typ of the proof is not dpop+jwt')
  }
  const other = otherKeys.find((name) => Object.hasOwn(parameters, name))
  if (other) return refuse('proof_malformed', `the header of the proof has ${other}`)
  const key = await readProofKey(own(parameters, 'jwk'), algorithm)
  return typeof key === 'string' ? refuse('proof_malformed', `the jwk of the proof: ${key}`) : key
}

function remember({ raw, header, parameters }: UnverifiedProof, key: ProofKey): void {
  // Encoded again: a slice of the proof would keep the whole proof in memory.
  const segment = base64url.encode(decodeBase64url(headerOf({ raw }))!)
  knownHeaders.set(segment, { header, parameters, key }, 1024 + 4 * segment.length)
}

function headerOf({ raw }: Pick<UnverifiedProof, 'raw'>): string {
  return raw.slice(0, raw.indexOf('.'))
}

interface ProofClaims {
  readonly jti: string
  readonly htm: string
  readonly htu: string
  readonly ath: string
  readonly iat: number
  readonly exp: number | undefined
  readonly nbf: number | undefined
  readonly nonce: string | undefined
}

const shapes: readonly (readonly [name: string, isValid: (value: unknown) => boolean])[] = [
  ['jti', isNonEmptyString],
  ['htm', isNonEmptyString],
  ['htu', isNonEmptyString],
  ['ath', isNonEmptyString],
  ['iat', isNumericDate],
  ['exp', (value) => value === undefined || isNumericDate(value)],
  ['nbf', (value) => value === undefined || isNumericDate(value)],
  ['nonce', (value) => value === undefined || isNonEmptyString(value)],
]

/** RFC 9449 section 4.2. A claim of the wrong type does not count as an absent claim. */
function readClaims({ claims }: UnverifiedProof): ProofClaims | Refusal {
  for (const [name, isValid] of shapes) {
    if (isValid(own(claims, name))) continue
    return refuse('proof_malformed', `${name} in the proof is missing or malformed`)
  }
  return {
    jti: own(claims, 'jti'),
    htm: own(claims, 'htm'),
    htu: own(claims, 'htu'),
    ath: own(claims, 'ath'),
    iat: own(claims, 'iat'),
    exp: own(claims, 'exp'),
    nbf: own(claims, 'nbf'),
    nonce: own(claims, 'nonce'),
  } as ProofClaims
}

/** Method names are case-sensitive (RFC 9110 section 9.1). */
function checkTarget({ htm, htu }: ProofClaims, context: ProofContext): Refusal | undefined {
  if (htm !== context.method) {
    return refuse('proof_mismatch', 'htm in the proof differs from the method of the request')
  }
  const problem = targetProblem(htu, context.targets)
  return problem === undefined ? undefined : refuse('proof_mismatch', problem)
}

/** With nonces, the time of the nonce counts instead of `iat`, so the client's clock does not matter. */
function checkTimes(
  { iat, exp, nbf }: ProofClaims,
  { now, clockTolerance, settings: { maxAge, nonceSecrets } }: ProofContext,
): Refusal | undefined {
  const age = now - iat
  if (!nonceSecrets && age > maxAge + clockTolerance) {
    return notCurrent(`iat in the proof was ${roundSeconds(age)} s ago; the maximum is ${maxAge} s`)
  }
  if (!nonceSecrets && -age > clockTolerance) {
    return notCurrent(`iat in the proof is ${roundSeconds(-age)} s in the future`)
  }
  if (exp !== undefined && now - clockTolerance >= exp) {
    return notCurrent(`exp in the proof was ${roundSeconds(now - exp)} s ago`)
  }
  if (nbf !== undefined && now + clockTolerance < nbf) {
    return notCurrent(`nbf in the proof is ${roundSeconds(nbf - now)} s in the future`)
  }
  return undefined
}

function notCurrent(reason: string): Refusal {
  return refuse('proof_not_current', reason)
}

async function checkToken(
  { ath }: ProofClaims,
  { token }: ProofContext,
): Promise<Refusal | undefined> {
  if (isEqual(ath, await sha256Async(token))) return undefined
  return refuse('proof_mismatch', 'ath in the proof is not the hash of the access token')
}
