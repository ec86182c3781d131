import { isDeepStrictEqual } from 'node:util'
import type { DecisionRecord } from '@resource-server/express'
import { type Attempt, attempts, type Expected } from './attempts.ts'
import { describeIdentity, describeToken, shortened } from './describe.ts'
import { type RawAnswer, send } from './http-exchange.ts'
import type { Report } from './report.ts'
import type { Scene } from './scene.ts'

/** What must not work, each with what the caller learns and what the operator learns. */
export async function tryWhatMustNotWork(scene: Scene, report: Report): Promise<void> {
  report.chapter('What must not work')
  report.say('Under "caller" stands all that the sender learns; "operator" comes from onDecision.')
  for (const attempt of await attempts(scene)) {
    report.step(attempt.title)
    describeRequest(attempt, report)
    const { answer, record } = await tryOut(attempt, scene)
    describeOutcome(answer, record, report)
    const seen = outcomeOf(answer, record)
    report.check({
      title: attempt.title,
      asExpected: isDeepStrictEqual(seen, attempt.expected),
      expected: JSON.stringify(attempt.expected),
      caller: [seen.status, seen.error].filter(Boolean).join(' '),
      operator: record.code ?? record.outcome,
    })
  }
}

interface Outcome {
  readonly answer: RawAnswer
  readonly record: DecisionRecord
}

async function tryOut({ to, request, tokens, later = 0 }: Attempt, scene: Scene): Promise<Outcome> {
  const { url, decisions } = scene[to]
  const [method, path] = request
  scene.clock.setAhead({ seconds: later })
  const authorization = tokens.map((token) => `Bearer ${token}`)
  const answer = await send({ method, url: url + path, authorization })
  scene.clock.setAhead({ seconds: 0 })
  return { answer, record: await decisions.next() }
}

/** The answer and the decision in the terms of the expectation. */
function outcomeOf({ status, challenge = '' }: RawAnswer, { code }: DecisionRecord): Expected {
  const error = parameter(challenge, 'error')
  const scope = parameter(challenge, 'scope')
  return { status, ...(error && { error }), ...(scope && { scope }), ...(code && { code }) }
}

function parameter(challenge: string, name: string): string | undefined {
  return new RegExp(`[ ,]${name}="([^"]*)"`).exec(challenge)?.[1]
}

function describeRequest({ to, request, tokens }: Attempt, report: Report): void {
  const headers = tokens.map((token) => `Authorization: Bearer ${shortened(token)}`)
  report.detail('sent', `${request.join(' ')} to ${to}-service`, ...headers)
  if (tokens.length > 0) report.detail('token', ...tokens.flatMap(describeToken))
}

function describeOutcome(
  { status, challenge }: RawAnswer,
  record: DecisionRecord,
  report: Report,
): void {
  const header = challenge === undefined ? [] : [`WWW-Authenticate: ${challenge}`]
  report.detail('caller', String(status), ...header)
  const decision = record.code ? `${record.code}: ${record.reason}` : record.outcome
  report.detail('operator', ...[decision, describeIdentity(record)].filter(Boolean))
}
