import type { Policy } from '../config/policy.ts'
import { pseudonymous } from './pseudonym.ts'
import { explanationOf } from '../errors/codes.ts'
import { escapeForLog } from '../lib/quote.ts'
import type { DecisionRecord, RecordBody } from '../options/decision-record.ts'
import { createSink } from './sink.ts'
import * as platform from '#platform'

/** When something ended, by the monotonic clock, and how long it took. Milliseconds. */
export interface Timing {
  readonly at: number
  readonly took: number
}

/** Passes records to listeners. Nothing a listener does affects the decision or its caller. */
export interface Reporter {
  /** Whether there is a listener. Without one, nothing is built, timed, or hashed. */
  readonly hasListeners: () => boolean
  /** Reports immediately. For use after the response has been sent. */
  readonly report: (body: () => RecordBody) => void
  /** Reports after the response, so that a listener cannot delay it. */
  readonly reportLater: (body: () => RecordBody) => void
  /** Captures the current asynchronous context, such as the active span, if there is a listener. */
  readonly context: () => (work: () => void) => void
  /** Starts timing; the returned function stops it. Returns `undefined` if there is no listener. */
  readonly stopwatch: () => () => Timing | undefined
}

const decisions = platform.channel('resource-server:decision')
const losses = platform.channel('resource-server:lost')

/** Records waiting for their responses to be sent. */
const maxWaiting = 100

export function createReporter({ onDecision, clock, records, log }: Policy): Reporter {
  const onLoss = log === 'off' ? publishLoss : warnOfLoss
  const sink = onDecision && createSink(onDecision, { maxPending: records.maxPending, onLoss })
  const printsRefusals = log === 'refusals' || (log === 'warnings' && platform.isDebugging())
  const hasListeners = (): boolean =>
    sink !== undefined || printsRefusals || decisions.hasSubscribers
  const report = (body: () => RecordBody): void => {
    if (!hasListeners()) return
    let record: DecisionRecord
    try {
      record = recordOf(body, records.pseudonymKey)
    } catch (error) {
      // A part that a host supplies, such as the route, must not change the decision.
      return sink?.lose(error)
    }
    if (printsRefusals && record.outcome !== 'granted') platform.printLine(describeRefusal(record))
    decisions.publish(record)
    sink?.take(record)
  }
  let waiting = 0
  return {
    hasListeners,
    report,
    reportLater: (body) => {
      if (!hasListeners()) return
      // A caller may verify in a loop that never yields to the event loop.
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

function recordOf(body: () => RecordBody, pseudonymKey: Uint8Array | undefined): DecisionRecord {
  const { time, ...rest } = pseudonymKey ? pseudonymous(body(), pseudonymKey) : body()
  return Object.freeze({ version: 1, time, ...rest })
}

/**
 * One line of ASCII, built from the record, so that it has the same pseudonyms. It contains the pattern of the
 * route instead of the path, because a path can contain personal data.
 */
function describeRefusal({ outcome, code, reason, guard, request }: DecisionRecord): string {
  const { method = '', route = '' } = request ?? {}
  const by = guard === undefined ? '' : ` by ${guard}`
  const what = `${`${method} ${route}`.trim()} ${outcome}${by}: ${code}: ${reason}`.trim()
  return escapeForLog(`${what} (${explanationOf(code!)})`)
}

function publishLoss(total: number): void {
  losses.publish({ lost: total })
}

/** Publishes every count to the channel, and prints the first. */
function warnOfLoss(total: number, cause: string): void {
  publishLoss(total)
  if (total === 1)
    platform.warn(`Decision records are being lost: onDecision does not accept them (${cause}).`)
}
