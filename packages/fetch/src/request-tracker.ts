import { type Gate, isFetchRequest, wrongHost } from '@resource-server/core/adapter'

/** @throws ConfigError for anything but a `Request` of the Fetch standard, such as a Node request */
export function checked(request: Request): Request {
  if (isFetchRequest(request)) return request
  throw wrongHost('A resource server for the Fetch standard', request)
}

/**
 * The Fetch standard has no event for the end of a response. A request counts as handled when everything that was
 * started on it is done: the handler inside `protect`, and its own calls of `authenticate`. It is recorded then.
 * Authenticating the same request again later gives another record.
 */
export function requestTracker<C extends object>(
  gate: Gate<C>,
): <T>(request: Request, run: () => Promise<T>) => Promise<T> {
  const running = new WeakMap<Request, number>()
  const count = (request: Request, by: number): number => {
    const now = (running.get(request) ?? 0) + by
    running.set(request, now)
    return now
  }
  return async (given, run) => {
    const request = checked(given)
    if (!gate.hasListeners()) return run()
    if (count(request, 1) === 1) gate.resetRecord(request)
    try {
      return await run()
    } finally {
      if (count(request, -1) === 0) gate.recordDecision(request)
    }
  }
}
