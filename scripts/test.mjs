// `npm test`: runs every check in order, then prints a table. Passes its arguments to vitest:
// `npm test -- packages/core`.
import './help.mjs'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { auditDependencies } from './audit-deps.mjs'
import { build } from './build.mjs'
import { packAll, published, tarballOf } from './packages.mjs'
import { hasRedis, howToGetRedis } from './redis.mjs'
import { cache, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'
import { howToGetThem, wycheproofFolder } from './wycheproof.mjs'

/** Vitest writes its results here. */
const vitestReport = join(cache, 'vitest.json')
/** This script writes its results here, for `.ci/run`. */
const summary = join(cache, 'test-summary.json')

/** @typedef {{ ok: boolean, output: string, absent?: boolean }} Result */
/** @typedef {{ name: string, run: () => Result, needs?: string }} Step */

/** @type {readonly Step[]} */
const steps = [
  // Finds code that does not compile. The later steps read the build output.
  { name: 'build', run: () => build({ quiet: true }) },
  // Finds unformatted code.
  { name: 'format', run: () => quiet('oxfmt', '--check') },
  // Finds import cycles, floating promises, `any`, console output in a library, and focused or disabled tests.
  // The list of rules is in .oxlintrc.json.
  { name: 'lint', needs: 'build', run: () => quiet('oxlint', '--type-aware', '--deny-warnings') },
  // Finds unused files, exports and dependencies, and imports that no package.json declares.
  { name: 'unused', needs: 'build', run: () => quiet('knip') },
  // Finds types that let a mistake compile, such as passing prior actors to a guard. Reads the built
  // declarations like a user's project, with skipLibCheck off.
  { name: 'types', needs: 'build', run: () => quiet('tsc', '-p', 'test/types') },
  // Finds type errors in tests and scripts, which vitest and node do not check.
  { name: 'test types', needs: 'build', run: () => quiet('tsc', '-p', 'test') },
  // The same for a test whose dependency changes Express's types.
  { name: 'mcp-sdk types', needs: 'build', run: () => quiet('tsc', '-p', 'test/mcp-sdk') },
  // The same for the live page, which runs in browsers.
  { name: 'live types', needs: 'build', run: () => quiet('tsc', '-p', 'site/live') },
  // Finds packages that cannot be packed.
  { name: 'pack', needs: 'build', run: packAll },
  // Finds package.json fields that do not match the files in the tarball.
  { name: 'publint', needs: 'pack', run: () => eachTarball('publint', 'run', '--strict') },
  // Finds types that resolve differently from the code, in any of TypeScript's module resolution modes.
  { name: 'attw', needs: 'pack', run: () => eachTarball('attw', ...attwOptions) },
  // Finds additional runtime dependencies.
  { name: 'audit:deps', run: auditDependencies },
  // Finds missing Wycheproof vectors, which are not part of this repository. They are required in CI.
  { name: 'vectors', run: requireVectors },
  // Finds a missing Redis server, which npm does not install. Without it, the tests in test/redis are skipped.
  {
    name: 'redis',
    run: () => ({ ok: true, output: hasRedis ? '' : howToGetRedis, absent: !hasRedis }),
  },
  // Runs the tests. Prints its output immediately, because it takes the longest.
  { name: 'tests', needs: 'build', run: runVitest },
]

// The packages are ESM only. CommonJS users load them with require().
const attwOptions = ['--profile', 'esm-only', '--no-definitely-typed', '--no-color']

/** @type {(name: string, ...args: string[]) => Result} */
function quiet(name, ...args) {
  return run(tool(name), args, { quiet: true })
}

/** @type {(name: string, ...args: string[]) => Result} */
function eachTarball(name, ...args) {
  const results = published.map(({ folder }) => quiet(name, ...args, tarballOf(folder)))
  return { ok: results.every(({ ok }) => ok), output: results.map(({ output }) => output).join('') }
}

/** @returns {Result} */
function requireVectors() {
  if (wycheproofFolder()) return { ok: true, output: '' }
  return { ok: !process.env['CI'], output: howToGetThem, absent: true }
}

function runVitest() {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`]
  return run(tool('vitest'), ['run', ...reporters, ...process.argv.slice(2)])
}

/** @type {(ms: number) => string} */
function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`
}

function main() {
  mkdirSync(cache, { recursive: true })
  // Files from an earlier run must not be mistaken for results of this one.
  for (const file of [vitestReport, summary]) rmSync(file, { force: true })

  /** @type {{ name: string, state: 'ok' | 'absent' | 'failed' | 'not run', ms: number }[]} */
  const done = []
  for (const { name, needs, run: runStep } of steps) {
    if (done.some((other) => other.name === needs && other.state !== 'ok')) {
      done.push({ name, state: 'not run', ms: 0 })
      continue
    }
    const start = performance.now()
    const { ok, output, absent } = runStep()
    const ms = performance.now() - start
    const state = !ok ? 'failed' : absent ? 'absent' : 'ok'
    done.push({ name, state, ms })
    console.log(
      `${{ ok: 'ok    ', absent: 'absent', failed: 'FAILED' }[state]}  ${name.padEnd(10)}  ${seconds(ms)}`,
    )
    if (state !== 'ok' && output) console.log(`\n${output.trim()}\n`)
  }

  const tests = readTestCounts()
  writeFileSync(summary, JSON.stringify({ gates: done, tests }, undefined, 2))
  report(done, tests)
  process.exitCode = done.every(({ state }) => state === 'ok' || state === 'absent') ? 0 : 1
}

function readTestCounts() {
  try {
    const written = JSON.parse(readFileSync(vitestReport, 'utf8'))
    const { numPassedTests, numFailedTests, numTotalTests } = written
    const skipped = numTotalTests - numPassedTests - numFailedTests
    return { passed: numPassedTests, failed: numFailedTests, skipped }
  } catch {
    return { passed: 0, failed: 0, skipped: 0 }
  }
}

/**
 * @param {{ name: string, state: string, ms: number }[]} done
 * @param {{ passed: number, failed: number, skipped: number }} tests
 */
function report(done, tests) {
  console.log('\ngate        result    time')
  for (const { name, state, ms } of done) {
    console.log(`${name.padEnd(10)}  ${state.padEnd(8)}  ${seconds(ms).padStart(6)}`)
  }
  if (!wycheproofFolder()) console.log(`\nNot run: Wycheproof. ${howToGetThem}`)
  if (!hasRedis) console.log(`\nNot run: the tests with Redis. ${howToGetRedis}`)
  console.log(`\ntests: ${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped`)
}

setUp()
main()
