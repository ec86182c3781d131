import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Gate } from '@resource-server/core/adapter'

/** Once a request: `req.auth`, which throws until a guard has let the request through. */
export function attacher<C extends object>(
  gate: Gate<C>,
): (request: IncomingMessage, response: ServerResponse) => void {
  const seen = new WeakSet<object>()
  return (request, response) => {
    if (seen.has(request)) return
    seen.add(request)
    Object.defineProperty(request, 'auth', { configurable: true, get: () => gate.token(request) })
    // On `finish` the answer is out and what watches the request still does; some never finish.
    for (const end of ['finish', 'close']) response.once(end, () => gate.settle(request))
  }
}
