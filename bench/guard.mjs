// Whether something became slow, whatever the machine: ratios within one run, with room to spare.
import { measureFunctions } from './functions.mjs'

/** What was reached is in docs/performance.md. These are some way above it. */
const bounds = [
  {
    algorithm: 'RS256',
    state: 'cold',
    contender: 'ours',
    baseline: 'crypto.verify alone',
    most: 3,
  },
  {
    algorithm: 'ES256',
    state: 'cold',
    contender: 'ours',
    baseline: 'crypto.verify alone',
    most: 2,
  },
  { algorithm: 'RS256', state: 'cold', contender: 'ours', baseline: 'jose', most: 0.8 },
  { algorithm: 'RS256', state: 'warm', contender: 'ours', baseline: 'SHA-256 alone', most: 5 },
  { algorithm: 'RS256', state: 'warm', contender: 'ours', baseline: 'fast-jwt, cache', most: 1.5 },
]

export async function guard() {
  const tables = await measureFunctions({
    ...{ rounds: 5, batch: 3000, warmBatch: 30_000, only: ['RS256', 'ES256'], inFlights: [1] },
  })
  let held = true
  for (const { algorithm, state, contender, baseline, most } of bounds) {
    const rows =
      tables.find((table) => table.algorithm === algorithm && table.state === state)?.rows ?? []
    const cpu = (/** @type {string} */ wanted) =>
      rows.find(({ name }) => name === wanted)?.cpu ?? NaN
    const ratio = cpu(contender) / cpu(baseline)
    const holds = ratio <= most
    held &&= holds
    console.log(
      `${holds ? 'ok    ' : 'FAILED'}  ${algorithm}, ${state}: ${ratio.toFixed(2)} of ${baseline}, at most ${most}`,
    )
  }
  return held
}
