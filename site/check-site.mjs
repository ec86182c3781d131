// Checks the site that was built, and prints the counts.
import { deadLinks, foreignRequests, pagesWithoutPolicy, readSite, undocumented } from './check.mjs'
import { exportsOfModules } from './exports.mjs'
import { output } from './stage.mjs'

const files = readSite(output)
/** @type {[what: string, problems: string[]][]} */
const checks = [
  ['every link leads to a page and a heading', deadLinks(files)],
  ['nothing is requested from other hosts', foreignRequests(files)],
  ['every page has a policy', pagesWithoutPolicy(files)],
  ['every export has a page', undocumented(exportsOfModules(), files)],
]

for (const [what, problems] of checks) {
  console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'}  ${what}`)
  for (const problem of problems) console.log(`        ${problem}`)
}
const failed = checks.filter(([, problems]) => problems.length > 0).length
console.log(`\n${checks.length - failed} checks passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
