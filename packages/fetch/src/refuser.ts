import {
  fromFetch,
  type Gate,
  type Guard,
  type RequestRefusedError,
} from '@resource-server/core/adapter'

/** Asks the guards in turn; the answer to a request that one of them refused. */
export function refuser<C extends object>(
  gate: Gate<C>,
): (request: Request, guards: readonly Guard[]) => Promise<Response | undefined> {
  return async (request, guards) => {
    const translated = fromFetch(request)
    for (const guard of guards) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other: the first authenticates
      const result = await gate.pass(request, translated, guard)
      if (result.action === 'throw') throw withResponse(result.error)
      if (result.action === 'reply') return new Response(result.reply.body, result.reply)
    }
    return undefined
  }
}

/** As Hono's own HTTP errors are: where nobody catches it, Hono sends this. */
function withResponse(error: RequestRefusedError): RequestRefusedError {
  return Object.defineProperty(error, 'getResponse', {
    value: () => new Response(error.body, error),
  })
}
