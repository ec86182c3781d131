// Measures contenders alternately in the same process, so that a temporarily busy machine affects all of
// them.

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
 * Runs `batch` operations of each contender in each round, in rotating order. The first round warms up the
 * compiler and is not counted. `make` is called once per round and is not measured.
 *
 * @param {readonly Contender[]} contenders
 * @param {{ rounds: number, batch: number, inFlight: number }} size
 * @returns {Promise<Map<string, Cost[]>>}
 */
export async function race(contenders, { rounds, batch, inFlight }) {
  /** @type {Map<string, Cost[]>} */
  const costs = new Map(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(turn + round) % contenders.length]
      if (!contender) continue
      const operation = await contender.make()
      const measured = await cost(() => runBatch(operation, batch, inFlight), batch)
      if (round > 0) costs.get(contender.name)?.push(measured)
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
 * Returns one row for each contender. The ratio to the baseline is the median of the ratios of each round.
 *
 * @param {Map<string, Cost[]>} costs
 * @param {string} baseline
 */
export function summarize(costs, baseline) {
  const base = costs.get(baseline) ?? []
  return [...costs].map(([name, measured]) => ({
    name,
    cpu: median(measured.map(({ cpu }) => cpu)),
    wall: median(measured.map(({ wall }) => wall)),
    ratio: median(measured.map(({ cpu }, round) => cpu / (base[round]?.cpu ?? NaN))),
  }))
}
