import type { DecisionRecord } from '@resource-server/express'
import type { Logger } from 'pino'

/** The log level for each outcome. An outage is an error, because it needs an operator. */
const levels = { granted: 'info', refused: 'warn', unavailable: 'error' } as const

/**
 * Creates an `onDecision` function that logs one line for each decision. The line contains the whole
 * record and a short message, such as `GET /orders/:id: granted`.
 */
export function decisionLogger(logger: Logger): (decision: DecisionRecord) => void {
  return (decision) => {
    const { outcome, code, request } = decision
    const subject = request ? `${request.method} ${request.route ?? request.path ?? ''}` : 'a token'
    logger[levels[outcome]]({ decision }, `${subject.trim()}: ${code ?? outcome}`)
  }
}
