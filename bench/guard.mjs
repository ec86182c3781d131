// Fails if something became 15 % slower. It compares ratios within one run and without sockets, so other load on the
// machine changes them little. Another processor or another version of Node changes them: measure them there first.
import { measureFunctions } from './functions.mjs'
import { measureInProcess } from './in-process.mjs'

const tolerance = 1.15

/** @typedef {{ name: string, cpu: number, ratio: number }} Row */

/**
 * A whole request with a guard, relative to the same request that only verifies the signature. Measured on Node 20.
 *
 * @type {readonly { framework: string, state: string, measured: number }[]}
 */
const requests = [
  { framework: 'Express', state: 'cold', measured: 1.36 },
  { framework: 'Express', state: 'warm', measured: 0.68 },
  { framework: 'Koa', state: 'cold', measured: 1.38 },
  { framework: 'Koa', state: 'warm', measured: 0.42 },
  { framework: 'Fastify', state: 'cold', measured: 1.45 },
  { framework: 'Fastify', state: 'warm', measured: 0.4 },
  { framework: 'Hono', state: 'cold', measured: 1.37 },
  { framework: 'Hono', state: 'warm', measured: 0.41 },
]

/**
 * One verification, relative to others in the same run.
 *
 * @type {readonly { algorithm: string, state: string, baseline: string, measured: number }[]}
 */
const verifications = [
  { algorithm: 'RS256', state: 'cold', baseline: 'crypto.verify alone', measured: 1.4 },
  { algorithm: 'ES256', state: 'cold', baseline: 'crypto.verify alone', measured: 1.15 },
  { algorithm: 'RS256', state: 'warm', baseline: 'SHA-256 alone', measured: 1.65 },
]

export async function guard() {
  const inProcess = measureInProcess({
    rounds: 40,
    batch: 100,
    warmUp: 8000,
    contenders: ['bare', 'crypto.verify alone', 'ours'],
  })
  const functions = await measureFunctions({
    rounds: 15,
    batch: 3000,
    warmBatch: 30_000,
    only: ['RS256', 'ES256'],
    inFlights: [1],
  })
  const ofRequests = requests.map(({ framework, state, measured }) => {
    const table = inProcess.find((one) => one.framework === framework && one.state === state)
    const ratio = rowOf(table?.rows, 'ours')?.ratio ?? NaN
    return report(`${framework}, ${state}, in process`, ratio, 'the signature alone', measured)
  })
  const ofVerifications = verifications.map(({ algorithm, state, baseline, measured }) => {
    const table = functions.find((one) => one.algorithm === algorithm && one.state === state)
    const ratio = rowOf(table?.rows, 'ours')?.ratio ?? NaN
    return report(`${algorithm}, ${state}`, ratio, baseline, measured)
  })
  return [...ofRequests, ...ofVerifications].every(Boolean)
}

/** @type {(rows: readonly Row[] | undefined, name: string) => Row | undefined} */
function rowOf(rows, name) {
  return rows?.find((row) => row.name === name)
}

/** @type {(what: string, ratio: number, baseline: string, measured: number) => boolean} */
function report(what, ratio, baseline, measured) {
  const most = measured * tolerance
  const passed = ratio <= most
  const limit = `usually ${measured.toFixed(2)}, limit ${most.toFixed(2)}`
  console.log(
    `${passed ? 'ok    ' : 'FAILED'}  ${what}: ${ratio.toFixed(2)} × ${baseline} (${limit})`,
  )
  return passed
}
