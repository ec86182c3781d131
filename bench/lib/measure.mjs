// Measures contenders alternately in the same process, so that a temporarily busy machine affects all of
// them.

import { beforeName } from './contenders.mjs'

/** @typedef {{ cpu: number, wall: number }} Cost microseconds per operation */
/** @typedef {{ name: string, make: () => Promise<(at: number) => unknown> }} Contender */

/** @type {(values: readonly number[]) => number} */
export function median(values) {
  return quantile(values, 0.5)
}

/** @type {(values: readonly number[], share: number) => number} */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}

/**
 * Measures wall time, and the CPU time of all threads of this process, including the thread pool and the
 * garbage collector.
 *
 * @param {() => unknown} work
 * @param {number} count the number of operations in the work
 * @returns {Promise<Cost>}
 */
export async function cost(work, count) {
  const cpuBefore = process.cpuUsage()
  const wallBefore = performance.now()
  await work()
  const wall = (performance.now() - wallBefore) * 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  return { cpu: (user + system) / count, wall: wall / count }
}

/**
 * Runs `batch` operations of each contender in each round, in rotating order. Until `warmUp` operations of each are
 * done, but at least in the first round, V8 is still compiling, so nothing is counted. `make` is called once per round
 * and is not measured.
 *
 * @param {readonly Contender[]} contenders
 * @param {{ rounds: number, batch: number, inFlight: number, warmUp?: number }} size
 * @returns {Promise<Map<string, Cost[]>>}
 */
export async function race(contenders, { rounds, batch, inFlight, warmUp = 0 }) {
  const uncounted = Math.max(1, Math.ceil(warmUp / batch))
  /** @type {Map<string, Cost[]>} */
  const costs = new Map(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < uncounted + rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(turn + round) % contenders.length]
      if (!contender) continue
      const operation = await contender.make()
      const measured = await cost(() => runBatch(operation, batch, inFlight), batch)
      if (round >= uncounted) costs.get(contender.name)?.push(measured)
    }
  }
  return costs
}

/** @type {(operation: (at: number) => unknown, batch: number, inFlight: number) => Promise<void>} */
async function runBatch(operation, batch, inFlight) {
  if (inFlight === 1) {
    for (let at = 0; at < batch; at += 1) await operation(at)
    return
  }
  for (let at = 0; at < batch; at += inFlight) {
    const flight = []
    for (let next = at; next < Math.min(batch, at + inFlight); next += 1)
      flight.push(operation(next))
    await Promise.all(flight)
  }
}

/**
 * Returns one row for each contender, with its ratio to the baseline and to another build of this project.
 *
 * @param {Map<string, Cost[]>} costs
 * @param {string} baseline
 */
export function summarize(costs, baseline) {
  const cpuOf = (/** @type {string} */ name) => (costs.get(name) ?? []).map(({ cpu }) => cpu)
  return [...costs].map(([name, measured]) => ({
    name,
    cpu: median(cpuOf(name)),
    wall: median(measured.map(({ wall }) => wall)),
    ratio: medianRatio(cpuOf(name), cpuOf(baseline)),
    before: medianRatio(cpuOf(name), cpuOf(beforeName)),
  }))
}

/**
 * The median of the ratios of each round, because the machine changes its speed.
 *
 * @type {(costs: readonly number[], base: readonly number[]) => number}
 */
export function medianRatio(costs, base) {
  return median(costs.map((one, round) => one / (base[round] ?? NaN)))
}
