// `npm run test:mutation`: removes each check in core, one at a time, and runs the unit tests of its room.
// `-- jose lib/json` selects rooms or files. A survivor must be listed in test/mutation/survivors.json with a
// reason, or the command fails. With `--all-tests`, all unit tests of core run against the survivors, which takes
// half a minute each. Not part of `npm test`.
import './help.mjs'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cache, root, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

/** @typedef {{ line: number, column: number }} Position */
/** @typedef {{ status: string, mutatorName: string, replacement: string, location: { start: Position, end: Position } }} Mutant */
/** @typedef {{ code: string, mutants: string[], why: string }} Excuse one line of a file, and the mutants that may survive there */
/** @typedef {{ killed: number, alive: readonly string[], unexplained: readonly string[], outdated: readonly string[] }} Result */

const source = 'packages/core/src'
const tests = 'packages/core/test'
const report = join(cache, 'mutation-report.json')
const summary = join(cache, 'mutation.json')
/** The only test that fails for a mutant that throws when its file is loaded. */
const loads = 'test/mutation/loads.test.ts'
const everything = [`${tests}/**/*.test.ts`, loads]

/** @type {Record<string, Excuse[]>} */
const excuses = JSON.parse(readFileSync(join(root, 'test/mutation/survivors.json'), 'utf8'))

const all = readdirSync(join(root, source), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.replaceAll('\\', '/').slice(0, -3))
  .filter((name) => name.includes('/') && name !== 'platform/web')
  .toSorted()

/**
 * @param {readonly string[]} targets files, or ranges in them
 * @param {readonly string[]} suite
 * @returns {readonly Mutant[]}
 */
function mutate(targets, suite) {
  rmSync(report, { force: true })
  const args = ['run', 'test/mutation/stryker.config.json', '--mutate', targets.join(',')]
  const { ok, output } = run(tool('stryker'), args, {
    quiet: true,
    env: { MUTATION_TESTS: suite.join(';') },
  })
  if (!ok || !existsSync(report)) throw new Error(`Stryker failed.\n${output}`)
  const { files } = JSON.parse(readFileSync(report, 'utf8'))
  return Object.values(files).flatMap(({ mutants }) => mutants)
}

/** @type {(mutant: Mutant) => boolean} */
const survives = ({ status }) => !['Killed', 'Timeout', 'Ignored', 'CompileError'].includes(status)

/** @type {(mutant: Mutant) => string} */
const describe = ({ mutatorName, replacement }) =>
  `${mutatorName}: ${replacement.replaceAll(/\s+/g, ' ')}`

/** @type {(mutant: Mutant) => string} */
const nameOf = (mutant) =>
  `${mutant.location.start.line}:${mutant.location.start.column} ${describe(mutant)}`

/** @type {(name: string) => Result} */
function mutateFile(name) {
  const path = `${source}/${name}.ts`
  // The tests of a room are in the folder of the same name.
  const first = mutate([path], [`${tests}/${name.split('/')[0]}/*.test.ts`, loads])
  const survivors = first.filter(survives)
  const retry = process.argv.includes('--all-tests') && survivors.length > 0
  const alive = retry ? runAllTests(path, survivors) : survivors
  return { killed: first.length - alive.length, ...compare(name, alive) }
}

/** @type {(path: string, survivors: readonly Mutant[]) => readonly Mutant[]} */
function runAllTests(path, survivors) {
  const ranges = survivors.map(
    ({ location: { start, end } }) =>
      `${path}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`,
  )
  const names = new Set(survivors.map(nameOf))
  const found = mutate([...new Set(ranges)], everything)
  return found.filter((mutant) => names.has(nameOf(mutant)) && survives(mutant))
}

/** @type {(name: string, alive: readonly Mutant[]) => Omit<Result, 'killed'>} */
function compare(name, alive) {
  const lines = readFileSync(join(root, source, `${name}.ts`), 'utf8').split('\n')
  const keyOf = (/** @type {Mutant} */ mutant) =>
    `${lines[mutant.location.start.line - 1]?.trim()} → ${describe(mutant)}`
  const excused = (excuses[name] ?? []).flatMap(({ code, mutants }) =>
    mutants.map((what) => `${code} → ${what}`),
  )
  const keys = new Set(alive.map(keyOf))
  return {
    alive: alive.map(nameOf),
    unexplained: alive.filter((mutant) => !excused.includes(keyOf(mutant))).map(nameOf),
    outdated: excused.filter((key) => !keys.has(key)),
  }
}

/** @type {(killed: number, total: number) => string} */
const score = (killed, total) => `${((100 * killed) / Math.max(1, total)).toFixed(1)} %`

setUp()
mkdirSync(cache, { recursive: true })
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'))
/** @type {Record<string, Result>} the results of earlier runs, by file */
const results = existsSync(summary) ? JSON.parse(readFileSync(summary, 'utf8')) : {}
const isWanted = (/** @type {string} */ file) =>
  wanted.length === 0 || wanted.some((name) => file === name || file.startsWith(`${name}/`))
for (const name of all.filter(isWanted)) {
  const { killed, alive, unexplained, outdated } = (results[name] = mutateFile(name))
  writeFileSync(summary, JSON.stringify(results, undefined, 2))
  const total = killed + alive.length
  console.log(
    `${name.padEnd(24)} ${String(killed).padStart(4)} of ${String(total).padStart(4)}  ${score(killed, total)}`,
  )
  for (const mutant of unexplained) console.log(`  survives without a reason: ${mutant}`)
  for (const excuse of outdated) console.log(`  is listed as a survivor, but was killed: ${excuse}`)
  if (unexplained.length + outdated.length > 0) process.exitCode = 1
}

const counts = all.map((name) => results[name]).filter((result) => result !== undefined)
const killed = counts.reduce((sum, { killed: some }) => sum + some, 0)
const total = counts.reduce((sum, { alive }) => sum + alive.length, killed)
console.log(
  `\ncore: ${killed} of ${total} mutants killed, ${score(killed, total)}, in ${counts.length} of ${all.length} files`,
)
