import type { DecisionRecord } from '@resource-server/express'

/** Milliseconds. */
const timeout = 5_000

/** Collects the decision records of one service, in order. */
export class DecisionLog {
  readonly #records: DecisionRecord[] = []
  readonly #onRecord: (record: DecisionRecord) => void
  #recordAdded: () => void = () => undefined

  /** `onRecord` also receives each record. */
  constructor(onRecord: (record: DecisionRecord) => void = () => undefined) {
    this.#onRecord = onRecord
  }

  readonly write = (record: DecisionRecord): void => {
    this.#onRecord(record)
    this.#records.push(record)
    this.#recordAdded()
  }

  /**
   * Returns the oldest unread record. Waits for it if necessary, because a record may be written
   * after the response is sent.
   */
  async next(): Promise<DecisionRecord> {
    const record = this.#records.shift()
    if (record) return record
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no decision was reported')), timeout)
      this.#recordAdded = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    return this.next()
  }
}
