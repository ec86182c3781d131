import type { Policy } from '../config/policy.ts'
import { pseudonymous } from './pseudonym.ts'
import type { DecisionRecord, RecordBody } from '../options/decision-record.ts'
import { Refusal } from '../errors/refusal.ts'
import { createSink } from './sink.ts'
import * as platform from '#platform'

/** In milliseconds, `at` by the monotonic clock. */
export interface Lap {
  readonly at: number
  readonly took: number
}

/** Tells whoever listens. Nothing that a listener does reaches the decision or its caller. */
export interface Reporter {
  /** Whether anybody listens. What is for nobody is not built, measured or hashed. */
  readonly hasListeners: () => boolean
  /** At once: for when the answer has gone out. */
  readonly report: (body: () => RecordBody) => void
  /** After the answer, so that no listener delays it. */
  readonly reportLater: (body: () => RecordBody) => void
  /** What runs work in the asynchronous context of now, such as its span; only where somebody listens. */
  readonly context: () => (work: () => void) => void
  /** Says when something ended and how long it took; only where somebody listens. */
  readonly stopwatch: () => () => Lap | undefined
}

const decisions = platform.channel('resource-server:decision')
const losses = platform.channel('resource-server:lost')

/** Records that wait for their answers to go out. */
const maxWaiting = 100

export function createReporter({ onDecision, clock, records }: Policy): Reporter {
  const sink = onDecision && createSink(onDecision, { maxPending: records.maxPending, onLoss })
  const hasListeners = (): boolean => sink !== undefined || decisions.hasSubscribers
  const report = (body: () => RecordBody): void => {
    if (!hasListeners()) return
    const record = recordOf(body, records.pseudonymKey)
    if (!record) return sink?.lose()
    decisions.publish(record)
    sink?.take(record)
  }
  let waiting = 0
  return {
    hasListeners,
    report,
    reportLater: (body) => {
      if (!hasListeners()) return
      // Who verifies in a loop that never lets the event loop turn is interrupted.
      if (waiting >= maxWaiting) return report(body)
      waiting += 1
      platform.defer(() => {
        waiting -= 1
        report(body)
      })
    },
    context: () => (hasListeners() ? platform.context() : directly),
    stopwatch: () => {
      if (!hasListeners()) return untimed
      const start = clock.monotonic()
      return () => {
        const at = clock.monotonic()
        return { at, took: Math.round((at - start) * 1000) / 1000 }
      }
    },
  }
}

const directly = (work: () => void): void => work()
const untimed = (): undefined => undefined

/** `undefined` where a host's part of it throws: that is no reason to let anybody in or keep out. */
function recordOf(
  body: () => RecordBody,
  pseudonymKey: Uint8Array | undefined,
): DecisionRecord | undefined {
  try {
    const { time, ...rest } = pseudonymKey ? pseudonymous(body(), pseudonymKey) : body()
    return Object.freeze({ version: 1, time, ...rest })
  } catch {
    return undefined
  }
}

/** Who watches the channel gets every count; everybody is warned once. */
function onLoss(total: number, why: string): void {
  losses.publish({ lost: total })
  if (total === 1)
    platform.warn(`Decision records are being lost: onDecision does not take them (${why}).`)
}

/** The part of a record that says how it ended. */
export function endOf(result: unknown): Pick<DecisionRecord, 'outcome' | 'code' | 'reason'> {
  if (!(result instanceof Refusal)) return { outcome: 'granted' }
  const { category, code, reason } = result
  return { outcome: category === 'refused' ? 'refused' : 'unavailable', code, reason }
}
