// Runs the scenarios and prints the results as a table. Exits with code 1 if a result is not as expected.
import { percentile } from './client.mjs'
import { scenarios } from './scenarios.mjs'
import { startTestSetup } from './test-setup.mjs'

/** @type {(line: string) => void} */
const print = (line) => void process.stdout.write(`${line}\n`)

/** Compared with each other. They alternate for several rounds, so that a pause of the machine averages out. */
const compared = ['quiet minute', 'minute of flood', 'minute of ordinary load']
const rounds = 5
/**
 * How much more CPU time a request of the flood may take than an ordinary one. A busy machine slows down both. The
 * response times of two processes on the same cores say little: other load delays single requests.
 */
const mostCpu = 1.2

/** @typedef {import('./scenarios.mjs').Outcome & { grown: number }} Run */

/** @type {(name: string) => Promise<Run>} */
async function runScenario(name) {
  const setup = await startTestSetup()
  const outcome = await scenarios[name](setup)
  const grown = await setup.call('growth')
  await setup.close()
  print(`done: ${name}`)
  return { ...outcome, grown }
}

/** The table row of a scenario. Collects its errors. @type {(name: string, runs: readonly Run[]) => string[]} */
function row(name, runs) {
  const responses = runs.flatMap((run) => run.responses)
  const failures = responses.filter(({ status }) => status !== 200).length
  errors.push(...runs.flatMap((run) => run.errors ?? []).map((error) => `${name}: ${error}`))
  if (failures > 0) errors.push(`${name}: ${failures} failures`)
  const [fetches, grown] = [runs.map((run) => run.fetches), runs.map((run) => run.grown)]
  const p99 = median(runs.map((run) => percentile(run.responses, 0.99)))
  const numbers = [percentile(responses, 0.5), p99, Math.max(...grown) / 2 ** 20]
  const loads = [
    median(runs.map(({ load }) => load?.cpu ?? NaN)),
    median(runs.map(({ load }) => load?.delay ?? NaN)),
  ]
  return [
    name,
    String(responses.length),
    String(failures),
    String(Math.max(...fetches)),
    ...numbers.map((number) => number.toFixed(1)),
    ...loads.map((number) => (Number.isNaN(number) ? '' : number.toFixed(1))),
    runs[0]?.notes ?? '',
  ]
}

/** @type {(values: readonly number[]) => number} */
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN

/** @type {string[]} */
const errors = []
const filters = process.argv.slice(2)
const selected = Object.keys(scenarios).filter(
  (name) => filters.length === 0 || filters.some((filter) => name.includes(filter)),
)
/** @type {Map<string, Run[]>} */
const runs = new Map(selected.map((name) => [name, []]))
for (const name of selected.filter((one) => !compared.includes(one)))
  runs.get(name)?.push(await runScenario(name))
for (let round = 0; round < rounds; round += 1)
  for (const name of selected.filter((one) => compared.includes(one)))
    runs.get(name)?.push(await runScenario(name))

const headings = [
  'fault',
  'requests',
  'failures',
  'fetches',
  'p50 ms',
  'p99 ms',
  'memory MiB',
  'CPU µs',
  'loop p99 ms',
  '',
]
const table = [headings, ...selected.map((name) => row(name, runs.get(name) ?? []))]
const widths = headings.map((_, column) => Math.max(...table.map((cells) => cells[column].length)))
const lines = table.map((cells) => cells.map((cell, at) => cell.padEnd(widths[at])).join(' | '))
print(`\n${lines.map((line) => `| ${line} |`).join('\n')}\n`)

/** What the flood costs relative to ordinary load, in each round. @type {(of: (run: Run) => number) => number[]} */
const ratios = (of) => {
  const others = (runs.get('minute of ordinary load') ?? []).map(of)
  return (runs.get('minute of flood') ?? []).map((run, round) => of(run) / (others[round] ?? NaN))
}

const [cpu, delay, p99] = [
  ratios(({ load }) => load?.cpu ?? NaN),
  ratios(({ load }) => load?.delay ?? NaN),
  ratios(({ responses }) => percentile(responses, 0.99)),
]
for (const [what, values] of Object.entries({ 'CPU time': cpu, 'event-loop delay': delay, p99 })) {
  if (values.length === 0) continue
  const each = values.map((value) => value.toFixed(2)).join(', ')
  print(
    `${what}: minute of flood / minute of ordinary load = ${median(values).toFixed(2)}, median of ${each}`,
  )
}
if (cpu.length > 0 && !(median(cpu) <= mostCpu)) {
  errors.push(
    `a request of the flood takes more than ${mostCpu} times the CPU time of an ordinary one`,
  )
}
for (const error of errors) print(`ERROR: ${error}`)
process.exitCode = errors.length === 0 ? 0 : 1
