// `npm run docs:test`: builds the docs site and tests its live page in Chromium. Needs Chromium, which npm does not
// install. Passes its arguments to vitest. With `--built`, tests the site as it was built before. With
// `--if-possible`, a missing Chromium is reported but is not a failure.
import './help.mjs'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, howToGetChromium } from './chromium.mjs'
import { cache, root, run, tool } from './run.mjs'

const own = ['--built', '--if-possible']
const given = process.argv.slice(2)
const args = given.filter((argument) => !own.includes(argument))
const report = join(cache, 'docs-test.json')

function main() {
  // A file from an earlier run must not be mistaken for the result of this one.
  rmSync(report, { force: true })
  if (chromium === undefined) {
    console.log(`Not run: the tests of the live page. ${howToGetChromium}`)
    return given.includes('--if-possible')
  }
  if (!given.includes('--built') && !buildSite()) return false
  const screenshots = mkdtempSync(join(tmpdir(), 'live-page-'))
  const { ok } = runTests(chromium, screenshots)
  console.log(`The screenshots are in ${screenshots}.`)
  return ok
}

function buildSite() {
  return run(process.execPath, [join(root, 'scripts', 'docs.mjs')]).ok
}

/** @type {(browser: string, screenshots: string) => { ok: boolean }} */
function runTests(browser, screenshots) {
  // `npm test` does not install the browser's library, so the types of these tests are checked here.
  if (!run(tool('tsc'), ['-p', 'site/test']).ok) return { ok: false }
  const config = ['--config', 'site/test/vitest.config.ts']
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const env = { CHROMIUM: browser, SCREENSHOTS: screenshots }
  return run(tool('vitest'), ['run', ...config, ...reporters, ...args], { env })
}

/** The last line, for `.ci/run`. Nothing is counted without a report: the reason is printed above. */
function printCounts() {
  const { numPassedTests = 0, numFailedTests = 0 } = existsSync(report)
    ? JSON.parse(readFileSync(report, 'utf8'))
    : {}
  console.log(`\n${numPassedTests} checks passed, ${numFailedTests} failed`)
}

process.exitCode = main() ? 0 : 1
printCounts()
