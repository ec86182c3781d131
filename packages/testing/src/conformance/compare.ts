import { isDeepStrictEqual } from 'node:util'
import type { Case, ExpectedResponse } from './case.ts'
import { challengesOf } from './challenges.ts'
import { headerValues, type RawResponse } from './raw-http.ts'
import type { Outcome } from './test-app.ts'

/** The differences between an outcome and its case, in words. Empty if the host conforms. */
export function problemsOf({ expect }: Case, outcome: Outcome): readonly string[] {
  const { responses, records, handled } = outcome
  const expectedHandled = expect.filter((each) => each.handled).length
  return [
    ...differences('number of responses', expect.length, responses.length),
    ...expect.flatMap((each, at) => responseProblems(each, responses[at])),
    ...differences('number of requests that reached a handler', expectedHandled, handled),
    ...recordProblems(expect, records),
  ]
}

function responseProblems(
  expected: ExpectedResponse,
  response: RawResponse | undefined,
): readonly string[] {
  if (!response) return []
  const { status, challenges, body, headers = {} } = expected
  return [
    ...differences('status', status, response.status),
    ...(challenges ? differences('challenges', challenges, challengesOf(response)) : []),
    ...bodyProblems(body, response.body),
    ...Object.entries(headers).flatMap(([name, value]) =>
      differences(name, value === undefined ? [] : [value], headerValues(response, name)),
    ),
  ]
}

function bodyProblems(expected: ExpectedResponse['body'], actual: string): readonly string[] {
  if (expected === undefined) return []
  if (typeof expected === 'string') return differences('body', expected, actual)
  try {
    return differences('body', expected, JSON.parse(actual))
  } catch {
    return [`body: expected JSON, got ${JSON.stringify(actual.slice(0, 200))}`]
  }
}

/** Compares in any order, because requests on one connection may be verified concurrently. */
function recordProblems(expect: Case['expect'], actual: Outcome['records']): readonly string[] {
  const unmatched = [...actual]
  const expected = expect.flatMap(({ record }) => record ?? [])
  const missing = expected.filter((record) => {
    const at = unmatched.findIndex((candidate) => hasMembers(candidate, record))
    if (at >= 0) unmatched.splice(at, 1)
    return at < 0
  })
  if (missing.length + unmatched.length === 0) return []
  return differences('records', expected, actual)
}

function hasMembers(actual: object, expected: object): boolean {
  return Object.entries(expected).every(([name, value]) =>
    isDeepStrictEqual((actual as Record<string, unknown>)[name], value),
  )
}

function differences(what: string, expected: unknown, actual: unknown): readonly string[] {
  if (isDeepStrictEqual(expected, actual)) return []
  return [`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`]
}

/**
 * A problem for each token, or signature of a token, that a response or a record contains. The claims
 * may be recorded: without the signature they are not a usable token.
 */
export function exposedTokens(outcome: Outcome, sent: readonly string[]): readonly string[] {
  const output = JSON.stringify([outcome.responses, outcome.records])
  return sent
    .flatMap((token) => [token, token.split('.')[2] ?? ''])
    .filter((secret) => secret.length > 20 && output.includes(secret))
    .map((secret) => `a response or a record contains a token: …${secret.slice(-12)}`)
}

/**
 * The part of an outcome that must be the same on every host. If the framework itself responds, that is
 * only the status. If the resource server responds, it is everything except the headers that HTTP
 * servers add.
 */
export function comparable({ expect }: Case, { responses }: Outcome): readonly unknown[] {
  return responses.map((response, at) => {
    const { status, body } = response
    if (!expect[at]?.challenges) return { status }
    const challenges = challengesOf(response)
    if (expect[at].body === undefined) return { status, challenges }
    const headers = expect[at].handled
      ? []
      : response.headers.filter(([name]) => !addedByServers.has(name.toLowerCase()))
    // Header names are case-insensitive: RFC 9110 section 5.1.
    const lines = headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    return { status, challenges, body, headers: lines.toSorted() }
  })
}

const addedByServers: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'transfer-encoding',
  'x-powered-by',
])
