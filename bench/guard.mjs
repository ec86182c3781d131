// Fails if something became slow. It compares ratios within one run, so it works on any machine, and the
// limits leave room for noise.
import { measureFunctions } from './functions.mjs'
import { measureHttp } from './http.mjs'

/** The measured ratios are in docs/performance.md. These limits are higher. */
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

/** CPU time of the server process, relative to the same framework without a guard. */
const httpBounds = [
  { framework: 'Express', state: 'warm', most: 2.2 },
  { framework: 'Express', state: 'cold', most: 3.5 },
]

export async function guard() {
  const functions = await measureFunctions({
    rounds: 5,
    batch: 3000,
    warmBatch: 30_000,
    only: ['RS256', 'ES256'],
    inFlights: [1],
  })
  const http = await measureHttp({
    rounds: 5,
    requests: 3000,
    connections: 32,
    only: ['Express'],
    contenders: ['bare', 'ours'],
  })
  const inFunctions = bounds.map(({ algorithm, state, contender, baseline, most }) => {
    const table = functions.find((one) => one.algorithm === algorithm && one.state === state)
    const ratio = ratioOf(table?.rows, contender, baseline)
    return report(`${algorithm}, ${state}`, ratio, baseline, most)
  })
  const inHttp = httpBounds.map(({ framework, state, most }) => {
    const table = http.find((one) => one.framework === framework && one.state === state)
    return report(
      `${framework}, ${state}`,
      ratioOf(table?.rows, 'ours', 'bare'),
      `bare ${framework}`,
      most,
    )
  })
  return [...inFunctions, ...inHttp].every(Boolean)
}

/** @type {(rows: readonly { name: string, cpu: number }[] | undefined, contender: string, baseline: string) => number} */
function ratioOf(rows, contender, baseline) {
  const cpu = (/** @type {string} */ wanted) =>
    rows?.find(({ name }) => name === wanted)?.cpu ?? NaN
  return cpu(contender) / cpu(baseline)
}

/** @type {(what: string, ratio: number, baseline: string, most: number) => boolean} */
function report(what, ratio, baseline, most) {
  const passed = ratio <= most
  console.log(
    `${passed ? 'ok    ' : 'FAILED'}  ${what}: ${ratio.toFixed(2)} × ${baseline} (limit ${most})`,
  )
  return passed
}
