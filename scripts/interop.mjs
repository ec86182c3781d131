// `npm run test:interop`: tests with tokens that real servers issue and exchange, with services behind real proxies, and
// with packages that are not in the root's lockfile. Needs JDK 21 or later and Maven, network access for the first run,
// nginx, and HAProxy. Passes its arguments to vitest: `npm run test:interop -- spring`, or `-- mcp-tools`. Only what these
// tests need is prepared. With `--if-possible`, what is missing is reported but is not a failure.
// `--only hydra` runs the tests with one server that takes long to build. They are not part of the other runs.
import './help.mjs'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './build.mjs'
import { missingPackages } from './interop/packages.mjs'
import { missingProxies } from './interop/proxies.mjs'
import { hydra, realServers } from './interop/servers.mjs'
import { cache, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const { values: options, positionals: args } = parseArgs({
  options: { 'if-possible': { type: 'boolean' }, only: { type: 'string' } },
  allowPositionals: true,
})
const ledger = join(cache, 'interop-ledger.jsonl')
const report = join(cache, 'interop.json')

/**
 * Tests that need the same things.
 *
 * @typedef {object} Part
 * @property {readonly string[]} tests
 * @property {() => Record<string, string> | string | undefined} prepare returns environment variables for the tests, or
 *   what is missing
 * @property {boolean} [isSlow] whether it takes so long to prepare that only `--only` does it
 * @property {string} [project] a project of vitest that needs the same
 */

/** @type {readonly Part[]} */
const parts = [
  {
    prepare: realServers,
    tests: ['keycloak', 'keycloak-sign-out', 'spring', 'order-flow', 'zitadel'],
  },
  { prepare: missingProxies, tests: ['proxies'] },
  // The project also runs the tests of packages/nestjs.
  { prepare: missingPackages, tests: ['mcp-tools', 'next', 'nestjs-11'], project: 'nestjs-11' },
  { prepare: hydra, tests: ['hydra'], isSlow: true },
]

/** What vitest is to run: texts in the names of files, as its arguments. All tests if there are none. */
const filters = options.only === undefined ? args : [`/${options.only}.test.ts`, ...args]

/** @type {(part: Part) => boolean} */
function isSelected({ tests, isSlow = false }) {
  if (isSlow) return tests.some((test) => test === options.only)
  const files = tests.map((test) => `test/interop/${test}.test.ts`)
  return filters.length === 0 || files.some((file) => filters.some((each) => file.includes(each)))
}

function main() {
  // Files from an earlier run must not be mistaken for results of this one.
  for (const file of [ledger, report]) rmSync(file, { force: true })
  setUp()
  if (!build().ok) return false
  mkdirSync(cache, { recursive: true })
  const started = performance.now()
  const prepared = parts.filter(isSelected).map((part) => ({ part, result: part.prepare() }))
  const missing = prepared.flatMap(({ part, result }) =>
    typeof result === 'string' ? [{ ...part, what: result }] : [],
  )
  const left = [...missing, ...parts.filter((part) => part.isSlow && !isSelected(part))]
  const excluded = left.flatMap(({ tests }) => tests).join(',')
  const found = prepared.map(({ result }) => (typeof result === 'string' ? {} : result))
  const { ok } = run(
    tool('vitest'),
    [
      'run',
      '--config',
      'test/interop/vitest.config.ts',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...left.flatMap(({ project }) => (project === undefined ? [] : [`--project=!${project}`])),
      ...filters,
    ],
    { env: Object.assign({ INTEROP_LEDGER: ledger, INTEROP_EXCLUDE: excluded }, ...found) },
  )
  printLedger()
  console.log(`Tests against real servers: ${ok ? 'ok' : 'FAILED'}, ${seconds(started)}`)
  for (const { tests, what } of missing) {
    console.log(`Not run: the tests ${tests.join(', ')}. ${what}.`)
  }
  const slow = parts.filter(({ isSlow }) => isSlow).flatMap(({ tests }) => tests)
  const names = slow.map((name) => `--only ${name}`)
  if (options.only === undefined) console.log(`Run separately: ${names.join(', ')}`)
  return ok && (missing.length === 0 || options['if-possible'] === true)
}

/** @type {(started: number) => string} */
const seconds = (started) => `${Math.round((performance.now() - started) / 1000)} s`

/** Prints the observations, grouped by server. */
function printLedger() {
  if (!existsSync(ledger)) return
  /** @type {{ server: string, kind: string, what: string, seen: string }[]} */
  const entries = readFileSync(ledger, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  for (const server of new Set(entries.map((entry) => entry.server))) {
    console.log(`\n${server}`)
    const own = entries.filter((entry) => entry.server === server)
    const width = Math.max(...own.map(({ what }) => what.length))
    for (const { kind, what, seen } of own) {
      console.log(`  ${kind.padEnd(10)}  ${what.padEnd(width)}  ${shortened(seen)}`)
    }
  }
  console.log('')
}

/** Truncates a reason for the table. @type {(text: string) => string} */
const shortened = (text) => (text.length > 100 ? `${text.slice(0, 99)}…` : text)

process.exitCode = main() ? 0 : 1
