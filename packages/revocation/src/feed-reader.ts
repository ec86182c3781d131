import type { Clock, RevocationFeed } from '@resource-server/core'
import { within } from '@resource-server/core/client'

/** How often the feed is read without being told to, in milliseconds. */
const interval = 1000
/** How long one read may take, in milliseconds of real time. */
const deadline = 2000
/** Without a successful read for this long, revocations may be missing, in milliseconds. */
const maxSilence = 10_000
/** How many parts are read before others get a turn. A feed that never ends must not block the process. */
const maxParts = 1000

interface Listener {
  readonly onEntries: (entries: readonly string[]) => void
}

/** Keeps the copy of a feed up to date. */
export class FeedReader {
  readonly #feed: RevocationFeed
  readonly #clock: Required<Clock>
  readonly #listener: Listener
  #position: string | undefined
  /** When the last complete read began, by the monotonic clock. */
  #currentAt = -Infinity
  #lastError: string | undefined
  #reading: Promise<void> | undefined
  #isTold = false
  #cancel: (() => void) | undefined
  #unsubscribe: (() => unknown) | undefined

  constructor(feed: RevocationFeed, clock: Required<Clock>, listener: Listener) {
    this.#feed = feed
    this.#clock = clock
    this.#listener = listener
  }

  /** Whether the copy was once complete. */
  get wasCurrent(): boolean {
    return this.#currentAt !== -Infinity
  }

  get isCurrent(): boolean {
    return this.#clock.monotonic() - this.#currentAt < maxSilence
  }

  /** Milliseconds since the copy was complete. */
  get age(): number {
    return this.#clock.monotonic() - this.#currentAt
  }

  get lastError(): string | undefined {
    return this.#lastError
  }

  start(): void {
    if (this.#unsubscribe) return
    try {
      this.#unsubscribe = this.#feed.subscribe(() => this.#onTold())
    } catch (error) {
      // The feed is read every second in any case.
      this.#unsubscribe = () => {}
      this.#lastError = describe(error)
    }
    void this.read()
  }

  stop(): void {
    this.#cancel?.()
    const unsubscribe = this.#unsubscribe
    this.#cancel = this.#unsubscribe = undefined
    try {
      void unsubscribe?.()
    } catch {
      // Nothing depends on it.
    }
  }

  /** Reads until there is nothing new. Never rejects. */
  read(): Promise<void> {
    return (this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined
      if (this.#isTold) this.#onTold()
      else this.#readLater()
    }))
  }

  #onTold(): void {
    this.#isTold = this.#reading !== undefined
    if (!this.#isTold && this.#unsubscribe) void this.read()
  }

  #readLater(): void {
    this.#cancel?.()
    if (this.#unsubscribe) this.#cancel = this.#clock.schedule(interval, () => void this.read())
  }

  async #readAll(): Promise<void> {
    this.#isTold = false
    // What is appended after this moment may be missing.
    const startedAt = this.#clock.monotonic()
    try {
      for (let parts = 0; parts < maxParts; parts += 1) {
        // oxlint-disable-next-line no-await-in-loop -- each part begins where the last one ended
        const { entries, position } = checked(
          await within(deadline, this.#feed.read(this.#position), isLate),
        )
        const isEnd = entries.length === 0 || position === this.#position
        this.#listener.onEntries(entries)
        this.#position = position
        if (!isEnd) continue
        this.#currentAt = startedAt
        this.#lastError = undefined
        return
      }
      this.#isTold = true
    } catch (error) {
      this.#lastError = describe(error)
    }
  }
}

function checked(part: { readonly entries: unknown; readonly position: unknown }): {
  readonly entries: readonly string[]
  readonly position: string
} {
  const { entries, position } = part
  if (Array.isArray(entries) && typeof position === 'string') {
    return { entries: entries as string[], position }
  }
  throw new Unreadable('read() did not return entries and a position')
}

/** Its message is for the operator. */
class Unreadable extends Error {}

function isLate(): Error {
  return new Unreadable(`no answer within ${deadline} ms`)
}

/** Only the name and the code of another error: its message may contain a password. */
export function describe(error: unknown): string {
  if (error instanceof Unreadable) return error.message
  if (!(error instanceof Error)) return 'it failed'
  const { code } = error as { readonly code?: unknown }
  const name = error.name.replace(/[^\w ]/g, '').slice(0, 64)
  return typeof code === 'string' ? `${name} ${code.replace(/\W/g, '').slice(0, 64)}` : name
}
