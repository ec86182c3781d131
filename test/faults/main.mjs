// Runs every scenario and prints the table. Ends with 1 where a line is not as it should be.
import { percentile } from './client.mjs'
import { scenarios } from './scenarios.mjs'
import { createWorld } from './test-setup.mjs'

/** @type {(line: string) => void} */
const say = (line) => void process.stdout.write(`${line}\n`)

/** Compared with each other: in turns, since one run alone has one hiccup of the machine or none. */
const compared = ['quiet minute', 'minute of flood', 'as many ordinary ones']
const rounds = 5
/** By what p99 in the flood is measured, and how often it may be of that. */
const bounds = { 'quiet minute': 2, 'as many ordinary ones': 2 }

/** @typedef {import('./scenarios.mjs').Outcome & { grown: number }} Run */

/** @type {(name: string) => Promise<Run>} */
async function runOf(name) {
  const world = await createWorld()
  const outcome = await scenarios[name](world)
  const grown = await world.call('growth')
  await world.close()
  say(`done: ${name}`)
  return { ...outcome, grown }
}

/** One line of the table for all runs of a scenario. @type {(name: string, runs: readonly Run[]) => string[]} */
function row(name, runs) {
  const answers = runs.flatMap((run) => run.answers)
  const failures = answers.filter(({ status }) => status !== 200).length
  wrong.push(...runs.flatMap((run) => run.wrong ?? []).map((what) => `${name}: ${what}`))
  if (failures > 0) wrong.push(`${name}: ${failures} failures`)
  const [fetches, grown] = [runs.map((run) => run.fetches), runs.map((run) => run.grown)]
  const p99 = median(runs.map((run) => percentile(run.answers, 0.99)))
  const numbers = [percentile(answers, 0.5), p99, Math.max(...grown) / 2 ** 20]
  return [
    ...[name, String(answers.length), String(failures), String(Math.max(...fetches))],
    ...[...numbers.map((number) => number.toFixed(1)), runs[0]?.notes ?? ''],
  ]
}

/** @type {(values: readonly number[]) => number} */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

/** @type {string[]} */
const wrong = []
const words = process.argv.slice(2)
const wanted = Object.keys(scenarios).filter(
  (name) => words.length === 0 || words.some((word) => name.includes(word)),
)
/** @type {Map<string, Run[]>} */
const runs = new Map(wanted.map((name) => [name, []]))
for (const name of wanted.filter((one) => !compared.includes(one)))
  runs.get(name)?.push(await runOf(name))
for (let round = 0; round < rounds; round += 1)
  for (const name of wanted.filter((one) => compared.includes(one)))
    runs.get(name)?.push(await runOf(name))

const heads = ['fault', 'requests', 'failures', 'fetches', 'p50 ms', 'p99 ms', 'memory MiB', '']
const table = [heads, ...wanted.map((name) => row(name, runs.get(name) ?? []))]
const widths = heads.map((_, column) => Math.max(...table.map((cells) => cells[column].length)))
const lines = table.map((cells) => cells.map((cell, at) => cell.padEnd(widths[at])).join(' | '))
say(`\n${lines.map((line) => `| ${line} |`).join('\n')}\n`)

for (const [other, most] of Object.entries(bounds)) {
  const p99s = (/** @type {string} */ name) =>
    (runs.get(name) ?? []).map(({ answers }) => percentile(answers, 0.99))
  const others = p99s(other)
  const ratios = p99s('minute of flood').map((p99, round) => p99 / others[round])
  if (ratios.length === 0 || others.length === 0) continue
  const each = ratios.map((ratio) => ratio.toFixed(2)).join(', ')
  say(`p99: minute of flood / ${other} = ${median(ratios).toFixed(2)}, the median of ${each}`)
  if (!(median(ratios) < most))
    wrong.push(`a flood makes the p99 of ${other} ${most} times as long`)
}
for (const what of wrong) say(`WRONG: ${what}`)
process.exitCode = wrong.length === 0 ? 0 : 1
