/** One timer serves all calls. It fires this often within a timeout, so a call may take this much longer. */
const checksPerTimeout = 10

interface Entry {
  readonly controller: AbortController
  /** A reading of the monotonic clock. */
  readonly end: number
}

/**
 * Aborts calls that take too long. A timer for each call would cost as much as a tenth of the call: decisions/108.
 * Network timeouts run in real time, whatever the clock of the hop is.
 */
export class Deadlines {
  readonly #timeout: number
  /** In the order in which they end, because all have the same timeout. */
  readonly #entries = new Set<Entry>()
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param timeout in milliseconds */
  constructor(timeout: number) {
    this.#timeout = timeout
  }

  /** Starts a deadline. Pass the result to `end` when the call is done. */
  start(): Entry {
    const entry = { controller: new AbortController(), end: performance.now() + this.#timeout }
    this.#entries.add(entry)
    if (this.#timer === undefined) this.#schedule()
    return entry
  }

  end(entry: Entry): void {
    this.#entries.delete(entry)
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#check(), Math.ceil(this.#timeout / checksPerTimeout))
    this.#timer.unref?.()
  }

  #check(): void {
    const now = performance.now()
    for (const entry of this.#entries) {
      if (entry.end > now) break
      this.#entries.delete(entry)
      const message = `no response within ${this.#timeout} ms`
      entry.controller.abort(new DOMException(message, 'TimeoutError'))
    }
    if (this.#entries.size > 0) this.#schedule()
    else this.#timer = undefined
  }
}
