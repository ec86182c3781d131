import type { DpopSettings } from '../config/dpop.ts'
import { titles } from '../errors/codes.ts'
import { algorithmNames } from '../options/algorithms.ts'
import {
  problemDetails,
  type RefusalInfo,
  type RefusalBodyWriter,
  tryBody,
} from '../errors/problem-details.ts'
import {
  brand,
  hasBrand,
  type Refusal,
  type RefusalDetail,
  shownEntry,
  VerificationError,
} from '../errors/refusal.ts'
import type { HttpRequest } from './request.ts'

/** A complete response for a host to send unchanged. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** An error for a refused request, with the members that the error handling of HTTP frameworks uses. */
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
  /** The body that `onRefusal: 'reply'` would send. */
  readonly body: string
  /** For Koa: whether the caller may see `message`. If false, Koa also logs the error as a bug. */
  readonly expose: boolean

  constructor(refusal: Refusal, reply: Reply) {
    // In development, hosts send messages to callers, so this one contains nothing that the reply does not.
    super(refusal, shownEntry(refusal).description)
    this.status = this.statusCode = reply.status
    // A copy, because code that handles errors may add to it, and other requests get the same reply.
    this.headers = { ...reply.headers }
    this.body = reply.body
    this.expose = this.category === 'refused'
    // A refusal is not a bug, and hosts log stacks. Its stack does not help.
    this.stack = `${this.name}: ${this.message}`
  }
}

/** The options of a resource server that affect its refusals. */
export interface ReplySettings {
  readonly realm: string
  /** The URL of the resource's metadata, if it has any (RFC 9728 section 5.1). */
  readonly resource: { readonly metadataUrl: string } | undefined
  readonly refusalBody: RefusalBodyWriter | undefined
  /** `undefined` if the DPoP scheme is not accepted. */
  readonly dpop: DpopSettings | undefined
}

/** What is known about the refused request. */
export interface ReplyContext {
  /** The scheme of its credential. */
  readonly scheme?: Scheme | undefined
  /** A new nonce for its next proof. */
  readonly nonce?: string | undefined
  /** Returns a header of the response, as set so far. */
  readonly responseHeader?: HttpRequest['responseHeader']
}

type Scheme = 'Bearer' | 'DPoP'

/**
 * Returns the response to a refused request, with its `WWW-Authenticate` header (RFC 6750 section 3) and its
 * body (RFC 9457 by default). No other module writes them.
 */
export function replyTo(
  refusal: Refusal,
  settings: ReplySettings,
  {
    scheme = refusal.detail.scheme,
    nonce = refusal.detail.dpopNonce,
    responseHeader,
  }: ReplyContext = {},
): Reply {
  const shown = publicView(refusal)
  const { refusalBody: write } = settings
  const { contentType, body } = (write && tryBody(write, shown)) ?? problemDetails(shown)
  return {
    status: shown.status,
    headers: {
      'Content-Type': contentType,
      'Cache-Control': 'no-store',
      ...(refusal.category === 'refused' && {
        'WWW-Authenticate': challenges(refusal, settings, scheme),
      }),
      ...(nonce !== undefined && nonceHeaders(nonce, responseHeader)),
      ...(shown.retryAfter !== undefined && { 'Retry-After': String(shown.retryAfter) }),
    },
    body,
  }
}

function publicView(refusal: Refusal): RefusalInfo {
  const { scope, retryAfter } = refusal.detail
  const { status, error, description } = shownEntry(refusal)
  return Object.freeze({
    status,
    title: titles[status],
    detail: description,
    ...(error && { error }),
    ...(scope && { scope: Object.freeze([...scope]) }),
    ...(retryAfter !== undefined && { retryAfter }),
  })
}

const exposeHeaders = 'Access-Control-Expose-Headers'

/**
 * The headers of a response with a new nonce. Scripts from other origins can read only the headers that are exposed
 * to them. Headers that the application exposes stay exposed.
 */
export function nonceHeaders(
  nonce: string,
  responseHeader?: HttpRequest['responseHeader'],
): Readonly<Record<string, string>> {
  const exposed = namesIn(responseHeader?.(exposeHeaders.toLowerCase()))
  const missing = ['DPoP-Nonce', 'WWW-Authenticate'].filter(
    (name) => !exposed.some((one) => one.toLowerCase() === name.toLowerCase()),
  )
  return { 'DPoP-Nonce': nonce, [exposeHeaders]: [...exposed, ...missing].join(', ') }
}

/** The names in a header that is a list of names (RFC 9110 section 5.6.1). A host may return it as an array. */
function namesIn(header: unknown): readonly string[] {
  return [header]
    .flat()
    .filter((line) => typeof line === 'string')
    .flatMap((line) => line.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '')
}

/** One challenge for each accepted scheme. The error is on the one that the request used. */
function challenges(refusal: Refusal, settings: ReplySettings, used: Scheme | undefined): string {
  const accepted = acceptedSchemes(settings.dpop)
  const isUsed = (scheme: Scheme): boolean =>
    used === scheme || !accepted.some((one) => one === used)
  return accepted
    .map((scheme) => challenge(scheme, settings, isUsed(scheme) ? refusal : undefined))
    .join(', ')
}

function acceptedSchemes(dpop: DpopSettings | undefined): readonly Scheme[] {
  if (!dpop) return ['Bearer']
  return dpop.mode === 'required' ? ['DPoP'] : ['Bearer', 'DPoP']
}

function challenge(
  scheme: Scheme,
  { realm, resource, dpop }: ReplySettings,
  refusal: Refusal | undefined,
): string {
  const { error, description } = refusal ? shownEntry(refusal) : {}
  const detail: RefusalDetail = refusal?.detail ?? {}
  const parameters: readonly (readonly [string, string | undefined])[] = [
    ['realm', realm],
    ['algs', scheme === 'DPoP' ? algorithmNames(dpop!.algorithms).join(' ') : undefined],
    ['error', error],
    ['error_description', error && description],
    ['scope', detail.scope?.join(' ')],
    ['acr_values', detail.acrValues?.join(' ')],
    ['max_age', detail.maxAge?.toString()],
    ['resource_metadata', resource?.metadataUrl],
  ]
  const given = parameters.filter(([, value]) => value !== undefined)
  return `${scheme} ${given.map(([name, value]) => `${name}=${quoted(value!)}`).join(', ')}`
}

/** A quoted string (RFC 9110 section 5.6.4). Characters that are not printable ASCII are removed. */
function quoted(value: string): string {
  const safe = value.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, String.raw`\$&`)
  return `"${safe}"`
}
