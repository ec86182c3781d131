import type { DecisionRecord } from '../options/decision-record.ts'

/** Where records go that a user's function takes. */
export interface Sink {
  take(record: DecisionRecord): void
  /** Counts one that could not even be made. */
  lose(): void
}

interface SinkSettings {
  /** Records that may wait for the function at a time. */
  readonly maxPending: number
  /** Told of each loss: how many since the start, and why. */
  readonly onLoss: (total: number, why: string) => void
}

/**
 * Hands records to a function without ever waiting for it. What it does not take is lost and counted:
 * where it throws or rejects, and where `maxPending` promises of its are open. The next record it
 * gets says how many went missing. So a slow function costs records, never answers and never memory.
 */
export function createSink(
  write: (record: DecisionRecord) => unknown,
  { maxPending, onLoss }: SinkSettings,
): Sink {
  let pending = 0
  let untold = 0
  let total = 0
  const lose = (why: string): void => {
    untold += 1
    total += 1
    onLoss(total, why)
  }
  const take = (record: DecisionRecord): void => {
    if (pending >= maxPending) return lose(`${maxPending} records wait for it`)
    const telling = untold
    untold = 0
    const failed = (why: string): void => {
      untold += telling
      lose(why)
    }
    try {
      const taken: unknown = write(
        telling > 0 ? Object.freeze({ ...record, lost: telling }) : record,
      )
      if (!isThenable(taken)) return
      pending += 1
      const settled = Promise.resolve(taken).finally(() => {
        pending -= 1
      })
      settled.catch(() => failed('it rejected'))
    } catch {
      failed('it threw')
    }
  }
  return { take, lose: () => lose('a record could not be made') }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
