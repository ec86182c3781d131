// `npm run test:mutation`: removes each check in core, one at a time, and runs the unit tests of its room.
// `-- jose lib/json` selects rooms or files. A survivor must be listed in test/mutation/survivors.json with a
// reason, or the command fails. Not part of `npm test`.
//
// Results are kept. A file is measured again if the file or the tests of its room changed. After tests were only
// added, `--survivors` runs them against the mutants that survived before. `--again` measures everything.
// `--all-tests` runs all unit tests of core against the survivors, which takes half a minute each.
import './help.mjs'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cache, root, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

/** @typedef {{ line: number, column: number }} Position */
/** @typedef {{ status: string, mutatorName: string, replacement: string, location: { start: Position, end: Position } }} Mutant */
/** @typedef {{ code: string, mutants: string[], why: string }} Excuse one line of a file, and the mutants that may survive there */
/** @typedef {{ source: string, tests: string, killed: number, timedOut: number, alive: readonly Mutant[] }} Result with the hashes of what was measured */

const source = 'packages/core/src'
const tests = 'packages/core/test'
const report = join(cache, 'mutation-report.json')
const summary = join(cache, 'mutation.json')
/** The only test that fails for a mutant that throws when its file is loaded. */
const loads = 'test/mutation/loads.test.ts'
const everything = [`${tests}/**/*.test.ts`, loads]
/** Tests of a room that are in the folder of another. @type {Record<string, readonly string[]>} */
const elsewhere = { binding: [`${tests}/http/bound-tokens.test.ts`] }
/** Tests that replace modules, or that have a limit for each process. Each file gets its own worker, which takes longer. */
const isolated = /\/test\/(?:platform|jose|jwks|verify|\*\*)\//
/** Files that share one start of Stryker. Results are written after each. */
const batchSize = 5

/** @type {Record<string, Excuse[]>} */
const excuses = JSON.parse(readFileSync(join(root, 'test/mutation/survivors.json'), 'utf8'))

const all = readdirSync(join(root, source), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => path.replaceAll('\\', '/').slice(0, -3))
  .filter((name) => name.includes('/') && name !== 'platform/web')
  .toSorted()

/** @type {(name: string) => string} */
const roomOf = (name) => name.split('/')[0] ?? ''

/** @type {(name: string) => string} */
const pathOf = (name) => `${source}/${name}.ts`

/** The tests of a room are in the folder of the same name. @type {(room: string) => readonly string[]} */
const suiteOf = (room) => [`${tests}/${room}/*.test.ts`, ...(elsewhere[room] ?? []), loads]

/** @type {(...paths: readonly string[]) => string} */
function hashOf(...paths) {
  const hash = createHash('sha256')
  for (const path of paths) hash.update(path).update(readFileSync(join(root, path)))
  return hash.digest('hex')
}

/** The hashes of a file and of the tests that run for it. @type {(name: string) => Pick<Result, 'source' | 'tests'>} */
function hashesOf(name) {
  const room = roomOf(name)
  const folder = `${tests}/${room}`
  const files = readdirSync(join(root, folder)).toSorted()
  const suite = files.map((file) => `${folder}/${file}`)
  const others = [loads, `${tests}/support.ts`, ...(elsewhere[room] ?? [])]
  return { source: hashOf(pathOf(name)), tests: hashOf(...suite, ...others) }
}

/** Taken before the measurement, because tests may be edited while it runs. @type {(name: string) => { name: string, hashes: Pick<Result, 'source' | 'tests'> }} */
const withHashes = (name) => ({ name, hashes: hashesOf(name) })

/**
 * @param {readonly string[]} targets files, or ranges in them
 * @param {readonly string[]} suite
 * @returns {(name: string) => readonly Mutant[]} the mutants of a file
 */
function mutate(targets, suite) {
  rmSync(report, { force: true })
  const args = ['run', 'test/mutation/stryker.config.json', '--mutate', targets.join(',')]
  const { ok, output } = run(tool('stryker'), args, {
    quiet: true,
    env: {
      MUTATION_TESTS: suite.join(';'),
      MUTATION_ISOLATE: isolated.test(suite.join(';')) ? '1' : '',
    },
  })
  if (!ok || !existsSync(report)) throw new Error(`Stryker failed.\n${output}`)
  const { files } = JSON.parse(readFileSync(report, 'utf8'))
  return (name) => files[pathOf(name)]?.mutants ?? []
}

/** @type {(mutant: Mutant) => boolean} */
const survives = ({ status }) => !['Killed', 'Timeout', 'Ignored', 'CompileError'].includes(status)

/** @type {(mutant: Mutant) => string} */
const describe = ({ mutatorName, replacement }) =>
  `${mutatorName}: ${replacement.replaceAll(/\s+/g, ' ')}`

/** @type {(mutant: Mutant) => string} */
const nameOf = (mutant) =>
  `${mutant.location.start.line}:${mutant.location.start.column} ${describe(mutant)}`

/** @type {(names: readonly string[]) => readonly [string, Result][]} measures files of one room */
function measure(names) {
  const hashed = names.map(withHashes)
  const mutantsOf = mutate(names.map(pathOf), suiteOf(roomOf(names[0] ?? '')))
  return hashed.map(({ name, hashes }) => {
    const mutants = mutantsOf(name)
    const alive = mutants.filter(survives).map(kept)
    const timedOut = mutants.filter(({ status }) => status === 'Timeout').length
    return [name, { ...hashes, killed: mutants.length - alive.length, timedOut, alive }]
  })
}

