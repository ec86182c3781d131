import type { DpopSettings } from '../config/dpop.ts'
import type { Policy } from '../config/policy.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'
import { within } from '../lib/clock.ts'
import { isThenable } from '../lib/maybe-promise.ts'
import { nameAndCodeOf } from '../lib/quote.ts'
import type { ReplayStore, UsedProof } from '../options/replay-store.ts'
import { nonceTimes } from './nonce.ts'
import type { Proof } from './proof.ts'
import { MemoryReplayStore, ReplayStoreUnavailable } from './replay-store.ts'
import { sha256Async } from '#crypto'

/** Milliseconds of real time. */
const storeDeadline = 1000

/** Decides whether a proof was used before. */
export class ReplayCheck {
  readonly #store: ReplayStore
  readonly #clock: Policy['clock']
  readonly #tolerance: number

  constructor(
    { clock, clockTolerance }: Pick<Policy, 'clock' | 'clockTolerance'>,
    dpop: DpopSettings,
  ) {
    const lifetime = Math.max(
      dpop.maxAge + 4 * clockTolerance,
      nonceTimes.lifetime + 3 * clockTolerance,
    )
    this.#clock = clock
    this.#tolerance = clockTolerance
    this.#store = dpop.store ?? new MemoryReplayStore(dpop.maxProofs, lifetime * 1000, clock)
  }

  /**
   * Compares a time with the start of the store. An earlier proof may have been used before the store could record
   * it. Clients round `iat` down to whole seconds, so a time in the second of the start could be either.
   *
   * @param seconds since the epoch
   */
  compareWithStart(seconds: number): 'before' | 'same second' | 'after' {
    const { since } = this.#store
    // A nonce has whole milliseconds. A clock may have fractions of them.
    if (since === undefined || Math.round(seconds * 1000) >= Math.floor(since)) return 'after'
    return Math.floor(seconds) === Math.floor(since / 1000) ? 'same second' : 'before'
  }

  /**
   * Marks a proof as used. The last step of the binding: a proof that is itself refused stays unused.
   *
   * @param madeAt the earliest time at which the proof can have been made, in seconds
   * @param lifetime for how long it is accepted, in seconds
   */
  async consume(
    { jkt, jti }: Proof,
    madeAt: number,
    lifetime: number,
  ): Promise<Refusal | undefined> {
    const id = await sha256Async(`${jkt}.${jti}`)
    const { since } = this.#store
    const now = this.#clock.now()
    // Another instance, whose clock is behind, accepts the proof for longer than this one.
    const expiresAt = Math.floor((madeAt + lifetime + 2 * this.#tolerance) * 1000) + 1
    const result = await this.#askStore({ id, jkt, expiresAt, now })
    if (result === false) return refuse('proof_replayed', 'the proof was used before')
    if (result !== true) {
      return refuse('replay_store_unavailable', describe(result), { retryAfter: 1 })
    }
    // The store may have found out only now that it lost its data.
    const isLost = this.#store.since !== since && this.compareWithStart(madeAt) !== 'after'
    return isLost ? refuseOldProof() : undefined
  }

  /** Returns the error if the store fails or takes too long. */
  async #askStore(proof: UsedProof): Promise<unknown> {
    try {
      const result: unknown = this.#store.consume(proof)
      // A store in memory needs no timer.
      return isThenable(result) ? await within(storeDeadline, result, storeIsLate) : result
    } catch (error) {
      return asError(error)
    }
  }
}

export function refuseOldProof(): Refusal {
  return refuse('proof_not_current', 'the proof was made before the store of used proofs started')
}

function storeIsLate(): Error {
  return new ReplayStoreUnavailable(`no answer within ${storeDeadline} ms`)
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error()
}

/** Only the name and the code of an error of the store: its message may contain a password. */
function describe(result: unknown): string {
  return `the store of used proofs is unavailable: ${whatHappened(result)}`
}

function whatHappened(result: unknown): string {
  if (result instanceof ReplayStoreUnavailable) return result.message
  return result instanceof Error ? nameAndCodeOf(result) : 'it did not return a boolean'
}
