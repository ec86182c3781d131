// Runs every scenario and prints the table. Ends with 1 where a line is not as it should be.
import { percentile } from './client.mjs'
import { scenarios } from './scenarios.mjs'
import { createWorld } from './world.mjs'

/** @type {(line: string) => void} */
const say = (line) => void process.stdout.write(`${line}\n`)

/** @type {string[][]} */
const table = [['fault', 'requests', 'failures', 'fetches', 'p50 ms', 'p99 ms', 'memory MiB', '']]
/** @type {string[]} */
const wrong = []
/** @type {Record<string, number>} */
const p99s = {}
const wanted = process.argv.slice(2)

for (const [name, scenario] of Object.entries(scenarios)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue
  const world = await createWorld()
  const outcome = await scenario(world)
  const { answers, fetches, notes = '' } = outcome
  const grown = (await world.call('growth')) / 2 ** 20
  await world.close()
  const failures = answers.filter(({ status }) => status !== 200).length
  const p99 = (p99s[name] = percentile(answers, 0.99))
  wrong.push(...(outcome.wrong ?? []).map((what) => `${name}: ${what}`))
  if (failures > 0) wrong.push(`${name}: ${failures} failures`)
  const numbers = [percentile(answers, 0.5), p99, grown].map((number) => number.toFixed(1))
  table.push([name, ...[answers.length, failures, fetches].map(String), ...numbers, notes])
  say(`done: ${name}`)
}

const widths = (table[0] ?? []).map((_, column) =>
  Math.max(...table.map((row) => (row[column] ?? '').length)),
)
const lines = table.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | '))
say(`\n${lines.map((line) => `| ${line} |`).join('\n')}\n`)
for (const other of ['as many ordinary ones', 'quiet minute']) {
  const ratio = (p99s['minute of flood'] ?? NaN) / (p99s[other] ?? NaN)
  if (Number.isFinite(ratio)) say(`p99: minute of flood / ${other} = ${ratio.toFixed(2)}`)
  // The load itself is no fault of the invented names: they must not cost more than others do.
  if (other === 'as many ordinary ones' && ratio >= 2) wrong.push(`a flood doubles the p99`)
}
for (const what of wrong) say(`WRONG: ${what}`)
process.exitCode = wrong.length === 0 ? 0 : 1
