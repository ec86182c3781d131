import { type AccessToken, ConfigError } from '@resource-server/core'
import { discard, failedRequest, quote } from '@resource-server/core/client'
import {
  allowInsecureRequests,
  customFetch,
  protectedResourceRequest,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi'
import { Deadlines } from './deadlines.ts'
import type { DpopKey } from './dpop-key.ts'
import type { ExchangedToken } from './exchanged-token.ts'
import type { Exchanger } from './exchanger.ts'
import { HopError } from './hop-error.ts'
import type { Settings } from './settings.ts'

const maxRedirects = 5

/**
 * Headers of the caller's request that must not reach the next service: its credentials, and those that belong to
 * one connection (RFC 9110 section 7.6.1). `Authorization` is replaced.
 */
const droppedHeaders = [
  'cookie',
  'dpop',
  'proxy-authorization',
  ...['connection', 'content-length', 'expect', 'host', 'keep-alive', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
]

interface Request {
  readonly url: URL
  readonly init: RequestInit
}

/** Calls the next service, and never another one. */
export class ServiceCaller {
  readonly #settings: Settings
  readonly #exchanger: Exchanger
  readonly #key: DpopKey
  /** `undefined` without a timeout. */
  readonly #deadlines: Deadlines | undefined

  constructor(settings: Settings, exchanger: Exchanger, key: DpopKey) {
    this.#settings = settings
    this.#exchanger = exchanger
    this.#key = key
    const { timeout } = settings
    this.#deadlines = timeout === undefined ? undefined : new Deadlines(timeout)
  }

  /** @throws as `NextHop.fetch` says */
  async fetch(subject: AccessToken, path: string | URL, init: RequestInit): Promise<Response> {
    const request = { url: this.#resolve(path), init }
    const { signal } = init
    const token = await this.#exchanger.token(subject, signal)
    const response = await this.#send(token, request)
    if (response.status !== 401 || !isRepeatable(init.body)) return response
    discard(response.body)
    if (asksForNonce(response, token)) {
      // The nonce is known now. A second refusal is about the token.
      const again = await this.#send(token, request)
      if (again.status !== 401) return again
      discard(again.body)
    }
    return this.#send(await this.#exchanger.replace(subject, token, signal), request)
  }

  /**
   * The URL of a path at the origin of the service. Resolved, not concatenated: `origin + '@evil.example'` would be
   * a URL of another host.
   */
  #resolve(path: string | URL): URL {
    const { origin } = this.#settings
    if (origin === undefined) {
      throw new ConfigError(
        "fetch() needs the option 'origin'.",
        "Set it to the origin of the next service, such as 'https://inventory.internal'.",
      )
    }
    const url = parse(path, `${origin}/`)
    if (url?.origin === origin && url.username === '' && url.password === '') return url
    throw new ConfigError(
      `fetch() got a path that leads outside '${origin}'.`,
      "Pass a path such as '/stock/7'. Encode the parts that callers choose with encodeURIComponent().",
    )
  }

  /** Follows redirects within the origin. A redirect elsewhere would take the token and the body along. */
  async #send(token: ExchangedToken, first: Request): Promise<Response> {
    let request = first
    for (let followed = 0; ; followed += 1) {
      // oxlint-disable-next-line no-await-in-loop -- each redirect depends on the response before
      const response = await this.#sendOnce(token, request)
      const location = isRedirect(response) ? response.headers.get('location') : null
      if (location === null || first.init.redirect === 'manual') return response
      discard(response.body)
      request = this.#redirected(request, response.status, location, followed)
    }
  }

  #redirected({ url, init }: Request, status: number, location: string, followed: number): Request {
    const next = parse(location, url.href)
    const problem =
      (init.redirect === 'error' && 'but redirects are turned off') ||
      (next?.origin !== url.origin && 'which is another origin') ||
      (followed >= maxRedirects && `the ${maxRedirects + 1}th redirect in a row`)
    const { method = 'GET' } = init
    const becomesGet = status === 303 || (status < 303 && method.toUpperCase() === 'POST')
    const isLost = !becomesGet && !isRepeatable(init.body) && 'and the body cannot be sent again'
    if (!next || problem || isLost) {
      const to = quote(location.split('?', 1)[0]!)
      throw new HopError({
        code: 'service_redirected',
        reason: `the next service redirects to ${to}, ${problem || isLost || 'which is not a URL'}`,
      })
    }
    if (!becomesGet || method.toUpperCase() === 'HEAD') return { url: next, init }
    const { body: _, ...rest } = init
    const headers = new Headers(init.headers)
    for (const name of ['content-type', 'content-encoding', 'content-language'])
      headers.delete(name)
    return { url: next, init: { ...rest, headers, method: 'GET' } }
  }

  async #sendOnce(token: ExchangedToken, { url, init }: Request): Promise<Response> {
    const deadline = this.#deadlines?.start()
    const signal = either(init.signal, deadline?.controller.signal)
    try {
      return await this.#authorized(token, {
        url,
        init: { ...init, ...(signal && { signal }), redirect: 'manual' },
      })
    } catch (error) {
      throw failedCall(error, init.signal)
    } finally {
      // The headers have arrived. Only the caller's signal limits the body.
      if (deadline) this.#deadlines?.end(deadline)
    }
  }

  #authorized({ tokenType, value }: ExchangedToken, { url, init }: Request): Promise<Response> {
    const headers = forwarded(init.headers)
    if (tokenType === 'DPoP') return this.#withProof(value, { url, init }, headers)
    const authorization = `Bearer ${value}`
    if (headers) headers.set('authorization', authorization)
    return this.#settings.fetch(url.href, { ...init, headers: headers ?? { authorization } })
  }

  /** Makes a proof for each request (RFC 9449 section 7), with the latest nonce of the service. */
  async #withProof(
    value: string,
    { url, init }: Request,
    given = new Headers(),
  ): Promise<Response> {
    const { fetch } = this.#settings
    const handle = await this.#key.handle()
    try {
      return await protectedResourceRequest(
        ...([value, init.method ?? 'GET', url, given, undefined] as const),
        {
          ...(handle && { DPoP: handle }),
          [allowInsecureRequests]: true,
          // The body and the other members are passed on as they are.
          [customFetch]: (href, { headers }) => fetch(href, { ...init, headers }),
        },
      )
    } catch (error) {
      // A challenge is an ordinary response here.
      if (error instanceof WWWAuthenticateChallengeError) return error.response
      throw error
    }
  }
}

