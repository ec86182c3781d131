import type { DecisionRecord } from '@resource-server/express'
import type { Logger } from 'pino'

/** An outage wants somebody out of bed; a refusal wants to be found; the rest is for the audit. */
const levels = { granted: 'info', refused: 'warn', unavailable: 'error' } as const

/** `onDecision` for pino: one line a decision, with everything in it, and a text to read in passing. */
export function decisionLogger(logger: Logger): (decision: DecisionRecord) => void {
  return (decision) => {
    const { outcome, code, request } = decision
    const what = request ? `${request.method} ${request.route ?? request.path ?? ''}` : 'a token'
    logger[levels[outcome]]({ decision }, `${what.trim()}: ${code ?? outcome}`)
  }
}
