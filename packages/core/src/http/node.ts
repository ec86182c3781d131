import { privateSlot } from '../lib/private-slot.ts'
import type { Gate, GuardResult } from './gate.ts'
import type { Guard } from '../guards/guards.ts'
import { fromNode, type NodeRequest } from './request.ts'
import type { Reply } from './challenge.ts'

/** What `node:http` gives to answer with. */
export interface NodeResponse {
  readonly closed: boolean
  readonly headersSent: boolean
  statusCode: number
  setHeader(name: string, value: string): unknown
  end(body: string): unknown
  destroy(): unknown
  once(event: 'finish' | 'close', listener: () => void): NodeResponse
}

/** One request and its response, below what a host wraps around them. */
export interface NodeExchange {
  readonly request: NodeRequest
  readonly response: NodeResponse
  /** As the client sent it, where the host changes it on the request. */
  readonly url?: string
  /** The pattern of the route that matched: see `HttpRequest`. */
  readonly route?: () => string | undefined
  /** Gets `auth`, which throws until a guard has let the request through. */
  readonly attachTo?: object
}

/**
 * For hosts on `node:http`: runs guards, and sees to it that each request is recorded once, when its
 * response is finished, also where the caller hangs up meanwhile. Who begins to listen hears of requests
 * that come from then on. A promise as `Gate.pass` has it.
 */
export function nodeGuard<C extends object>(
  gate: Gate<C>,
): (guard: Guard, exchange: NodeExchange) => GuardResult | Promise<GuardResult> {
  const attach = attacher(gate)
  return (guard, { request, response, url, route, attachTo }) => {
    const isFirst = !gate.has(request)
    if (isFirst && attachTo) attach(attachTo, request)
    const result = gate.pass(request, fromNode(request, url, route), guard)
    if (!gate.hasListeners()) return result
    const settle = (): void => gate.recordDecision(request)
    // On `finish` the answer is out and what watches the request still does; some never finish.
    if (isFirst) response.once('finish', settle).once('close', settle)
    return afterwards(result, () => {
      // Who hung up will not hear of it, but the record must. Later: the next guard is about to start.
      if (response.closed) setTimeout(settle, 0)
    })
  }
}

function afterwards<T>(result: T | Promise<T>, work: () => void): T | Promise<T> {
  if (result instanceof Promise) return result.finally(work)
  work()
  return result
}

/**
 * Gives carriers an `auth` that is not enumerable: what prints or copies a request or its state does not
 * take the token along. One getter for all of them: with one for each, every request has a shape of its
 * own to the engine, and all that reads it becomes slow.
 */
function attacher(gate: Pick<Gate, 'has' | 'token'>): (attachTo: object, request: object) => void {
  const requests = privateSlot<object>()
  const requestOf = (attachTo: object): object => {
    const found = gate.has(attachTo) ? attachTo : requests.get(attachTo)
    const parent = Object.getPrototypeOf(attachTo) as object | null
    return found ?? (parent ? requestOf(parent) : attachTo)
  }
  const auth = {
    configurable: true,
    get(this: object): unknown {
      return gate.token(requestOf(this))
    },
  }
  return (attachTo, request) => {
    if (attachTo !== request) requests.set(attachTo, request)
    Object.defineProperty(attachTo, 'auth', auth)
  }
}

/** Sends a reply below the host, for hosts that have no better way. */
export function sendNode({ status, headers, body }: Reply, response: NodeResponse): void {
  // Somebody has begun to answer already: all that is left is not to go on.
  if (response.headersSent) return void response.destroy()
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}
