// `npm run test:interop`: tests with tokens that real servers issue and exchange, with services behind real proxies, and
// with packages that are not in the root's lockfile. Needs JDK 21 or later and Maven, network access for the first run,
// nginx, and HAProxy. Passes its arguments to vitest: `npm run test:interop -- spring`, or `-- mcp-tools`. Only what these
// tests need is prepared. With `--if-possible`, what is missing is reported but is not a failure.
// `--only hydra` runs the tests with one server. Those that take long to build run only then.
import './help.mjs'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { missingPackages } from './interop/packages.mjs'
import { missingProxies } from './interop/proxies.mjs'
import { hydra, realServers } from './interop/servers.mjs'
import { cache, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const [optional, only] = ['--if-possible', '--only']
const args = process.argv.slice(2).filter((argument) => argument !== optional && argument !== only)
const ledger = join(cache, 'interop-ledger.jsonl')
const report = join(cache, 'interop.json')

/**
 * @param {(env: Record<string, string>) => string | undefined} prepare may set environment variables for the tests.
 *   Returns what is missing.
 * @param {readonly string[]} tests
 * @param {readonly string[]} others more options of vitest that leave out tests
 */
const part = (prepare, tests, others = []) => ({
  prepare,
  tests,
  options: [...tests.map((test) => `--exclude=**/${test}.test.ts`), ...others],
})

const parts = [
  part(
    (env) => add(env, realServers()),
    ['keycloak', 'keycloak-sign-out', 'spring', 'order-flow', 'zitadel'],
  ),
  part(missingProxies, ['proxies']),
  // NestJS 11 is a project of its own, because it also runs the tests of packages/nestjs.
  part(missingPackages, ['mcp-tools', 'next', 'nestjs-11'], ['--project=!nestjs-11']),
]

/** Servers that take long to build: part of a run only with `--only`. */
const slow = [part((env) => add(env, hydra()), ['hydra'])]

const names = args.filter((argument) => !argument.startsWith('-'))

/** Whether vitest will run a test. Without names, it runs all of them. @type {(test: string) => boolean} */
const isSelected = (test) =>
  names.length === 0 || names.some((name) => `test/interop/${test}.test.ts`.includes(name))

/** @type {(env: Record<string, string>, servers: Record<string, string> | string) => string | undefined} */
function add(env, servers) {
  if (typeof servers === 'string') return servers
  Object.assign(env, servers)
  return undefined
}

function main() {
  // Files from an earlier run must not be mistaken for results of this one.
  for (const file of [ledger, report]) rmSync(file, { force: true })
  setUp()
  if (!build().ok) return false
  mkdirSync(cache, { recursive: true })
  const started = performance.now()
  /** @type {Record<string, string>} */
  const env = {}
  const includesSlow = process.argv.includes(only)
  const missing = [...parts, ...(includesSlow ? slow : [])]
    .filter(({ tests }) => tests.some(isSelected))
    .map(({ prepare, ...others }) => ({ ...others, reason: prepare(env) }))
    .filter(({ reason }) => reason !== undefined)
  const { ok } = run(
    tool('vitest'),
    [
      'run',
      '--config',
      'test/interop/vitest.config.ts',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...missing.flatMap(({ options }) => options),
      ...(includesSlow ? [] : slow.flatMap(({ options }) => options)),
      ...args,
    ],
    { env: { ...env, INTEROP_LEDGER: ledger } },
  )
  printLedger()
  console.log(`Tests against real servers: ${ok ? 'ok' : 'FAILED'}, ${seconds(started)}`)
  for (const { tests, reason } of missing) {
    console.log(`Not run: the tests ${tests.join(', ')}. ${reason}.`)
  }
  if (!includesSlow)
    console.log(`Run with --only: ${slow.flatMap(({ tests }) => tests).join(', ')}`)
  return ok && (missing.length === 0 || process.argv.includes(optional))
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
