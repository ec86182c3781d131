import type { Gate } from '@resource-server/core/adapter'

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
  return async (request, run) => {
    if (count(request, 1) === 1) gate.resetRecord(request)
    try {
      return await run()
    } finally {
      if (count(request, -1) === 0) gate.recordDecision(request)
    }
  }
}
