import type { Clock } from '../lib/clock.ts'
import type { ReplayStore, UsedProof } from '../options/replay-store.ts'

/** Proofs that are forgotten at the same time. */
interface Bucket {
  readonly ids: Set<string>
  /** How many of them each key has. */
  readonly perKey: Map<string, number>
}

/** How many buckets the lifetime of a proof is divided into. */
const bucketsPerLifetime = 16

/**
 * Remembers used proofs in the memory of one process. Proofs are kept in buckets by the time at which
 * they expire, and a bucket is dropped as a whole, so the cost of a proof does not depend on how many are
 * stored. A proof that can still be accepted is never dropped: if the store is full, it throws.
 */
export class MemoryReplayStore implements ReplayStore {
  readonly #maxProofs: number
  readonly #width: number
  /** By the time at which the bucket is dropped, in milliseconds. */
  readonly #buckets = new Map<number, Bucket>()
  #size = 0
  #forgottenUntil = 0
  readonly #clock: Pick<Clock, 'now'>
  #since: number

  /**
   * @param maxProofs the maximum number of stored proofs; at most half of them can come from one key
   * @param lifetime how long a proof can be accepted, in milliseconds
   */
  constructor(maxProofs: number, lifetime: number, clock: Pick<Clock, 'now'>) {
    this.#maxProofs = maxProofs
    this.#width = Math.ceil(lifetime / bucketsPerLifetime)
    this.#clock = clock
    this.#since = clock.now()
  }

  /**
   * When the store was created: earlier proofs may have been used in a previous process. On Cloudflare
   * Workers, the time is 0 until the first request, so there it is the time of the first request.
   */
  get since(): number {
    this.#since ||= this.#clock.now()
    return this.#since
  }

  /** The number of stored proofs. */
  get size(): number {
    return this.#size
  }

  /** How many buckets each proof is looked up in. */
  get bucketCount(): number {
    return this.#buckets.size
  }

  /** @throws ReplayStoreUnavailable if the proof cannot be recorded */
  consume({ id, jkt, expiresAt, now }: UsedProof): boolean {
    this.#dropExpired(now)
    // If the clock was moved back, a forgotten proof could look unused.
    if (expiresAt <= this.#forgottenUntil) return false
    let ofKey = 0
    for (const { ids, perKey } of this.#buckets.values()) {
      if (ids.has(id)) return false
      ofKey += perKey.get(jkt) ?? 0
    }
    if (this.#size >= this.#maxProofs) throw new ReplayStoreUnavailable('the store is full')
    if (ofKey >= this.#maxProofs / 2) {
      throw new ReplayStoreUnavailable('one key has used half of the store')
    }
    const { ids, perKey } = this.#bucketFor(expiresAt)
    ids.add(id)
    perKey.set(jkt, (perKey.get(jkt) ?? 0) + 1)
    this.#size += 1
    return true
  }

  #dropExpired(now: number): void {
    for (const [end, { ids }] of this.#buckets) {
      if (end > now) continue
      this.#buckets.delete(end)
      this.#size -= ids.size
      this.#forgottenUntil = Math.max(this.#forgottenUntil, end)
    }
  }

  #bucketFor(expiresAt: number): Bucket {
    const end = Math.ceil(expiresAt / this.#width) * this.#width
    const known = this.#buckets.get(end)
    if (known) return known
    const bucket: Bucket = { ids: new Set(), perKey: new Map() }
    this.#buckets.set(end, bucket)
    return bucket
  }
}

/** A proof cannot be recorded at the moment. Its message is for the operator. */
export class ReplayStoreUnavailable extends Error {}
