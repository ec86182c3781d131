import { get } from './service.ts'

interface Counts {
  readonly requests: number
  /** The number of responses other than 200, by status. A failed connection has status 0. */
  readonly failures: Readonly<Record<string, number>>
}

/** Continuous requests. */
export interface Traffic {
  /** Sends these tokens from now on, one after the other. */
  readonly use: (...tokens: readonly string[]) => void
  readonly stop: () => Promise<Counts>
}

const clients = 4

/** Sends requests with four concurrent clients until it is stopped. */
export function startTraffic(url: string, ...first: readonly string[]): Traffic {
  let tokens = first
  const abort = new AbortController()
  let requests = 0
  const failures: Record<string, number> = {}
  const client = async (): Promise<void> => {
    while (!abort.signal.aborted) {
      const token = tokens[requests % tokens.length] ?? ''
      requests += 1
      const status = await get(url, token).then(
        (response) => response.status,
        () => 0,
      )
      if (status !== 200) failures[status] = (failures[status] ?? 0) + 1
    }
  }
  const all = Promise.all(Array.from({ length: clients }, client))
  return {
    use: (...next) => {
      tokens = next
    },
    stop: async () => {
      abort.abort()
      await all
      return { requests, failures }
    },
  }
}
