// `npm run test:interop`: tests with tokens that real servers issue and exchange, and with services behind real
// proxies. Needs JDK 21 or later and Maven, network access for the first run, nginx, and HAProxy. Passes its arguments
// to vitest: `npm run test:interop -- spring`. With `--if-possible`, what is missing is reported but is not a failure.
import './help.mjs'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { missingProxies } from './interop/proxies.mjs'
import { realServers } from './interop/servers.mjs'
import { cache, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const optional = '--if-possible'
const args = process.argv.slice(2).filter((argument) => argument !== optional)
const ledger = join(cache, 'interop-ledger.jsonl')
const report = join(cache, 'interop.json')

function main() {
  // Files from an earlier run must not be mistaken for results of this one.
  for (const file of [ledger, report]) rmSync(file, { force: true })
  setUp()
  if (!run(tool('tsc'), ['-b']).ok) return false
  mkdirSync(cache, { recursive: true })
  const started = performance.now()
  const servers = realServers()
  const parts = [
    {
      tests: ['keycloak', 'spring', 'order-flow'],
      missing: typeof servers === 'string' ? servers : undefined,
    },
    { tests: ['proxies'], missing: missingProxies() },
  ]
  const missing = parts.filter((part) => part.missing !== undefined)
  const { ok } = run(
    tool('vitest'),
    [
      'run',
      '--config',
      'test/interop/vitest.config.ts',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...missing.flatMap(({ tests }) => tests.map((test) => `--exclude=**/${test}.test.ts`)),
      ...args,
    ],
    { env: { ...(typeof servers === 'string' ? {} : servers), INTEROP_LEDGER: ledger } },
  )
  printLedger()
  console.log(`Tests against real servers: ${ok ? 'ok' : 'FAILED'}, ${seconds(started)}`)
  for (const { tests, missing: what } of missing) {
    console.log(`Not run: the tests ${tests.join(', ')}. ${what}.`)
  }
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
