// `npm run test:mutation`, or with `-- json jws` for some files of core: takes each check out, one at a
// time, and runs the file's own unit tests. With `--all-tests` all of core's have to find what those let
// live. No part of `npm test`: it takes an hour, or with all tests several.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cache, root, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

/** @typedef {{ line: number, column: number }} Position */
/** @typedef {{ status: string, mutatorName: string, replacement: string, location: { start: Position, end: Position } }} Mutant */
/** @typedef {{ killed: number, alive: readonly Mutant[] }} Result */

const source = 'packages/core/src'
const report = join(cache, 'mutation-report.json')
const summary = join(cache, 'mutation.json')
const everything = ['packages/core/test/*.test.ts']

/** Types alone, or another runtime's file. */
const without = ['record', 'options', 'profiles/profile', 'platform/web', 'index', 'adapter']

const all = readdirSync(join(root, source), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.replaceAll('\\', '/').slice(0, -3))
  .filter((name) => !without.includes(name))
  .toSorted()

/**
 * @param {readonly string[]} targets files, or places in them
 * @param {readonly string[]} tests
 * @returns {readonly Mutant[]}
 */
function mutate(targets, tests) {
  rmSync(report, { force: true })
  const args = ['run', 'test/mutation/stryker.config.json', '--mutate', targets.join(',')]
  const { ok, output } = run(tool('stryker'), args, {
    quiet: true,
    env: { MUTATION_TESTS: tests.join(',') },
  })
  if (!ok || !existsSync(report)) throw new Error(`Stryker broke off.\n${output}`)
  const { files } = JSON.parse(readFileSync(report, 'utf8'))
  return Object.values(files).flatMap(({ mutants }) => mutants)
}

/** @type {(mutant: Mutant) => boolean} */
const lives = ({ status }) => !['Killed', 'Timeout', 'Ignored', 'CompileError'].includes(status)

/** @type {(mutant: Mutant) => string} */
const nameOf = ({ location: { start }, mutatorName, replacement }) =>
  `${start.line}:${start.column} ${mutatorName} ${replacement}`

/** @type {(name: string) => Result} */
function judge(name) {
  const path = `${source}/${name}.ts`
  const own = `packages/core/test/${name.split('/')[0]}.test.ts`
  const first = mutate([path], existsSync(join(root, own)) ? [own] : everything)
  const suspects = first.filter(lives)
  const places = (process.argv.includes('--all-tests') ? suspects : []).map(
    ({ location: { start, end } }) =>
      `${path}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`,
  )
  const names = new Set(suspects.map(nameOf))
  if (places.length === 0) return { killed: first.length - suspects.length, alive: suspects }
  const again = mutate([...new Set(places)], everything)
  const alive = again.filter((mutant) => names.has(nameOf(mutant)) && lives(mutant))
  return { killed: first.length - alive.length, alive }
}

/** @type {(killed: number, total: number) => string} */
const score = (killed, total) => `${((100 * killed) / Math.max(1, total)).toFixed(1)} %`

setUp()
mkdirSync(cache, { recursive: true })
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'))
/** @type {Record<string, Result>} what earlier calls found, file by file */
const results = existsSync(summary) ? JSON.parse(readFileSync(summary, 'utf8')) : {}
for (const name of all.filter((file) => wanted.length === 0 || wanted.includes(file))) {
  const { killed, alive } = (results[name] = judge(name))
  writeFileSync(summary, JSON.stringify(results, undefined, 2))
  const total = killed + alive.length
  console.log(
    `${name.padEnd(24)} ${String(killed).padStart(4)} of ${String(total).padStart(4)}  ${score(killed, total)}`,
  )
  for (const mutant of alive) console.log(`  lives: ${nameOf(mutant).replaceAll('\n', ' ')}`)
}

const counts = Object.values(results)
const killed = counts.reduce((sum, { killed: some }) => sum + some, 0)
const total = counts.reduce((sum, { alive }) => sum + alive.length, killed)
console.log(
  `\ncore: ${killed} of ${total} mutants found, ${score(killed, total)}, in ${counts.length} of ${all.length} files`,
)
