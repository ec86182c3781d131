// `npm test`: every gate in order, then a table. Arguments go to vitest: `npm test -- packages/core`.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { auditDependencies } from './audit-deps.mjs'
import { packAll, published, tarballOf } from './packages.mjs'
import { cache, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'
import { howToGetThem, wycheproofFolder } from './wycheproof.mjs'

/** Vitest writes its numbers here. */
const vitestReport = join(cache, 'vitest.json')
/** And this script its own, for `.ci/run`. */
const summary = join(cache, 'test-summary.json')

/** @typedef {{ ok: boolean, output: string, absent?: boolean }} Result */
/** @typedef {{ name: string, run: () => Result, needs?: string }} Step */

/** @type {readonly Step[]} */
const steps = [
  // Code that does not compile. All that follows reads what the build writes.
  { name: 'build', run: () => quiet('tsc', '-b') },
  // Diffs full of white space, and discussions about style.
  { name: 'format', run: () => quiet('oxfmt', '--check') },
  // Circles among the imports, promises nobody waits for, `any`, console output of a library, a
  // test that is focused or switched off. The list is in .oxlintrc.json.
  { name: 'lint', needs: 'build', run: () => quiet('oxlint', '--type-aware', '--deny-warnings') },
  // Files, exports and dependencies that nothing uses, and imports that no package.json declares.
  { name: 'unused', needs: 'build', run: () => quiet('knip') },
  // A declared type that lets a mistake compile, such as prior actors handed to a guard. Reads the
  // built declarations as a user does, with skipLibCheck off.
  { name: 'types', needs: 'build', run: () => quiet('tsc', '-p', 'test/types') },
  // Tests and scripts that do not fit the code they call: vitest and node run them unchecked.
  { name: 'test types', needs: 'build', run: () => quiet('tsc', '-p', 'test') },
  // A package that cannot be packed.
  { name: 'pack', needs: 'build', run: packAll },
  // A package.json that points to files which the tarball does not hold, or holds otherwise.
  { name: 'publint', needs: 'pack', run: () => eachTarball('publint', 'run', '--strict') },
  // Types that resolve to something else than the code does, in any of TypeScript's modes.
  { name: 'attw', needs: 'pack', run: () => eachTarball('attw', ...attwOptions) },
  // A dependency more at run time, for everybody who installs a package.
  { name: 'audit:deps', run: auditDependencies },
  // Test vectors that this project has no copy of. Where a machine judges a change they must be here.
  { name: 'vectors', run: requireVectors },
  // Everything else. It prints as it goes, for it takes longest.
  { name: 'tests', needs: 'build', run: runVitest },
]

// ESM only is what we mean to ship; its CommonJS users go through require() of ESM.
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
  // What an earlier call left behind must not speak for this one.
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
  console.log(`\ntests: ${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped`)
}

setUp()
main()
