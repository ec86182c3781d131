import { Session } from 'node:inspector'

interface Coverage {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[]
  }[]
}

/**
 * Counts what core does, not how long it takes: how often its blocks of code run, as the engine
 * counts them for coverage. What happens inside one call of the engine, such as JSON.parse or a
 * regular expression, is one step; that those are linear is shown elsewhere. Only code that is
 * loaded afterwards is counted block by block.
 */
export function startCounting(): {
  readonly count: (work: () => Promise<unknown>) => Promise<number>
} {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  return {
    count: async (work) => {
      take(session)
      await work()
      return take(session)
    },
  }
}

/** The counts since the last call. */
function take(session: Session): number {
  let steps = 0
  session.post('Profiler.takePreciseCoverage', (error, coverage) => {
    if (error) throw error
    for (const { url, functions } of (coverage as unknown as Coverage).result) {
      if (!url.includes('/packages/core/')) continue
      for (const { ranges } of functions) for (const { count } of ranges) steps += count
    }
  })
  return steps
}
