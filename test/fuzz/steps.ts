import { Session } from 'node:inspector'

interface Coverage {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[]
  }[]
}

/**
 * Counts how often the code blocks of core run, with V8's coverage counters. In contrast to a time, the
 * count is reproducible. A call into the engine, such as JSON.parse or a regular expression, counts as one
 * step; other tests show that these are linear. Import core only after this call, because blocks are counted
 * only in modules that are loaded later.
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
      takeCount(session)
      await work()
      return takeCount(session)
    },
  }
}

/** The number of steps since the last call. */
function takeCount(session: Session): number {
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
