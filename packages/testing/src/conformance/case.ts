import type { Code, DecisionRecord } from '@resource-server/core'
import type { RequirementId } from './requirements.ts'
import type { SetupName } from './setups.ts'

/** A request and the required response. Plain data that can be printed, counted, and compared. */
export interface Case {
  /** Unique and stable. */
  readonly id: string
  /** The requirements that this case proves. */
  readonly proves: readonly [RequirementId, ...RequirementId[]]
  /** The IDs of the attacks in the project's corpus that this case covers. */
  readonly corpus?: readonly string[]
  /** The setup of the app. Default `default`. */
  readonly setup?: SetupName
  /** The bytes to send, as latin1. `{{name}}` is replaced with the token of that name, `{{chunk:name}}` with a chunk. */
  readonly request: string
  /** One response for each request in the bytes, in order. */
  readonly expect: readonly ExpectedResponse[]
}

export interface ExpectedResponse {
  readonly status: number
  /** Absent if the framework writes the response. */
  readonly challenges?: readonly string[]
  /**
   * Absent if the framework writes the response. An object is compared as JSON, in which `{{issuer}}` is
   * replaced with the issuer's URL.
   */
  readonly body?: string | object
  /** Names in lowercase. `undefined` requires the header to be absent. Other headers are allowed. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** The members of the decision record to compare. Absent if there must be no record. */
  readonly record?: Partial<DecisionRecord>
  /** Whether the handler runs. Default false. */
  readonly handled?: boolean
}

/** The request is granted, and the handler's response is sent unchanged. */
export function granted(body: string, record: Partial<DecisionRecord> = {}): ExpectedResponse {
  return {
    status: 200,
    challenges: [],
    body,
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

interface RefusedOptions {
  readonly status: 400 | 401 | 403
  readonly code: Code
  readonly error?: string
  readonly detail: string
  /** Additional challenge parameters, formatted. */
  readonly parameters?: string
  readonly record?: Partial<DecisionRecord>
}

/** The request is refused with exactly this response. */
export function refused(options: RefusedOptions): ExpectedResponse {
  const { status, code, error, detail, parameters, record } = options
  const errorParameters = error && `error="${error}", error_description="${detail}"`
  const challenge = ['realm="api"', errorParameters, parameters].filter(
    (part) => part !== undefined,
  )
  return {
    status,
    challenges: [`Bearer ${challenge.join(', ')}`],
    body: { type: 'about:blank', title: titles[status], status, detail, ...(error && { error }) },
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'retry-after': undefined,
    },
    record: { outcome: 'refused', code, ...record },
  }
}

const credentialRequired = 'An access token is required'

export const noCredential: ExpectedResponse = refused({
  status: 401,
  code: 'credential_missing',
  detail: credentialRequired,
})

export const unsupportedScheme: ExpectedResponse = refused({
  status: 401,
  code: 'credential_scheme_unsupported',
  detail: credentialRequired,
})

/** Replaces the realm of the challenge. The realm is formatted, such as `realm="api"`. */
export function withRealm(expected: ExpectedResponse, realm: string): ExpectedResponse {
  const challenges = expected.challenges?.map((each) => each.replace('realm="api"', () => realm))
  return { ...expected, ...(challenges && { challenges }) }
}

/** The algorithms that a server accepts in proofs by default. */
const algs = 'algs="ES256 EdDSA Ed25519 RS256 PS256"'

/** Adds the challenge of DPoP, which has no error: RFC 9449 section 7.1. */
export function withDpopChallenge(expected: ExpectedResponse): ExpectedResponse {
  const challenges = [...(expected.challenges ?? []), `DPoP realm="api", ${algs}`]
  return { ...expected, challenges }
}

/** The token was sent with the DPoP scheme, so the error is on that challenge. */
export function refusedDpop(code: Code, error: string, detail: string): ExpectedResponse {
  const expected = refused({ status: 401, code, error, detail })
  const challenges = [
    'Bearer realm="api"',
    `DPoP realm="api", ${algs}, error="${error}", error_description="${detail}"`,
  ]
  return { ...expected, challenges }
}

/** Adds the URL of the resource metadata to the challenge: RFC 9728 section 5.1. */
export function withMetadataUrl(expected: ExpectedResponse, url: string): ExpectedResponse {
  const challenges = expected.challenges?.map((each) => `${each}, resource_metadata="${url}"`)
  return { ...expected, ...(challenges && { challenges }) }
}

/** Replaces the body. */
export function withBody(
  expected: ExpectedResponse,
  contentType: string,
  body: string,
): ExpectedResponse {
  return { ...expected, body, headers: { ...expected.headers, 'content-type': contentType } }
}

export function invalidRequest(code: Code, detail: string): ExpectedResponse {
  return refused({ status: 400, code, error: 'invalid_request', detail })
}

export function invalidToken(
  code: Code,
  detail: string,
  record?: Partial<DecisionRecord>,
): ExpectedResponse {
  return refused({
    status: 401,
    code,
    error: 'invalid_token',
    detail,
    ...(record && { record }),
  })
}

export function forbidden(code: Code, detail: string): ExpectedResponse {
  return refused({ status: 403, code, detail })
}

export function insufficientScope(scopes: string): ExpectedResponse {
  return refused({
    status: 403,
    code: 'scope_insufficient',
    error: 'insufficient_scope',
    detail: 'The access token lacks a required scope',
    parameters: `scope="${scopes}"`,
  })
}

/** The token could not be verified: 503 without a challenge. */
export function unavailable(
  code: Code,
  detail: string = 'The access token cannot be verified at the moment',
): ExpectedResponse {
  return {
    status: 503,
    challenges: [],
    body: { type: 'about:blank', title: titles[503], status: 503, detail },
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    record: { outcome: 'unavailable', code },
  }
}

/** The framework writes the response, so only its status is compared. */
export function byFramework(status: number, record?: Partial<DecisionRecord>): ExpectedResponse {
  return { status, ...(record && { record }) }
}
