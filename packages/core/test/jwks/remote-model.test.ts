import { assert, asyncModelRun, asyncProperty, commands } from 'fast-check'
import { expect, test } from 'vitest'
import { anyCommand, createModel, start } from './remote-model.ts'

test('for any sequence of events, tokens match the last key set, with at most 12 fetches per minute', async () => {
  await assert(
    asyncProperty(commands(anyCommand, { maxCommands: 40 }), async (chosen) => {
      const model = createModel()
      const real = start(model)
      try {
        await asyncModelRun(() => ({ model, real }), chosen)
      } finally {
        real.verifier.close()
      }
      for (const { at: from } of model.fetches) {
        const within = model.fetches.filter(({ at }) => at >= from && at < from + 60_000)
        expect(within.length).toBeLessThanOrEqual(12)
      }
    }),
    { numRuns: 100 },
  )
})
