import type { Gate } from '@resource-server/core/adapter'

/**
 * The Fetch standard does not say when a request was answered. A visit ends when all that was started
 * on its request is done: the handler behind `protect`, and what that asks of `authenticate`. Then it
 * is recorded. Whoever authenticates the same request once more gets a record of that as well.
 */
export function visitor<C extends object>(
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
