// Runs every scenario and prints the table. Ends with 1 where a line is not as it should be.
import { percentile } from './client.mjs'
import { scenarios } from './scenarios.mjs'
import { createWorld } from './world.mjs'

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
  console.log(`done: ${name}`)
}

const ratio = (p99s['minute of flood'] ?? NaN) / (p99s['quiet minute'] ?? NaN)
if (ratio >= 2) wrong.push(`the p99 beside the flood is ${ratio.toFixed(1)} times the quiet one`)

const widths = (table[0] ?? []).map((_, column) =>
  Math.max(...table.map((row) => (row[column] ?? '').length)),
)
const lines = table.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | '))
console.log(`\n${lines.map((line) => `| ${line} |`).join('\n')}\n`)
if (Number.isFinite(ratio)) console.log(`p99 beside the flood / quiet: ${ratio.toFixed(2)}`)
const alike = (p99s['minute of flood'] ?? NaN) / (p99s['as many ordinary ones'] ?? NaN)
if (Number.isFinite(alike)) console.log(`… / beside as many ordinary ones: ${alike.toFixed(2)}`)
for (const what of wrong) console.log(`WRONG: ${what}`)
process.exitCode = wrong.length === 0 ? 0 : 1