/** Without what Stryker reports for its own pages. @type {(mutant: Mutant) => Mutant} */
const kept = ({ status, mutatorName, replacement, location }) => ({
  status,
  mutatorName,
  replacement,
  location,
})

/** @type {(names: readonly string[], suite: readonly string[]) => readonly [string, Result][]} runs tests against earlier survivors */
function measureSurvivors(names, suite) {
  const hashed = names.map(withHashes)
  const ranges = names.flatMap((name) =>
    resultOf(name).alive.map((mutant) => rangeOf(name, mutant)),
  )
  const mutantsOf = mutate([...new Set(ranges)], suite)
  return hashed.map(({ name, hashes }) => {
    const { killed, timedOut, alive: before } = resultOf(name)
    const known = new Set(before.map(nameOf))
    const alive = mutantsOf(name).filter((mutant) => known.has(nameOf(mutant)) && survives(mutant))
    const more = before.length - alive.length
    return [name, { ...hashes, killed: killed + more, timedOut, alive: alive.map(kept) }]
  })
}

/** @type {(name: string, mutant: Mutant) => string} */
const rangeOf = (name, { location: { start, end } }) =>
  `${pathOf(name)}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`

/** @type {(name: string, alive: readonly Mutant[]) => { unexplained: readonly string[], outdated: readonly string[] }} */
function compare(name, alive) {
  const lines = readFileSync(join(root, pathOf(name)), 'utf8').split('\n')
  const keyOf = (/** @type {Mutant} */ mutant) =>
    `${lines[mutant.location.start.line - 1]?.trim()} → ${describe(mutant)}`
  const excused = (excuses[name] ?? []).flatMap(({ code, mutants }) =>
    mutants.map((what) => `${code} → ${what}`),
  )
  const keys = new Set(alive.map(keyOf))
  return {
    unexplained: alive.filter((mutant) => !excused.includes(keyOf(mutant))).map(nameOf),
    outdated: excused.filter((key) => !keys.has(key)),
  }
}

/** @type {(killed: number, total: number) => string} */
const score = (killed, total) => `${((100 * killed) / Math.max(1, total)).toFixed(1)}%`

/** @type {(name: string) => void} */
function print(name) {
  const { killed, timedOut, alive } = resultOf(name)
  const { unexplained, outdated } = compare(name, alive)
  const total = killed + alive.length
  console.log(
    `${name.padEnd(36)} ${String(killed).padStart(4)} of ${String(total).padStart(4)}  ${score(killed, total)}${timedOut > 0 ? `, ${timedOut} timed out` : ''}`,
  )
  for (const mutant of unexplained) console.log(`  survives without a reason: ${mutant}`)
  for (const excuse of outdated) console.log(`  is listed as a survivor, but was killed: ${excuse}`)
  if (unexplained.length + outdated.length > 0) process.exitCode = 1
}

/** @type {(names: readonly string[]) => readonly (readonly string[])[]} groups of files of the same room */
function batchesOf(names) {
  /** @type {string[][]} */
  const batches = []
  for (const name of names) {
    const last = batches.at(-1)
    const fits = last && last.length < batchSize && roomOf(last[0] ?? '') === roomOf(name)
    if (fits) last.push(name)
    else batches.push([name])
  }
  return batches
}

/** @type {(entries: readonly [string, Result][]) => void} */
function keep(entries) {
  for (const [name, result] of entries) results[name] = result
  writeFileSync(summary, JSON.stringify(results, undefined, 2))
}

setUp()
mkdirSync(cache, { recursive: true })
const flags = process.argv.slice(2).filter((word) => word.startsWith('--'))
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'))
/** @type {Record<string, Result>} the results of earlier runs, by file */
const results = existsSync(summary) ? JSON.parse(readFileSync(summary, 'utf8')) : {}
/** @type {(name: string) => Result} */
const resultOf = (name) =>
  results[name] ?? { source: '', tests: '', killed: 0, timedOut: 0, alive: [] }

/** @type {(name: string) => 'file' | 'survivors' | 'nothing'} what has to be measured of a file */
function missing(name) {
  const now = hashesOf(name)
  const { source: file, tests: suite, alive } = resultOf(name)
  if (file !== now.source || flags.includes('--again')) return 'file'
  if (suite === now.tests) return 'nothing'
  if (!flags.includes('--survivors')) return 'file'
  return alive.length > 0 ? 'survivors' : 'nothing'
}

const selected = all.filter(
  (file) =>
    wanted.length === 0 || wanted.some((name) => file === name || file.startsWith(`${name}/`)),
)
for (const room of new Set(selected.map(roomOf))) {
  const files = selected.filter((name) => roomOf(name) === room)
  for (const batch of batchesOf(files.filter((name) => missing(name) === 'file'))) {
    keep(measure(batch))
  }
  const survivors = files.filter((name) => missing(name) === 'survivors')
  if (survivors.length > 0) keep(measureSurvivors(survivors, suiteOf(room)))
  const rest = files.filter((name) => resultOf(name).alive.length > 0)
  if (flags.includes('--all-tests') && rest.length > 0) keep(measureSurvivors(rest, everything))
  for (const name of files) print(name)
}

const counts = all.map((name) => results[name]).filter((result) => result !== undefined)
const killed = counts.reduce((sum, { killed: some }) => sum + some, 0)
const total = counts.reduce((sum, { alive }) => sum + alive.length, killed)
console.log(
  `\ncore: ${killed} of ${total} mutants killed, ${score(killed, total)}, in ${counts.length} of ${all.length} files`,
)
