import { codes } from './codes.ts'
import type { Refusal } from './refusal.ts'

/** A reply for a host to send: no host decides any of it. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
}

/** The sole writer of `WWW-Authenticate` (RFC 6750 section 3) and of refusals' bodies (RFC 9457). */
export function replyTo(refusal: Refusal, realm: string): Reply {
  const { category, status, error, description } = codes[refusal.code]
  const { retryAfter } = refusal.detail
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(category === 'refused' && { 'WWW-Authenticate': challenge(refusal, realm) }),
      ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
    },
    body: JSON.stringify({ type: 'about:blank', title: titles[status], status, detail: description, error }),
  }
}

function challenge({ code, detail }: Refusal, realm: string): string {
  const { error, description } = codes[code]
  const parameters: readonly (readonly [string, string | undefined])[] = [
    ['realm', realm],
    ['error', error],
    ['error_description', error && description],
    ['scope', detail.scope?.join(' ')],
    ['acr_values', detail.acrValues?.join(' ')],
    ['max_age', detail.maxAge?.toString()],
  ]
  const given = parameters.filter(([, value]) => value !== undefined)
  return `Bearer ${given.map(([name, value]) => `${name}=${quoted(value!)}`).join(', ')}`
}

/** RFC 9110 section 5.6.4, with anything that is not printable ASCII left out. */
function quoted(value: string): string {
  const safe = value.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, String.raw`\$&`)
  return `"${safe}"`
}
