import type { DecisionRecord } from '@resource-server/express'

const PATIENCE = 5_000

/** Collects what one service reports of its decisions, in order. */
export class DecisionLog {
  readonly #records: DecisionRecord[] = []
  readonly #all: DecisionRecord[]
  #arrived: () => void = () => undefined

  /** `all`: where the records of all services end up as well. */
  constructor(all: DecisionRecord[]) {
    this.#all = all
  }

  readonly write = (record: DecisionRecord): void => {
    this.#all.push(record)
    this.#records.push(record)
    this.#arrived()
  }

  /** The oldest record not read yet. What is granted is reported after the answer, so: wait for it. */
  async next(): Promise<DecisionRecord> {
    const record = this.#records.shift()
    if (record) return record
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no decision was reported')), PATIENCE)
      this.#arrived = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    return this.next()
  }
}
