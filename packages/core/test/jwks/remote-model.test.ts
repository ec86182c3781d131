import { assert, asyncModelRun, asyncProperty, commands } from 'fast-check'
import { expect, test } from 'vitest'
import {
  anyCommand,
  change,
  createModel,
  flood,
  type Model,
  outages,
  start,
} from './remote-model.ts'

test('for any sequence of events, tokens match the last key set, and fetches are limited', async () => {
  await assert(
    asyncProperty(commands(anyCommand, { maxCommands: 40 }), async (chosen) => {
      const model = createModel()
      const real = start(model)
      try {
        await asyncModelRun(() => ({ model, real }), chosen)
      } finally {
        real.verifier.close()
      }
      const [attempts, others] = byCause(model)
      expect(mostInAMinute(attempts)).toBeLessThanOrEqual(8)
      expect(mostInAMinute(others)).toBeLessThanOrEqual(6)
    }),
    { numRuns: 100 },
  )
})

test('an outage between floods of unknown kids causes at most 5 fetches per minute', async () => {
  for (let run = 0; run < 20; run += 1) {
    const model = createModel()
    const real = start(model)
    const down = change('down(error)', (changed) => (changed.down = outages['error']))
    const up = change('up', (changed) => (changed.down = undefined))
    for (const command of [flood(), down, flood(), up, flood(), up]) await command.run(model, real)
    real.verifier.close()
    expect(mostInAMinute(model.fetches)).toBeLessThanOrEqual(5)
  }
})

/**
 * The fetches of an outage with the one that ends it, which have a growing delay, and the others: for unknown kids, at
 * most 5 per minute, and one refresh.
 */
function byCause({ fetches }: Model): [attempts: Model['fetches'], others: Model['fetches']] {
  const attempts = fetches.filter(({ kids }, at) => !kids || !fetches[at - 1]?.kids)
  return [attempts, fetches.filter((fetch) => !attempts.includes(fetch))]
}

function mostInAMinute(fetches: Model['fetches']): number {
  const following = fetches.map(({ at: from }) =>
    fetches.filter(({ at }) => at >= from && at < from + 60_000),
  )
  return Math.max(0, ...following.map(({ length }) => length))
}
