import { andThen } from '../lib/maybe-promise.ts'
import { privateSlot } from '../lib/private-slot.ts'
import type { Gate, GuardResult } from './gate.ts'
import type { Guard } from '../guards/guards.ts'
import { fromNode, type NodeRequest } from './request.ts'
import type { Reply } from './challenge.ts'
import { ignoredWrite } from './ignored-write.ts'

/** The part of a `node:http` response that is used here. */
export interface NodeResponse {
  readonly closed: boolean
  readonly headersSent: boolean
  statusCode: number
  getHeader(name: string): unknown
  setHeader(name: string, value: string): unknown
  end(body: string): unknown
  destroy(): unknown
  once(event: 'finish' | 'close', listener: () => void): NodeResponse
}

/** One request and its response, without the host's wrappers. */
export interface NodeExchange {
  readonly request: NodeRequest
  readonly response: NodeResponse
  /** The URL as the client sent it, if the host changes `request.url`. */
  readonly url?: string
  /** The pattern of the matched route: see `HttpRequest`. */
  readonly route?: () => string | undefined
  /**
   * Receives an `auth` getter, which throws until a guard has let the request through. Writes to it are ignored,
   * with one warning.
   */
  readonly attachTo?: object
  /** The headers of the response, for hosts that keep them until they send it. Default: those of `response`. */
  readonly headers?: Pick<NodeResponse, 'getHeader' | 'setHeader'>
}

/**
 * Runs guards for hosts on `node:http`. Each request is recorded once, when its response is finished or the
 * client disconnects. A listener gets records of requests that arrive after it subscribed.
 */
export function nodeGuard<C extends object>(
  gate: Gate<C>,
): (guard: Guard, exchange: NodeExchange) => GuardResult | Promise<GuardResult> {
  const attach = attacher(gate)
  return (guard, { request, response, url, route, attachTo, headers = response }) => {
    const translated = fromNode(request, url, route, (name) => headers.getHeader(name))
    const state = gate.open(request, translated)
    const isFirst = !state.isStarted
    state.isStarted = true
    if (isFirst && attachTo) attach(attachTo, request)
    const result = andThen(gate.passOpened(state, translated, guard), (decided) =>
      withHeaders(decided, response, headers),
    )
    if (!gate.hasListeners()) return result
    const settle = (): void => gate.recordDecision(request)
    // On `finish` the response is sent and the request's context still exists; some responses only close.
    if (isFirst) response.once('finish', settle).once('close', settle)
    return afterwards(result, () => {
      // The client disconnected earlier, so no event follows. Later, because the next guard is about to start.
      if (response.closed) setTimeout(settle, 0)
    })
  }
}

/** Sets the headers that the response of the handler needs. */
function withHeaders(
  result: GuardResult,
  response: NodeResponse,
  target: Pick<NodeResponse, 'setHeader'>,
): GuardResult {
  if (result.action !== 'proceed' || !result.headers || response.headersSent) return result
  for (const [name, value] of Object.entries(result.headers)) target.setHeader(name, value)
  return result
}

function afterwards<T>(result: T | Promise<T>, work: () => void): T | Promise<T> {
  if (result instanceof Promise) return result.finally(work)
  work()
  return result
}

/**
 * Defines a non-enumerable `auth` on the host's request or state, so that printing or copying it does not
 * include the token. All requests share one getter. If each request had its own getter, it would also have
 * its own hidden class, which makes all property access on it slow.
 */
function attacher(
  gate: Pick<Gate, 'has' | 'tokenOf'>,
): (attachTo: object, request: object) => void {
  const requests = privateSlot<object>()
  const requestOf = (attachTo: object): object => {
    const found = gate.has(attachTo) ? attachTo : requests.get(attachTo)
    const parent = Object.getPrototypeOf(attachTo) as object | null
    return found ?? (parent ? requestOf(parent) : attachTo)
  }
  const auth = {
    configurable: true,
    get(this: object): unknown {
      return gate.tokenOf(this, requestOf)
    },
    set: ignoredWrite("'auth' of a request", 'api.token()'),
  }
  return (attachTo, request) => {
    if (attachTo !== request) requests.set(attachTo, request)
    Object.defineProperty(attachTo, 'auth', auth)
  }
}

/** Sends a reply through `node:http`, for hosts without a response API of their own. */
export function sendNode({ status, headers, body }: Reply, response: NodeResponse): void {
  // A response has already been started: all that is left is to abort it.
  if (response.headersSent) return void response.destroy()
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}

/**
 * Sends a response without details for an error that is not a refusal, and prints the error for the operator. For
 * hosts without error handling of their own.
 */
export function sendNodeError(
  gate: Pick<Gate, 'warnOfError'>,
  error: unknown,
  response: NodeResponse,
): void {
  gate.warnOfError(error)
  const headers = { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' }
  const body = JSON.stringify({ type: 'about:blank', title: 'Internal Server Error', status: 500 })
  sendNode({ status: 500, headers, body }, response)
}
