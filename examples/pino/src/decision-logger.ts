import type { DecisionRecord } from '@resource-server/express'
import type { Logger } from 'pino'

/** An outage needs an operator, so it is an error. A refusal is a warning. A grant is information. */
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
