import { isDeepStrictEqual } from 'node:util'
import type { DecisionRecord } from '@resource-server/express'
import { describeIdentity, describeToken, truncateToken } from './describe.ts'
import type { Environment } from './environment.ts'
import { type RawResponse, send } from './raw-http.ts'
import type { Report } from './report.ts'
import { type Expected, type RequestCase, requestCases } from './request-cases.ts'

/** Sends each request case, and prints and checks what the caller and the operator learn. */
export async function checkRequests(environment: Environment, report: Report): Promise<void> {
  report.section('What the services accept and refuse')
  report.text('"caller" is the response, which is all that the sender of the request learns.')
  report.text('"operator" is the decision record, which the service passes to onDecision.')
  for (const requestCase of await requestCases(environment)) {
    const { title, expected } = requestCase
    report.step(title)
    describeRequest(requestCase, report)
    const { response, record } = await run(requestCase, environment)
    describeOutcome(response, record, report)
    const actual = outcomeOf(response, record)
    report.check({
      title,
      passed: isDeepStrictEqual(actual, expected),
      expected: JSON.stringify(expected),
      caller: [actual.status, actual.error].filter(Boolean).join(' '),
      operator: record.code ?? record.outcome,
    })
  }
}

interface Outcome {
  readonly response: RawResponse
  readonly record: DecisionRecord
}

async function run(
  { to, request, tokens, clockOffset = 0 }: RequestCase,
  environment: Environment,
): Promise<Outcome> {
  const { url, decisions } = environment[to]
  const [method, path] = request
  environment.clock.setOffset({ seconds: clockOffset })
  const authorization = tokens.map((token) => `Bearer ${token}`)
  const response = await send({ method, url: url + path, authorization })
  environment.clock.setOffset({ seconds: 0 })
  return { response, record: await decisions.next() }
}

/** The response and the decision, in the form of the expectation. */
function outcomeOf({ status, challenge = '' }: RawResponse, { code }: DecisionRecord): Expected {
  const error = parameter(challenge, 'error')
  const scope = parameter(challenge, 'scope')
  return { status, ...(error && { error }), ...(scope && { scope }), ...(code && { code }) }
}

function parameter(challenge: string, name: string): string | undefined {
  return new RegExp(`[ ,]${name}="([^"]*)"`).exec(challenge)?.[1]
}

function describeRequest({ to, request, tokens }: RequestCase, report: Report): void {
  const headers = tokens.map((token) => `Authorization: Bearer ${truncateToken(token)}`)
  report.detail('sent', `${request.join(' ')} to ${to}-service`, ...headers)
  if (tokens.length > 0) report.detail('token', ...tokens.flatMap(describeToken))
}

function describeOutcome(
  { status, challenge }: RawResponse,
  record: DecisionRecord,
  report: Report,
): void {
  const header = challenge === undefined ? [] : [`WWW-Authenticate: ${challenge}`]
  report.detail('caller', String(status), ...header)
  const decision = record.code ? `${record.code}: ${record.reason}` : record.outcome
  report.detail('operator', ...[decision, describeIdentity(record)].filter(Boolean))
}
