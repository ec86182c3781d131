// Fails if something became 15% slower than another build. Both take turns in one process and without sockets, so
// neither the processor nor other load matters much.
import { measureFunctions } from './functions.mjs'
import { measureInProcess } from './in-process.mjs'
import { before, beforeName, signatureOnly } from './lib/contenders.mjs'

const tolerance = 1.15

/** @typedef {{ name: string, cpu: number, before?: number }} Row */

/**
 * Measures both builds.
 *
 * @returns {Promise<boolean>} whether nothing became slower
 */
export async function guard() {
  if (!before) {
    console.error(
      'Set BENCH_BEFORE to the path of the checkout of an earlier commit that is built.',
    )
    return false
  }
  const requests = measureInProcess({
    rounds: 15,
    batch: 1500,
    warmUp: 12_000,
    contenders: ['bare', signatureOnly, 'ours', beforeName],
  }).map(({ framework, state, rows }) => report(`${framework}, ${state}, in process`, rows))
  const functions = await measureFunctions({
    rounds: 15,
    batch: 3000,
    warmBatch: 30_000,
    warmUp: 9000,
    only: ['RS256', 'ES256'],
    inFlights: [1],
  })
  const verifications = functions.map(({ algorithm, state, rows }) =>
    report(`${algorithm}, ${state}`, rows),
  )
  return [...requests, ...verifications].every(Boolean)
}

/** @type {(what: string, rows: readonly Row[]) => boolean} */
function report(what, rows) {
  const ratio = rows.find(({ name }) => name === 'ours')?.before ?? NaN
  const passed = ratio <= tolerance
  const result = passed ? 'ok    ' : 'FAILED'
  console.log(`${result}  ${what}: ${ratio.toFixed(2)} × the time before (limit ${tolerance})`)
  return passed
}
