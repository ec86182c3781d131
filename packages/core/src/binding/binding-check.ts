import type { Policy } from '../config/policy.ts'
import type { Code } from '../errors/codes.ts'
import { Refusal, refuse } from '../errors/refusal.ts'
import type { UnverifiedProof } from '../jose/jws.ts'
import { within } from '../lib/clock.ts'
import { isEqual } from '../lib/equal.ts'
import { nameAndCodeOf } from '../lib/quote.ts'
import { isThenable, type MaybePromise } from '../lib/maybe-promise.ts'
import type { ReplayStore, UsedProof } from '../options/replay-store.ts'
import type { AccessToken } from '../token/access-token.ts'
import { clientCertificate } from './certificate.ts'
import type { TokenConfirmation } from '../token/confirmation.ts'
import { Nonces, nonceTimes } from './nonce.ts'
import type { Presentation } from './presentation.ts'
import { type Proof, verifyProof } from './proof.ts'
import { MemoryReplayStore, ReplayStoreUnavailable } from './replay-store.ts'
import { targetsOf } from './target-url.ts'
import { sha256Async } from '#crypto'
import { warn } from '#platform'

/** How far the check of a binding got. The check fills it in; records are built from it. */
export interface BindingTrace {
  readonly scheme: Presentation['scheme']
  /** What the token is bound to. */
  readonly confirmation: TokenConfirmation | undefined
  /** Set once the proof is parsed. Its signature may be wrong. */
  proof?: UnverifiedProof
  /** Set if the certificate was not compared here. */
  checkedBy?: 'gateway'
  /** A nonce for the response. */
  nonce?: string
}

/** Milliseconds of real time. */
const storeDeadline = 1000

/**
 * Decides whether a request proves the binding of its token. It runs for every token, cached or not, after
 * the checks of the token itself.
 */
export class BindingCheck {
  readonly #policy: Policy
  readonly #store: ReplayStore | undefined
  readonly #nonces: Nonces | undefined
  #hasWarned = false

  constructor(policy: Policy) {
    const { dpop, mtls, clock, clockTolerance, publicUrls, log } = policy
    this.#policy = policy
    if (mtls?.from === 'gateway' && log !== 'off') {
      warn(
        "mtls: { checkedBy: 'gateway' } is set: tokens that are bound to a certificate are accepted without comparing the certificate.",
      )
    }
    if (!dpop) return
    const lifetime = Math.max(
      dpop.maxAge + 4 * clockTolerance,
      nonceTimes.lifetime + 3 * clockTolerance,
    )
    this.#store = dpop.store ?? new MemoryReplayStore(dpop.maxProofs, lifetime * 1000, clock.now())
    if (!dpop.nonceSecrets) return
    const urls = publicUrls.origins.map(({ origin, path }) => origin + path)
    this.#nonces = new Nonces(dpop.nonceSecrets, urls.join(' '), clockTolerance)
  }

  /**
   * Returns why the binding does not hold, or `undefined`. Synchronous for a token that is not bound.
   *
   * @param token is valid
   */
  check(
    token: AccessToken,
    presentation: Presentation,
    trace: { binding?: BindingTrace },
  ): MaybePromise<Refusal | undefined> {
    const { confirmation, raw } = token
    const { scheme } = presentation
    if (confirmation || scheme === 'DPoP') trace.binding = { scheme, confirmation }
    if (!confirmation) return this.#checkPlain(presentation)
    return this.#checkBound(confirmation, raw, presentation, trace.binding!)
  }

