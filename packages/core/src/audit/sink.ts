import { isThenable } from '../lib/maybe-promise.ts'
import { describeThrown } from '../lib/quote.ts'
import type { DecisionRecord } from '../options/decision-record.ts'

/** Passes decision records to the function in `onDecision`. */
export interface Sink {
  take(record: DecisionRecord): void
  /** Counts a record that could not be built as lost. `error` is what was thrown. */
  lose(error: unknown): void
}

interface SinkSettings {
  /** How many of the function's promises may be pending at the same time. */
  readonly maxPending: number
  /** Called for each lost record, with the number of lost records since startup and the cause. */
  readonly onLoss: (total: number, cause: string) => void
}

/**
 * Passes records to a function without waiting for it, so a slow function cannot delay responses or
 * use up memory.
 *
 * A record is lost if the function throws, if its promise rejects, or if `maxPending` of its promises
 * are pending. The next record that is passed on has the number of lost records in `lost`.
 */
export function createSink(
  write: (record: DecisionRecord) => unknown,
  { maxPending, onLoss }: SinkSettings,
): Sink {
  let pending = 0
  let unreported = 0
  let total = 0
  const lose = (cause: string): void => {
    unreported += 1
    total += 1
    onLoss(total, cause)
  }
  const take = (record: DecisionRecord): void => {
    if (pending >= maxPending) return lose(`${maxPending} records are pending`)
    const lost = unreported
    unreported = 0
    const fail = (cause: string): void => {
      unreported += lost
      lose(cause)
    }
    try {
      const result: unknown = write(lost > 0 ? Object.freeze({ ...record, lost }) : record)
      if (!isThenable(result)) return
      pending += 1
      const settled = Promise.resolve(result).finally(() => {
        pending -= 1
      })
      settled.catch((error: unknown) => fail(`it rejected with ${describeThrown(error)}`))
    } catch (error) {
      fail(`it threw ${describeThrown(error)}`)
    }
  }
  return {
    take,
    lose: (error) => lose(`a record could not be built: ${describeThrown(error)}`),
  }
}
