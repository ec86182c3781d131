// The last line of `.ci/run`. Called with the exit code of `npm test`, the exit code and the output file
// of `npm run demo` and of `npm run rehearse`, the exit code of `npm run test:interop`, and the exit code and the output
// file of `npm run docs` and of `npm run docs:test`.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cache } from './run.mjs'

const [
  testExit,
  demoExit,
  demoOutput = '',
  rehearsalExit,
  rehearsalOutput = '',
  interopExit,
  docsExit,
  docsOutput = '',
  docsTestExit,
  docsTestOutput = '',
] = process.argv.slice(2)

/** @typedef {{ passed: number, failed: number }} Count */

/**
 * A command that failed without counting a failure, such as on a test file that cannot be loaded, counts as one.
 *
 * @type {(count: Count, exitCode: string | undefined) => Count}
 */
function judge({ passed, failed }, exitCode) {
  return { passed, failed: exitCode !== '0' && failed === 0 ? 1 : failed }
}

/** @returns {Count} */
function countTests() {
  try {
    const { gates, tests } = JSON.parse(readFileSync(join(cache, 'test-summary.json'), 'utf8'))
    // The tests are counted one by one, so the gate that runs them is not counted as well.
    /** @type {string[]} */
    const states = gates
      .filter((/** @type {{ name: string }} */ { name }) => name !== 'tests')
      .map((/** @type {{ state: string }} */ { state }) => state)
    const count = (/** @type {string} */ wanted) =>
      states.filter((state) => state === wanted).length
    return { passed: tests.passed + count('ok'), failed: tests.failed + count('failed') }
  } catch {
    console.log('npm test stopped before it printed its counts.')
    return { passed: 0, failed: 1 }
  }
}

/** @type {(name: string, output: string) => Count} of a command whose last line counts its checks */
function countChecks(name, output) {
  const line = /^(\d+) checks passed, (\d+) failed$/m.exec(readFileSync(output, 'utf8'))
  if (!line) {
    console.log(`${name} stopped before it printed its counts.`)
    return { passed: 0, failed: 1 }
  }
  return { passed: Number(line[1]), failed: Number(line[2]) }
}

/** Nothing is counted if the servers could not be run; the script has printed why. @returns {Count} */
function countInterop() {
  const report = join(cache, 'interop.json')
  if (!existsSync(report)) return { passed: 0, failed: 0 }
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
  return { passed: numPassedTests, failed: numFailedTests }
}

const counts = [
  judge(countTests(), testExit),
  judge(countChecks('npm run demo', demoOutput), demoExit),
  judge(countChecks('npm run rehearse', rehearsalOutput), rehearsalExit),
  judge(countInterop(), interopExit),
  judge(countChecks('npm run docs', docsOutput), docsExit),
  judge(countChecks('npm run docs:test', docsTestOutput), docsTestExit),
]
const passed = counts.reduce((sum, count) => sum + count.passed, 0)
const failed = counts.reduce((sum, count) => sum + count.failed, 0)

console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