  /** A token that is not bound. A proof adds nothing to it (RFC 9449 section 7.1). */
  #checkPlain({ scheme }: Presentation): Refusal | undefined {
    if (scheme === 'DPoP') {
      return refuseBinding(
        'binding_required',
        'the token has no cnf, but was sent with the DPoP scheme',
      )
    }
    if (this.#policy.dpop?.mode === 'required') {
      return refuseBinding('binding_required', "the token has no cnf, and dpop is 'required'")
    }
    return undefined
  }

  async #checkBound(
    confirmation: TokenConfirmation,
    token: string,
    presentation: Presentation,
    trace: BindingTrace,
  ): Promise<Refusal | undefined> {
    // A proof is marked as used by the last step, so the certificate is checked before it.
    return (
      this.#checkScheme(confirmation, presentation) ??
      (await this.#checkCertificate(confirmation, presentation, trace)) ??
      (await this.#checkProof(confirmation, token, presentation, trace))
    )
  }

  #checkScheme({ jkt }: TokenConfirmation, { scheme }: Presentation): Refusal | undefined {
    const { dpop } = this.#policy
    if (jkt === undefined) {
      if (scheme === 'DPoP') {
        return refuseBinding(
          'binding_required',
          'the token was sent with the DPoP scheme, but has no cnf.jkt',
        )
      }
      if (dpop?.mode !== 'required') return undefined
      return refuseBinding('binding_required', "the token has no cnf.jkt, and dpop is 'required'")
    }
    if (!dpop) return this.#refuseDpop()
    if (scheme === 'DPoP') return undefined
    return refuseBinding(
      'binding_unproven',
      'the token has cnf.jkt, but was sent with the Bearer scheme',
    )
  }

  #refuseDpop(): Refusal {
    const isMissing = this.#policy.publicUrls.origins.length === 0
    const why = isMissing ? "neither 'publicUrl' nor 'resource' is set" : "dpop is 'off'"
    if (isMissing && !this.#hasWarned && this.#policy.log !== 'off') {
      this.#hasWarned = true
      warn(`A token that is bound to a key with DPoP was refused, because ${why}. Set publicUrl.`)
    }
    return refuseBinding('binding_unsupported', `the token has cnf.jkt, but ${why}`)
  }

  async #checkCertificate(
    { 'x5t#S256': expected }: TokenConfirmation,
    presentation: Presentation,
    trace: BindingTrace,
  ): Promise<Refusal | undefined> {
    if (expected === undefined) return undefined
    const { mtls } = this.#policy
    if (!mtls && !presentation.certificate) {
      return refuseBinding(
        'binding_unsupported',
        "the token has cnf.x5t#S256, but 'mtls' is not set",
      )
    }
    if (mtls?.from === 'gateway') {
      trace.checkedBy = 'gateway'
      return undefined
    }
    const found = await clientCertificate(presentation, mtls)
    if ('problem' in found) {
      return refuseBinding('binding_unproven', `the token has cnf.x5t#S256, but ${found.problem}`)
    }
    if (isEqual(found.thumbprint, expected)) return undefined
    return refuseBinding(
      'binding_mismatch',
      'the client certificate is not the one in cnf.x5t#S256',
    )
  }

  async #checkProof(
    { jkt }: TokenConfirmation,
    token: string,
    presentation: Presentation,
    trace: BindingTrace,
  ): Promise<Refusal | undefined> {
    if (jkt === undefined) return undefined
    const { clock, clockTolerance, cryptography, publicUrls } = this.#policy
    const now = clock.now() / 1000
    const proof = await verifyProof({
      headers: presentation.header('dpop'),
      method: presentation.method,
      targets: targetsOf(presentation, publicUrls),
      token,
      now,
      clockTolerance,
      settings: this.#policy.dpop!,
      cryptography,
      onParsed: (parsed) => (trace.proof = parsed),
    })
    if (proof instanceof Refusal) return proof
    if (!isEqual(proof.jkt, jkt)) {
      return refuseBinding('binding_mismatch', 'the key of the proof is not the one in cnf.jkt')
    }
    return this.#nonces
      ? this.#checkNonce(proof, now, this.#nonces, trace)
      : this.#consume(proof, proof.iat, this.#policy.dpop!.maxAge + clockTolerance)
  }

  /** Only if a nonce is all that is missing, so that a client does not repeat its request in vain. */
  async #checkNonce(
    proof: Proof,
    now: number,
    nonces: Nonces,
    trace: BindingTrace,
  ): Promise<Refusal | undefined> {
    const issued = proof.nonce === undefined ? undefined : await nonces.issuedAt(proof.nonce, now)
    const requireNonce = async (reason: string): Promise<Refusal> =>
      refuse('proof_nonce_required', reason, { dpopNonce: await nonces.issue(now) })
    if (proof.nonce === undefined) return requireNonce('the proof has no nonce')
    if (issued === undefined || this.#isOlderThanStore(issued)) {
      return requireNonce('the nonce in the proof is not current, or is not from this service')
    }
    const refusal = await this.#consume(proof, issued, nonceTimes.lifetime)
    if (refusal?.code === 'proof_not_current') {
      return requireNonce('the nonce in the proof is older than the store of used proofs')
    }
    if (!refusal && now - issued > nonceTimes.renewal) trace.nonce = await nonces.issue(now)
    return refusal
  }

  /** Clients round the time down to whole seconds, so the second in which the store started counts as later. */
  #isOlderThanStore(seconds: number): boolean {
    const { since } = this.#store!
    return since !== undefined && !(seconds >= Math.floor(since / 1000))
  }

  /**
   * Marks a proof as used. The last step of the binding: a proof that is itself refused stays unused.
   *
   * @param madeAt the earliest time at which the proof can have been made, in seconds
   * @param lifetime for how long it is accepted, in seconds
   */
  async #consume(proof: Proof, madeAt: number, lifetime: number): Promise<Refusal | undefined> {
    if (this.#isOlderThanStore(madeAt)) return refuseOldProof()
    const { jkt, jti } = proof
    const { clock, clockTolerance } = this.#policy
    const id = await sha256Async(`${jkt}.${jti}`)
    const now = clock.now()
    // Another instance, whose clock is behind, accepts the proof for longer than this one.
    const expiresAt = Math.floor((madeAt + lifetime + 2 * clockTolerance) * 1000) + 1
    const result = await this.#askStore({ id, jkt, expiresAt, now })
    // The store may have found out only now that it lost its data.
    if (result === true) return this.#isOlderThanStore(madeAt) ? refuseOldProof() : undefined
    if (result === false) return refuse('proof_replayed', 'the proof was used before')
    return refuse('replay_store_unavailable', describe(result), { retryAfter: 1 })
  }

  /** Returns the error if the store fails or takes too long. */
  async #askStore(proof: UsedProof): Promise<unknown> {
    try {
      const result: unknown = this.#store!.consume(proof)
      // A store in memory needs no timer.
      return isThenable(result) ? await within(storeDeadline, result, storeIsLate) : result
    } catch (error) {
      return asError(error)
    }
  }
}

type BindingCode = Extract<Code, `binding_${string}`>

function refuseBinding(code: BindingCode, reason: string): Refusal {
  return refuse(code, reason, { claim: 'cnf' })
}

function refuseOldProof(): Refusal {
  return refuse('proof_not_current', 'the proof is older than the store of used proofs')
}

function storeIsLate(): Error {
  return new ReplayStoreUnavailable(`no answer within ${storeDeadline} ms`)
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error('it failed')
}

/** Only the name and the code of an error of the store: its message may contain a password. */
function describe(result: unknown): string {
  return `the store of used proofs is unavailable: ${whatHappened(result)}`
}

function whatHappened(result: unknown): string {
  if (result instanceof ReplayStoreUnavailable) return result.message
  return result instanceof Error ? nameAndCodeOf(result) : 'it did not return a boolean'
}
