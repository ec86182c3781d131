// Runs the scenarios and prints the results as a table. Exits with code 1 if a result is above its bound.
import { parseArgs } from 'node:util'
import { restart } from './simulation.mjs'
import { scenarios } from './scenarios.mjs'

/** @type {(line: string) => void} */
const print = (line) => void process.stdout.write(`${line}\n`)

/** @type {(value: number) => string} */
const shown = (value) => (Number.isInteger(value) ? String(value) : value.toFixed(2))

const { values, positionals } = parseArgs({
  options: { instances: { type: 'string', default: '400' } },
  allowPositionals: true,
})
const instances = Number(values.instances)
const selected = Object.entries(scenarios).filter(
  ([name]) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
)
const started = process.hrtime.bigint()
let failures = 0
print(`${instances} instances\n`)
print('| scenario | result | value | at most |')
print('|---|---|---|---|')
for (const [name, run] of selected) {
  restart()
  for (const { what, value, max } of await run(instances)) {
    const isTooHigh = !(value <= max)
    if (isTooHigh) failures += 1
    print(
      `| ${name} | ${what} | ${shown(value)} | ${shown(max)}${isTooHigh ? ' **FAILED**' : ''} |`,
    )
  }
}
print(`\n${Number((process.hrtime.bigint() - started) / 1_000_000_000n)} s, ${failures} failures`)
process.exitCode = failures > 0 ? 1 : 0
