/** What oauth4webapi passes to `fetch`. */
interface SentRequest {
  readonly body?: unknown
  readonly headers: Readonly<Record<string, string>>
}

const secretParameters = [
  'client_secret',
  'client_assertion',
  'subject_token',
  'actor_token',
  'assertion',
]

/** The secrets of a token request: tokens, and what authenticates the client. */
export function secretsOf({ body, headers }: SentRequest): readonly string[] {
  const form = body instanceof URLSearchParams ? body : new URLSearchParams()
  const { authorization = '' } = headers
  return [...secretParameters.flatMap((name) => form.getAll(name)), ...basicSecrets(authorization)]
}

/** RFC 6749 section 2.3.1: the ID and the secret are encoded like the values of a form. */
function basicSecrets(authorization: string): readonly string[] {
  if (!/^basic /i.test(authorization)) return []
  const encoded = authorization.slice('Basic '.length)
  const credentials = atob(encoded)
  const secret = credentials.slice(credentials.indexOf(':') + 1)
  return [encoded, credentials, secret, new URLSearchParams(`secret=${secret}`).get('secret')!]
}

/**
 * Replaces text from a server that repeats a secret of the request, as some servers do in their errors: the text
 * becomes part of a reason, which is logged.
 */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const repeats = secrets.some((secret) => secret !== '' && text.includes(secret))
  return repeats ? '(left out: it repeats a secret of the request)' : text
}
