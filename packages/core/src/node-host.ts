import type { Gate, Passage } from './gate.ts'
import type { Guard } from './guards.ts'
import { fromNode, type NodeRequest } from './request.ts'
import type { Reply } from './response.ts'

/** What `node:http` gives to answer with. */
export interface NodeResponse {
  readonly closed: boolean
  readonly headersSent: boolean
  statusCode: number
  setHeader(name: string, value: string): unknown
  end(body: string): unknown
  destroy(): unknown
  once(event: 'finish' | 'close', listener: () => void): unknown
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
  readonly carrier?: object
}

/**
 * For hosts on `node:http`: runs guards, and sees to it that each request is recorded once, when its
 * response is finished, also where the caller hangs up meanwhile. A promise as `Gate.pass` has it.
 */
export function nodeGuard<C extends object>(
  gate: Gate<C>,
): (guard: Guard, exchange: NodeExchange) => Passage | Promise<Passage> {
  const seen = new WeakSet<object>()
  return (guard, { request, response, url, route, carrier }) => {
    if (!seen.has(request)) {
      seen.add(request)
      if (carrier) attach(carrier, () => gate.token(request))
      // On `finish` the answer is out and what watches the request still does; some never finish.
      for (const end of ['finish', 'close'] as const) response.once(end, () => gate.settle(request))
    }
    const asked = fromNode(request, url)
    const passage = gate.pass(request, route ? { ...asked, route } : asked, guard)
    // Who hung up will not hear of it, but the record must. Later: the next guard is about to start.
    const settle = (): void => {
      if (response.closed) setTimeout(() => gate.settle(request), 0)
    }
    if (passage instanceof Promise) return passage.finally(settle)
    settle()
    return passage
  }
}

/** Not enumerable: what prints or copies a request or its state does not take the token along. */
function attach(carrier: object, get: () => unknown): void {
  Object.defineProperty(carrier, 'auth', { configurable: true, get })
}

/** Sends a reply below the host, for hosts that have no better way. */
export function sendNode({ status, headers, body }: Reply, response: NodeResponse): void {
  // Somebody has begun to answer already: all that is left is not to go on.
  if (response.headersSent) return void response.destroy()
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}
