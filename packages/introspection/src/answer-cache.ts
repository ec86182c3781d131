import type { Clock, IntrospectionAnswer } from '@resource-server/core'
import { GenerationalMap } from '@resource-server/core/client'

/** An answer that can be used again. */
export type Answer = Exclude<IntrospectionAnswer, { outcome: 'unavailable' }>

interface Entry {
  readonly answer: Answer
  /** By the monotonic clock. */
  readonly freshUntil: number
  /** By the monotonic clock. */
  readonly usableUntil: number
}

interface Limits {
  /** In seconds. */
  readonly maxAge: number
  /** In seconds. */
  readonly staleIfError: number
  readonly maxTokens: number
}

/** How long an inactive answer is used, in seconds: the server may not have replicated a new token yet. */
const maxNegativeAge = 5
/** The average memory for an answer, in bytes. */
const bytesPerAnswer = 4096
const entryBytes = 300

/**
 * Remembers answers by the hash of the issuer and the token. Inactive answers have a map of their own, so that a flood
 * of unknown tokens evicts no answer about a valid one.
 */
export class AnswerCache {
  readonly #limits: Limits
  readonly #clock: Clock
  readonly #active: GenerationalMap<Entry>
  readonly #inactive: GenerationalMap<Entry>

  constructor(limits: Limits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
    const bounds = { entries: limits.maxTokens, bytes: limits.maxTokens * bytesPerAnswer }
    this.#active = new GenerationalMap(bounds)
    this.#inactive = new GenerationalMap(bounds)
  }

  get size(): number {
    return this.#active.size + this.#inactive.size
  }

  /** A fresh answer. */
  get(id: string): Answer | undefined {
    const entry = this.#active.get(id) ?? this.#inactive.get(id)
    if (!entry || entry.freshUntil <= this.#clock.monotonic()) return undefined
    return { ...entry.answer, cached: true }
  }

  /** An active answer that is no longer fresh, for use while the endpoint is unavailable. */
  getStale(id: string): Answer | undefined {
    const entry = this.#active.get(id)
    if (!entry || entry.usableUntil <= this.#clock.monotonic()) return undefined
    return { ...entry.answer, cached: true, stale: true } as Answer
  }

  /** @param bytes the size of the response */
  keep(id: string, answer: Answer, bytes: number): void {
    const { maxAge, staleIfError } = this.#limits
    // What was known before is out of date.
    this.#active.delete(id)
    this.#inactive.delete(id)
    if (maxAge === 0) return
    const now = this.#clock.monotonic()
    if (answer.outcome === 'inactive') {
      const freshUntil = now + Math.min(maxAge, maxNegativeAge) * 1000
      this.#inactive.set(id, { answer, freshUntil, usableUntil: now }, entryBytes)
      return
    }
    const freshUntil = now + Math.min(maxAge * 1000, this.#untilExpiry(answer))
    const entry = { answer, freshUntil, usableUntil: freshUntil + staleIfError * 1000 }
    this.#active.set(id, entry, entryBytes + 4 * bytes)
  }

  /** Milliseconds. Core refuses an answer without `exp`. */
  #untilExpiry({ claims }: Extract<Answer, { outcome: 'active' }>): number {
    const { exp } = claims
    return typeof exp === 'number' ? exp * 1000 - this.#clock.now() : 0
  }
}
