import { codes } from '../errors/codes.ts'
import { FetchError } from '../lib/fetch-json.ts'

/** What was requested: the advice depends on it. */
export type FetchedDocument = 'metadata' | 'key set'

/** A failed fetch of metadata or keys, with the URLs in its message and with advice for the operator. */
export class IssuerFetchError extends FetchError {
  /** What the operator can do, as a sentence. Absent if it can only be fixed at the authorization server. */
  readonly advice: string | undefined

  constructor(message: string, cause: Partial<FetchError>, advice: string | undefined) {
    const { status, retryAfter, code } = cause
    super(message, status, retryAfter, code)
    this.advice = advice
  }
}

/** Whether the server is unreachable, failing, or overloaded, in which case the response says nothing about the URL. */
export function isServerFailure({ status = 500 }: Partial<FetchError>): boolean {
  return status >= 500 || status === 408 || status === 429
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown error'
}

export function adviceOf(error: unknown): string | undefined {
  return error instanceof IssuerFetchError ? error.advice : undefined
}

/** The message and the advice, without a final period. */
export function describeFailure(error: unknown): string {
  const advice = adviceOf(error)
  const message = messageOf(error).replace(/\.$/, '')
  return advice === undefined ? message : `${message}. ${advice}`
}

/** Creates an error that names the URL of one request. */
export function errorFrom(
  url: string,
  problem: string,
  cause: Partial<FetchError> = {},
  document: FetchedDocument = 'key set',
): IssuerFetchError {
  return new IssuerFetchError(describeRequest(url, problem), cause, adviceFor([cause], document))
}

/** Creates one error from the failed requests for the metadata, in order. */
export function metadataError(
  attempts: readonly { readonly url: string; readonly error: FetchError }[],
): IssuerFetchError {
  const message = attempts.map(({ url, error }) => describeRequest(url, error.message)).join('; ')
  const errors = attempts.map(({ error }) => error)
  const { status, code } = errors.at(-1)!
  const delays = errors.flatMap(({ retryAfter }) => retryAfter ?? [])
  const last = {
    status,
    code,
    retryAfter: delays.length > 0 ? Math.max(...delays) : undefined,
  }
  return new IssuerFetchError(message, last, adviceFor(errors, 'metadata'))
}

/** Omits the query of the URL, because it can contain a secret. */
function describeRequest(url: string, problem: string): string {
  const withoutQuery = url.split('?', 1)[0]!
  return `GET ${withoutQuery.slice(0, 256)}: ${problem}`
}

type Kind = 'unreachable' | 'untrusted' | 'moved' | 'protected' | 'missing'

/** The kind that says most about the cause first. */
const kinds: readonly Kind[] = ['unreachable', 'untrusted', 'moved', 'protected', 'missing']

const sentences: Readonly<Record<FetchedDocument, Readonly<Record<Kind, string>>>> = {
  metadata: {
    unreachable:
      'If this service reaches the authorization server at a different address than the clients do (Docker, ' +
      "Kubernetes), keep 'issuer' as it is in the tokens, and set 'jwksUri' to a URL of the key set that this " +
      'service can reach',
    untrusted:
      'If the certificate is right, set NODE_EXTRA_CA_CERTS to the certificate of its authority',
    moved: "Set 'issuer' to the value in the tokens, and 'jwksUri' to the URL of the key set",
    protected:
      "The metadata needs a credential. Pass a 'fetch' that sends it, or set 'jwks' to the keys",
    missing:
      "Check 'issuer'. If the authorization server has no metadata, set 'jwksUri' to the URL of its key set",
  },
  'key set': {
    unreachable: "Set 'jwksUri' to a URL of the key set that this service can reach",
    untrusted:
      'If the certificate is right, set NODE_EXTRA_CA_CERTS to the certificate of its authority',
    moved: "Set 'jwksUri' to the final URL of the key set",
    protected:
      "The key set needs a credential. Pass a 'fetch' that sends it, or set 'jwks' to the keys",
    missing: "Check 'jwksUri', or the jwks_uri in the metadata of the authorization server",
  },
}

function adviceFor(
  errors: readonly Partial<FetchError>[],
  document: FetchedDocument,
): string | undefined {
  const found = errors.map(kindOf)
  const kind = kinds.find((one) => found.includes(one))
  return kind && sentences[document][kind]
}

const needsCredential: readonly number[] = [
  codes.credential_missing.status,
  codes.policy_denied.status,
]

/** `undefined` if the authorization server has a problem that is likely to pass. */
function kindOf({ status, code = '', message = '' }: Partial<FetchError>): Kind | undefined {
  if (status === undefined) {
    if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code)) return 'untrusted'
    const isUnreachable = /NOTFOUND|AGAIN|REFUSED|TIMEDOUT|TIMEOUT|UNREACH/.test(code)
    return isUnreachable || message.startsWith('no answer within') ? 'unreachable' : undefined
  }
  if (Math.floor(status / 100) === 3) return 'moved'
  if (needsCredential.includes(status)) return 'protected'
  return isServerFailure({ status }) ? undefined : 'missing'
}
