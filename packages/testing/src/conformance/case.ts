import type { Code, DecisionRecord } from '@resource-server/core'
import type { RequirementId } from './requirements.ts'
import type { SetupName } from './setups.ts'

/** One proof that a host does what is required. Data: it can be printed, counted and compared. */
export interface Case {
  /** Unique, and stable: a host's exclusions name it. */
  readonly id: string
  readonly proves: readonly [RequirementId, ...RequirementId[]]
  /** Attacks of the project's corpus that this is one of. */
  readonly corpus?: readonly string[]
  /** Default `plain`. */
  readonly setup?: SetupName
  /** Bytes, as latin1. `{{name}}` stands for a token. */
  readonly request: string
  /** One for each request in the bytes, in order. */
  readonly expect: readonly Expected[]
}

export interface Expected {
  readonly status: number
  /** Absent where the host itself answers, and words it as it likes. */
  readonly challenges?: readonly string[]
  /** Absent likewise. An object is compared as JSON; `{{issuer}}` stands for a URL. */
  readonly body?: string | object
  /** Names in lower case; `undefined` means that there is none. Others may be there. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** The members to compare; absent where nothing is recorded. */
  readonly record?: Partial<DecisionRecord>
  /** Whether the handler ran. Default false. */
  readonly handled?: boolean
}

/** Let in: the handler's own answer, untouched. */
export function granted(who: string, record: Partial<DecisionRecord> = {}): Expected {
  return {
    status: 200,
    challenges: [],
    body: who,
    headers: { 'cache-control': undefined, 'retry-after': undefined },
    record: { outcome: 'granted', ...record },
    handled: true,
  }
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
}

interface Refused {
  readonly status: 400 | 401 | 403
  readonly code: Code
  readonly error?: string
  readonly detail: string
  /** More parameters of the challenge, as they stand there. */
  readonly also?: string
  readonly realm?: string
  readonly record?: Partial<DecisionRecord>
}

/** Refused by the resource server: the whole answer, to the letter. */
export function refused(what: Refused): Expected {
  const { status, code, error, detail, also, realm = 'realm="api"', record } = what
  const described = error && `error="${error}", error_description="${detail}"`
  const parameters = [realm, described, also].filter((part) => part !== undefined).join(', ')
  return {
    status,
    challenges: [`Bearer ${parameters}`],
    body: { type: 'about:blank', title: titles[status], status, detail, ...(error && { error }) },
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'retry-after': undefined,
    },
    record: { outcome: 'refused', code, ...record },
  }
}

export const noCredential: Expected = refused({
  status: 401,
  code: 'credential_missing',
  detail: 'An access token is required',
})

/** The same, where the challenge says where the metadata is: RFC 9728 section 5.1. */
export function pointing(expected: Expected, url: string): Expected {
  const challenges = expected.challenges?.map((each) => `${each}, resource_metadata="${url}"`)
  return { ...expected, ...(challenges && { challenges }) }
}

/** The same, with another body. */
export function worded(expected: Expected, contentType: string, body: string): Expected {
  return { ...expected, body, headers: { ...expected.headers, 'content-type': contentType } }
}

export function badRequest(code: Code, detail: string): Expected {
  return refused({ status: 400, code, error: 'invalid_request', detail })
}

export function badToken(code: Code, detail: string, record?: Partial<DecisionRecord>): Expected {
  return refused({
    status: 401,
    code,
    error: 'invalid_token',
    detail,
    ...(record && { record }),
  })
}

export function forbidden(code: Code, detail: string): Expected {
  return refused({ status: 403, code, detail })
}

export function lacksScope(scopes: string): Expected {
  return refused({
    status: 403,
    code: 'scope_insufficient',
    error: 'insufficient_scope',
    detail: 'The access token lacks a required scope',
    also: `scope="${scopes}"`,
  })
}

/** No verdict: nobody is told that the token is bad. */
export function undecided(code: Code): Expected {
  const detail = 'The access token cannot be verified at the moment'
  return {
    status: 503,
    challenges: [],
    body: { type: 'about:blank', title: titles[503], status: 503, detail },
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    record: { outcome: 'unavailable', code },
  }
}

/** The host's own answer: only its status is known. */
export function byHost(status: number, record?: Partial<DecisionRecord>): Expected {
  return { status, ...(record && { record }) }
}
