import { ask } from './service.ts'

interface Counted {
  readonly requests: number
  /** Answers other than 200, by status; a request that broke off counts as 0. */
  readonly failures: Readonly<Record<string, number>>
}

/** Requests without a pause, while something happens. */
export interface Traffic {
  /** From now on with these tokens, in turn. */
  readonly use: (...tokens: readonly string[]) => void
  readonly stop: () => Promise<Counted>
}

const clients = 4

/** Keeps four requests under way until it is stopped. Each must be let in. */
export function startTraffic(url: string, ...first: readonly string[]): Traffic {
  let tokens = first
  const ended = new AbortController()
  let requests = 0
  const failures: Record<string, number> = {}
  const client = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const token = tokens[requests % tokens.length] ?? ''
      requests += 1
      const status = await ask(url, token).then(
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
      ended.abort()
      await all
      return { requests, failures }
    },
  }
}