function either(
  one: RequestInit['signal'],
  other: AbortSignal | undefined,
): AbortSignal | undefined {
  return one && other ? AbortSignal.any([one, other]) : (one ?? other)
}

/** The headers of a call, without those that must not be passed on. `undefined` if there are none. */
function forwarded(given: RequestInit['headers']): Headers | undefined {
  if (given === undefined) return undefined
  const headers = new Headers(given)
  for (const name of droppedHeaders) headers.delete(name)
  return headers
}

function parse(path: string | URL, base: string): URL | undefined {
  try {
    return new URL(path, base)
  } catch {
    return undefined
  }
}

function isRedirect({ status }: Response): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

/** Whether the body can be sent a second time. A stream cannot. */
function isRepeatable(body: RequestInit['body']): boolean {
  if (body === undefined || body === null || typeof body === 'string') return true
  return (
    [ArrayBuffer, Blob, FormData, URLSearchParams].some((kind) => body instanceof kind) ||
    ArrayBuffer.isView(body)
  )
}

function asksForNonce({ headers }: Response, { tokenType }: ExchangedToken): boolean {
  return tokenType === 'DPoP' && /\buse_dpop_nonce\b/.test(headers.get('www-authenticate') ?? '')
}

/** Returns errors about misuse of `fetch`, or about an abort by the handler, unchanged. */
function failedCall(error: unknown, signal: RequestInit['signal']): unknown {
  const isAborted = signal?.aborted === true && nameOf(signal.reason) !== 'TimeoutError'
  const isMisuse = error instanceof TypeError && error.cause === undefined
  if (isAborted || isMisuse) return error
  const { message } = failedRequest(error)
  const reason = `the call to the next service failed: ${message}`
  return new HopError({ code: 'service_unavailable', reason, cause: error })
}

function nameOf(reason: unknown): string | undefined {
  return reason instanceof Error ? reason.name : undefined
}
