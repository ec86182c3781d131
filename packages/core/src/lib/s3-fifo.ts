import { bitsAt, Doorkeeper } from './doorkeeper.ts'
import type { Bounds } from './generational-map.ts'
import { MarkCounter } from './mark-counter.ts'

/** The part of each limit that is reserved for entries on probation. */
const probation = 0.03
/** A value larger than this part of the byte limit is not stored. */
const largest = 1 / 8
/** An entry is promoted to the main queue at this use. */
const promotedAt = 2
/** More uses are not counted, so an entry that is no longer used is dropped after a few rounds. */
const maxUses = 3
/** How many entries one eviction may pass over. Limits the time that it takes. */
const maxSteps = 64
/** The characters of a text that count for its mark and for the doorkeeper begin this far from its end. */
const tail = 20

class Entry<Value> {
  uses = 0
  readonly id: string
  readonly mark: number
  readonly value: Value
  readonly bytes: number
  queue: Queue<Value>
  previous: Entry<Value> = this
  next: Entry<Value> = this

  constructor(id: string, mark: number, value: Value, bytes: number, queue: Queue<Value>) {
    this.id = id
    this.mark = mark
    this.value = value
    this.bytes = bytes
    this.queue = queue
  }
}

/** A circular list. `oldest` is the next entry to be evicted, and new entries are added behind it. */
class Queue<Value> {
  oldest: Entry<Value> | undefined
  size = 0
  bytes = 0

  add(entry: Entry<Value>): void {
    const { oldest } = this
    this.size += 1
    this.bytes += entry.bytes
    entry.queue = this
    entry.next = oldest ?? entry
    entry.previous = oldest?.previous ?? entry
    entry.previous.next = entry
    entry.next.previous = entry
    this.oldest ??= entry
  }

  remove(entry: Entry<Value>): void {
    this.size -= 1
    this.bytes -= entry.bytes
    entry.previous.next = entry.next
    entry.next.previous = entry.previous
    if (this.oldest !== entry) return
    this.oldest = this.size > 0 ? entry.next : undefined
  }
}

/**
 * A bounded map from texts that keeps the entries that are used most. It stores the digest of a text instead of the
 * text. A digest is computed only if the text may be stored, which its last 20 characters tell.
 *
 * The policy is S3-FIFO (Yang et al., "FIFO Queues are All You Need for Cache Eviction", SOSP 2023). New entries are
 * on probation in a small queue. Those that are used there move to the main queue, which is most of the map. So
 * entries that are used only once or twice evict each other and nothing else. A use is only counted, and reorders
 * nothing.
 *
 * Three things differ from the paper. A value is not stored when it is offered for the first time: the
 * `Doorkeeper` remembers its text. An entry is promoted when it is used, not when it would be evicted. An
 * eviction passes over a limited number of entries. decisions/054 gives the reasons.
 */
export class S3Fifo<Value> {
  readonly #bounds: Bounds
  readonly #sizeOf: (value: Value) => number
  readonly #digestOf: (text: string) => string
  readonly #marks: MarkCounter
  readonly #doorkeeper: Doorkeeper
  readonly #entries = new Map<string, Entry<Value>>()
  readonly #small = new Queue<Value>()
  readonly #main = new Queue<Value>()

  /**
   * @param sizeOf the bytes of a value; called once, when the value is stored
   * @param digestOf no two texts may have the same digest
   */
  constructor(
    bounds: Bounds,
    sizeOf: (value: Value) => number,
    digestOf: (text: string) => string,
  ) {
    this.#bounds = bounds
    this.#sizeOf = sizeOf
    this.#digestOf = digestOf
    this.#marks = new MarkCounter(bounds.entries)
    this.#doorkeeper = new Doorkeeper(bounds.entries)
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#small.bytes + this.#main.bytes
  }

  /** Returns the value if it is stored. Counts as a use. */
  get(text: string): Value | undefined {
    const entry = this.#find(text)
    if (!entry) return undefined
    if (entry.uses < maxUses) this.#use(entry)
    return entry.value
  }

  /**
   * Stores the value, unless it is offered for the first time or too large. Replaces an older value.
   *
   * @param text its last 20 characters, except for the last 10, must be uniformly distributed
   */
  offer(text: string, value: Value): void {
    const times = this.#doorkeeper.timesSeen(text, text.length - tail)
    const mark = markOf(text)
    if (times === 1 && !this.#marks.mayHave(mark)) return
    const id = this.#digestOf(text)
    const replaced = this.#entries.get(id)
    if (times === 1 && !replaced) return
    if (replaced) this.#remove(replaced)
    const bytes = this.#sizeOf(value)
    if (bytes > this.#bounds.bytes * largest) return
    while (this.size >= this.#bounds.entries || this.bytes + bytes > this.#bounds.bytes) {
      this.#evict()
    }
    // A value that returns after its eviction was on probation before.
    const queue = replaced?.queue ?? (times > 2 ? this.#main : this.#small)
    const entry = new Entry(id, mark, value, bytes, queue)
    this.#entries.set(id, entry)
    this.#marks.add(mark)
    queue.add(entry)
  }

  delete(text: string): void {
    const entry = this.#find(text)
    if (entry) this.#remove(entry)
  }

  #find(text: string): Entry<Value> | undefined {
    return this.#marks.mayHave(markOf(text)) ? this.#entries.get(this.#digestOf(text)) : undefined
  }

  #use(entry: Entry<Value>): void {
    entry.uses += 1
    if (entry.uses !== promotedAt || entry.queue === this.#main) return
    this.#small.remove(entry)
    this.#main.add(entry)
  }

  #remove(entry: Entry<Value>): void {
    entry.queue.remove(entry)
    this.#entries.delete(entry.id)
    this.#marks.remove(entry.mark)
  }

  #evict(): void {
    const { entries, bytes } = this.#bounds
    const small = this.#small
    const isSmallFull = small.size > entries * probation || small.bytes > bytes * probation
    const evicted = isSmallFull ? small.oldest : this.#leastUsed()
    this.#remove(evicted!)
  }

  /** The oldest entry of the main queue that was not used since the last round. */
  #leastUsed(): Entry<Value> {
    let entry = this.#main.oldest!
    for (let steps = 0; entry.uses > 0 && steps < maxSteps; steps += 1) {
      entry.uses -= 1
      entry = entry.next
    }
    this.#main.oldest = entry
    return entry
  }
}

function markOf(text: string): number {
  return bitsAt(text, text.length - tail)
}
