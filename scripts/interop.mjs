// `npm run test:interop`: tests with tokens that real servers issue and exchange, and with services behind real
// proxies. Needs JDK 21 or later and Maven, network access for the first run, nginx, and HAProxy. Passes its arguments
// to vitest: `npm run test:interop -- spring`. With `--if-possible`, what is missing is reported but is not a failure.
// `--only hydra` runs the tests with one server that takes long to build. They are not part of the other runs.
import './help.mjs'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './build.mjs'
import { missingProxies } from './interop/proxies.mjs'
import { hydra, realServers } from './interop/servers.mjs'
import { cache, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const { values: options, positionals: args } = parseArgs({
  options: { 'if-possible': { type: 'boolean' }, only: { type: 'string' } },
  allowPositionals: true,
})
/** Servers that take long to build. Each has a test file of its name. @type {Record<string, () => Record<string, string> | string>} */
const slow = { hydra }
const ledger = join(cache, 'interop-ledger.jsonl')
const report = join(cache, 'interop.json')

/** What runs. @typedef {{ filters: readonly string[], env: Record<string, string>, missing: readonly { tests: readonly string[], what: string }[] }} Plan */

function main() {
  // Files from an earlier run must not be mistaken for results of this one.
  for (const file of [ledger, report]) rmSync(file, { force: true })
  setUp()
  if (!build().ok) return false
  mkdirSync(cache, { recursive: true })
  const started = performance.now()
  const { filters, env, missing } =
    options.only === undefined ? planForAll() : planFor(options.only)
  const { ok } = run(
    tool('vitest'),
    [
      'run',
      '--config',
      'test/interop/vitest.config.ts',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...filters,
      ...args,
    ],
    { env: { ...env, INTEROP_LEDGER: ledger } },
  )
  printLedger()
  console.log(`Tests against real servers: ${ok ? 'ok' : 'FAILED'}, ${seconds(started)}`)
  for (const { tests, what } of missing) {
    console.log(`Not run: the tests ${tests.join(', ')}. ${what}.`)
  }
  const names = Object.keys(slow).map((name) => `--only ${name}`)
  if (options.only === undefined) console.log(`Run separately: ${names.join(', ')}`)
  return ok && (missing.length === 0 || options['if-possible'] === true)
}

/** @returns {Plan} */
function planForAll() {
  const servers = realServers()
  const parts = [
    {
      tests: ['keycloak', 'keycloak-sign-out', 'spring', 'order-flow'],
      what: typeof servers === 'string' ? servers : undefined,
    },
    { tests: ['proxies'], what: missingProxies() },
  ]
  const missing = parts.flatMap(({ tests, what }) => (what === undefined ? [] : [{ tests, what }]))
  const excluded = [...missing.flatMap(({ tests }) => tests), ...Object.keys(slow)]
  return {
    filters: excluded.map((test) => `--exclude=**/${test}.test.ts`),
    env: typeof servers === 'string' ? {} : servers,
    missing,
  }
}

/** @type {(name: string) => Plan} @throws if there is no such server, or if it cannot be built */
function planFor(name) {
  const env = slow[name]?.() ?? `choose ${Object.keys(slow).join(' or ')}`
  if (typeof env === 'string') throw new Error(`--only ${name}: ${env}`)
  return { filters: [`/${name}.test.ts`], env, missing: [] }
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
