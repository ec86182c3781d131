import { isDeepStrictEqual } from 'node:util'
import type { Case, Expected } from './case.ts'
import { challengesOf } from './challenges.ts'
import type { Outcome } from './test-app.ts'
import { type Answer, valuesOf } from './raw-http.ts'

/** What an outcome has that its case does not allow, in words. Empty where the host conforms. */
export function problemsOf({ expect }: Case, outcome: Outcome): readonly string[] {
  const { answers, records, handled } = outcome
  const counted = expect.filter((each) => each.handled).length
  return [
    ...differences('answers', expect.length, answers.length),
    ...expect.flatMap((each, at) => answerProblems(each, answers[at])),
    ...differences('handlers that ran', counted, handled),
    ...recordProblems(expect, records),
  ]
}

function answerProblems(expected: Expected, answer: Answer | undefined): readonly string[] {
  if (!answer) return []
  const { status, challenges, body, headers = {} } = expected
  return [
    ...differences('status', status, answer.status),
    ...(challenges ? differences('challenges', challenges, challengesOf(answer)) : []),
    ...bodyProblems(body, answer.body),
    ...Object.entries(headers).flatMap(([name, value]) =>
      differences(name, value === undefined ? [] : [value], valuesOf(answer, name)),
    ),
  ]
}

function bodyProblems(expected: Expected['body'], found: string): readonly string[] {
  if (expected === undefined) return []
  if (typeof expected === 'string') return differences('body', expected, found)
  try {
    return differences('body', expected, JSON.parse(found))
  } catch {
    return [`body: expected JSON, found ${JSON.stringify(found.slice(0, 200))}`]
  }
}

/** In any order: requests of one connection may be judged at the same time. */
function recordProblems(expect: Case['expect'], found: Outcome['records']): readonly string[] {
  const rest = [...found]
  const wanted = expect.flatMap(({ record }) => record ?? [])
  const missing = wanted.filter((record) => {
    const at = rest.findIndex((candidate) => has(candidate, record))
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
  return missing.length + rest.length === 0 ? [] : differences('records', wanted, found)
}

function has(found: object, wanted: object): boolean {
  return Object.entries(wanted).every(([name, value]) =>
    isDeepStrictEqual((found as Record<string, unknown>)[name], value),
  )
}

function differences(what: string, expected: unknown, found: unknown): readonly string[] {
  if (isDeepStrictEqual(expected, found)) return []
  return [`${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(found)}`]
}

/**
 * The tokens, or signatures of tokens, that an outcome gives away. A signature is what makes words a
 * token; without it, what stands in a token may be recorded.
 */
export function leaksOf(outcome: Outcome, sent: readonly string[]): readonly string[] {
  const shown = JSON.stringify([outcome.answers, outcome.records])
  return sent
    .flatMap((token) => [token, token.split('.')[2] ?? ''])
    .filter((secret) => secret.length > 20 && shown.includes(secret))
    .map((secret) => `a token is shown: …${secret.slice(-12)}`)
}

/**
 * What must be the same on every host. Where the host itself answers, that is the status alone; where
 * the resource server answers, it is all but what HTTP servers add of their own accord.
 */
export function comparable({ expect }: Case, { answers }: Outcome): readonly unknown[] {
  return answers.map((answer, at) => {
    const { status, body } = answer
    if (!expect[at]?.challenges) return { status }
    const challenges = challengesOf(answer)
    if (expect[at].body === undefined) return { status, challenges }
    const headers = expect[at].handled
      ? []
      : answer.headers.filter(([name]) => !ofServers.has(name.toLowerCase()))
    // Names of headers are case-insensitive: RFC 9110 section 5.1.
    const named = headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`)
    return { status, challenges, body, headers: named.toSorted() }
  })
}

/** How a message is framed, when it was sent and by what. */
const ofServers: ReadonlySet<string> = new Set([
  ...['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding', 'x-powered-by'],
])
