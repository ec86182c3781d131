import type { Policy } from '../config/policy.ts'
import type { Code } from '../errors/codes.ts'
import { Refusal, refuse } from '../errors/refusal.ts'
import type { UnverifiedProof } from '../jose/jws.ts'
import { isEqual } from '../lib/equal.ts'
import type { MaybePromise } from '../lib/maybe-promise.ts'
import type { AccessToken } from '../token/access-token.ts'
import { clientCertificate } from './certificate.ts'
import type { TokenConfirmation } from '../token/confirmation.ts'
import { Nonces, nonceTimes } from './nonce.ts'
import type { Presentation } from './presentation.ts'
import { type Proof, verifyProof } from './proof.ts'
import { refuseOldProof, ReplayCheck } from './replay-check.ts'
import { targetsOf } from './target-url.ts'
import { warn } from '#platform'

/** How far the check of a binding got. The check fills it in; records are built from it. */
export interface BindingTrace {
  readonly scheme: Presentation['scheme']
  /** What the token is bound to. */
  readonly confirmation: TokenConfirmation | undefined
  /** Set once the proof is parsed. Its signature may be wrong. */
  proof?: UnverifiedProof
  /** Set if the certificate was not checked here. */
  checkedBy?: 'gateway'
  /** A nonce for the response. */
  nonce?: string
}

/**
 * Decides whether a request proves the binding of its token. It runs for every token, cached or not, after
 * the checks of the token itself.
 */
export class BindingCheck {
  readonly #policy: Policy
  readonly #replay: ReplayCheck | undefined
  readonly #nonces: Nonces | undefined
  #startNonces: Nonces | undefined
  #hasWarned = false

  constructor(policy: Policy) {
    const { dpop, mtls, log } = policy
    this.#policy = policy
    if (mtls?.from === 'gateway' && log !== 'off') {
      warn(
        "mtls: { checkedBy: 'gateway' } is set: tokens that are bound to a certificate are accepted without comparing the certificate.",
      )
    }
    if (!dpop) return
    this.#replay = new ReplayCheck(policy, dpop)
    if (dpop.nonceSecrets) this.#nonces = this.#createNonces(dpop.nonceSecrets)
  }

  /**
   * Returns why the binding does not hold, or `undefined`. Synchronous for a token that is not bound.
   *
   * @param token a valid token
   */
  check(
    token: AccessToken,
    presentation: Presentation,
    trace: { binding?: BindingTrace },
  ): MaybePromise<Refusal | undefined> {
    const { confirmation } = token
    const { scheme } = presentation
    if (confirmation || scheme === 'DPoP') trace.binding = { scheme, confirmation }
    if (!confirmation) return this.#checkPlain(presentation)
    return this.#checkBound(confirmation, token.raw, presentation, trace.binding!)
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
    const { jkt, 'x5t#S256': thumbprint } = confirmation
    const refusal = this.#checkScheme(confirmation, presentation)
    if (refusal) return refusal
    // A proof is marked as used by the last step, so the certificate is checked before it.
    if (thumbprint !== undefined) {
      const mismatch = await this.#checkCertificate(thumbprint, presentation, trace)
      if (mismatch) return mismatch
    }
    return jkt === undefined ? undefined : this.#checkProof(jkt, token, presentation, trace)
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
    if (this.#policy.credential?.isOnlySource) {
      const reason = "the token has cnf.jkt, but bound tokens are not accepted with 'credential'"
      return refuseBinding('binding_unsupported', reason)
    }
    const isMissing = this.#policy.publicUrls.origins.length === 0
    const why = isMissing ? "neither 'publicUrl' nor 'resource' is set" : "dpop is 'off'"
    if (isMissing && !this.#hasWarned && this.#policy.log !== 'off') {
      this.#hasWarned = true
      warn(`A token that is bound to a key with DPoP was refused, because ${why}. Set publicUrl.`)
    }
    return refuseBinding('binding_unsupported', `the token has cnf.jkt, but ${why}`)
  }

  async #checkCertificate(
    expected: string,
    presentation: Presentation,
    trace: BindingTrace,
  ): Promise<Refusal | undefined> {
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
    jkt: string,
    token: string,
    presentation: Presentation,
    trace: BindingTrace,
  ): Promise<Refusal | undefined> {
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
      : this.#checkAge(proof, now, this.#replay!)
  }

  /** Only if a nonce is all that is missing, so that a client does not repeat its request in vain. */
  async #checkNonce(
    proof: Proof,
    now: number,
    nonces: Nonces,
    trace: BindingTrace,
  ): Promise<Refusal | undefined> {
    const replay = this.#replay!
    const issued = proof.nonce === undefined ? undefined : await nonces.issuedAt(proof.nonce, now)
    if (issued === undefined || replay.compareWithStart(issued) !== 'after') {
      const reason =
        proof.nonce === undefined
          ? 'the proof has no nonce'
          : 'the nonce in the proof is not current, or is not from this service'
      return requireNonce(reason, nonces, now)
    }
    const refusal = await replay.consume(proof, issued, nonceTimes.lifetime)
    if (refusal?.code === 'proof_not_current') {
      return requireNonce(
        'the nonce in the proof was issued before the store of used proofs started',
        nonces,
        now,
      )
    }
    if (!refusal && now - issued > nonceTimes.renewal) trace.nonce = await nonces.issue(now)
    return refusal
  }

  /** Without nonces. Refuses a proof that may have been used before the store of used proofs was started. */
  async #checkAge(proof: Proof, now: number, replay: ReplayCheck): Promise<Refusal | undefined> {
    const made = replay.compareWithStart(proof.iat)
    if (made === 'before' || (made !== 'after' && !this.#canSendNonce())) {
      return refuseOldProof()
    }
    const isNew = made === 'after' || (await this.#isFromThisProcess(proof, now))
    if (isNew) {
      const { maxAge } = this.#policy.dpop!
      return replay.consume(proof, proof.iat, maxAge + this.#policy.clockTolerance)
    }
    const reason =
      'iat in the proof falls in the second in which the store of used proofs was started, so the proof may have been used before'
    return requireNonce(reason, this.#noncesOfThisProcess(), now)
  }

  /** Whether the proof has a nonce that this process issued, so that no earlier process can have accepted it. */
  async #isFromThisProcess({ nonce }: Proof, now: number): Promise<boolean> {
    if (nonce === undefined) return false
    return (await this.#noncesOfThisProcess().issuedAt(nonce, now)) !== undefined
  }

  /** Their secret is random. Created late, because Cloudflare Workers have no randomness before a request. */
  #noncesOfThisProcess(): Nonces {
    this.#startNonces ??= this.#createNonces([crypto.getRandomValues(new Uint8Array(32))])
    return this.#startNonces
  }

  #createNonces(secrets: readonly Uint8Array[]): Nonces {
    const { publicUrls, clockTolerance } = this.#policy
    const urls = publicUrls.origins.map(({ origin, path }) => origin + path)
    return new Nonces(secrets, urls.join(' '), clockTolerance)
  }

  /** `createVerifier` has no URL and sends no responses. */
  #canSendNonce(): boolean {
    return this.#policy.publicUrls.origins.length > 0
  }
}

async function requireNonce(reason: string, nonces: Nonces, now: number): Promise<Refusal> {
  return refuse('proof_nonce_required', reason, { dpopNonce: await nonces.issue(now) })
}

type BindingCode = Extract<Code, `binding_${string}`>

function refuseBinding(code: BindingCode, reason: string): Refusal {
  return refuse(code, reason, { claim: 'cnf' })
}
