import { codes, titles } from '../errors/codes.ts'
import {
  problemDetails,
  type RefusalInfo,
  type RefusalBodyWriter,
  tryBody,
} from '../errors/problem-details.ts'
import { brand, hasBrand, type Refusal, VerificationError } from '../errors/refusal.ts'

/** A reply for a host to send: no host decides any of it. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A refusal as an error with what an HTTP host's error handling looks for. */
export class RequestRefusedError extends VerificationError {
  static {
    Object.defineProperty(this.prototype, brand('RequestRefusedError'), { value: true })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, 'RequestRefusedError')
  }

  readonly status: number
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  /** What `onRefusal: 'reply'` would have sent. */
  readonly body: string
  /** For Koa and its like: whether a caller may read `message`. Without, they log it as a bug. */
  readonly expose: boolean

  constructor(refusal: Refusal, reply: Reply) {
    // Hosts print messages to callers in development, so this one says no more than the wire.
    super(refusal, codes[refusal.code].description)
    this.status = this.statusCode = reply.status
    this.headers = reply.headers
    this.body = reply.body
    this.expose = this.category === 'refused'
    // A refusal is no bug: where it was made helps nobody, and hosts log stacks.
    this.stack = `${this.name}: ${this.message}`
  }
}

/** How a resource server words its refusals. */
export interface Manner {
  readonly realm: string
  /** Where the resource's metadata is, if it has any: RFC 9728 section 5.1. */
  readonly resource: { readonly metadataUrl: string } | undefined
  readonly refusalBody: RefusalBodyWriter | undefined
}

/** The sole writer of `WWW-Authenticate` (RFC 6750 section 3) and of refusals' bodies (RFC 9457). */
export function replyTo(refusal: Refusal, manner: Manner): Reply {
  const shown = publicView(refusal)
  const { refusalBody: write } = manner
  const { contentType, body } = (write && tryBody(write, shown)) ?? problemDetails(shown)
  return {
    status: shown.status,
    headers: {
      'Content-Type': contentType,
      'Cache-Control': 'no-store',
      ...(refusal.category === 'refused' && { 'WWW-Authenticate': challenge(refusal, manner) }),
      ...(shown.retryAfter !== undefined && { 'Retry-After': String(shown.retryAfter) }),
    },
    body,
  }
}

function publicView({ code, detail: { scope, retryAfter } }: Refusal): RefusalInfo {
  const { status, error, description } = codes[code]
  return Object.freeze({
    ...{ status, title: titles[status], detail: description },
    ...(error && { error }),
    ...(scope && { scope: Object.freeze([...scope]) }),
    ...(retryAfter !== undefined && { retryAfter }),
  })
}

function challenge({ code, detail }: Refusal, { realm, resource }: Manner): string {
  const { error, description } = codes[code]
  const parameters: readonly (readonly [string, string | undefined])[] = [
    ['realm', realm],
    ['error', error],
    ['error_description', error && description],
    ['scope', detail.scope?.join(' ')],
    ['acr_values', detail.acrValues?.join(' ')],
    ['max_age', detail.maxAge?.toString()],
    ['resource_metadata', resource?.metadataUrl],
  ]
  const given = parameters.filter(([, value]) => value !== undefined)
  return `Bearer ${given.map(([name, value]) => `${name}=${quoted(value!)}`).join(', ')}`
}

/** RFC 9110 section 5.6.4, with anything that is not printable ASCII left out. */
function quoted(value: string): string {
  const safe = value.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, String.raw`\$&`)
  return `"${safe}"`
}
