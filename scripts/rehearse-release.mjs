// `npm run rehearse`: the release from start to finish, on a copy of the project and with a throwaway
// registry on loopback: version, pack, publish, install with npm and with pnpm, and run the README's
// Express example. The last line counts the checks. What the packages depend on is from the default
// registry.
import './help.mjs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { published } from './packages.mjs'
import { addressUnknown } from './release/address.mjs'
import { check, counts, inTime, must, secondsSpent } from './release/rehearsal/checks.mjs'
import { commitAll, copyProject, git, version, writeAddress } from './release/rehearsal/copy.mjs'
import { tryPrintedLines, tryRegistry } from './release/rehearsal/projects.mjs'
import { startRegistry } from './release/rehearsal/registry.mjs'
import { setUp } from './setup.mjs'

/** Stands in for the repository's address. */
const address = 'https://git.example.com/example/resource-server'
const folder = mkdtempSync(join(tmpdir(), 'resource-server-rehearsal-'))
const copy = join(folder, 'project')
const tarballs = join(copy, 'tarballs')

async function main() {
  copyProject(copy)
  const released = version(copy)
  const registry = await startRegistry(folder)
  try {
    releaseTo(registry, released)
    tryRegistry(folder, { url: registry.url, address, tarballs })
  } finally {
    await registry.stop()
  }
  const packed = inTime('npm', ['run', 'pack'], { cwd: copy })
  must('npm run pack', packed)
  tryPrintedLines(folder, packed.stdout)
}

/** @type {(registry: import('./release/rehearsal/registry.mjs').Registry, released: string) => void} */
function releaseTo({ url, token }, released) {
  const toRegistry = ['--registry', url, '--no-provenance']
  const env = {
    NODE_AUTH_TOKEN: token,
    // In a workflow, its tag and its repository are not those of the copy.
    GITHUB_REF_TYPE: '',
    GITHUB_REF_NAME: '',
    GITHUB_REPOSITORY: '',
  }
  const release = (/** @type {string[]} */ ...args) =>
    inTime(process.execPath, ['scripts/release.mjs', ...args], { cwd: copy, env })
  /** @type {(name: string, sentence: string, args?: string[]) => void} */
  const stops = (name, sentence, args = toRegistry) => {
    const { ok, output } = release(...args)
    check(`the release stops ${name}`, !ok && output.includes(sentence), output)
  }

  stops('while the address of the repository is unknown', addressUnknown)
  writeAddress(copy, address)
  stops('if provenance is left out on another registry', 'on loopback', ['--no-provenance'])
  stops('if a change is not committed', 'not committed')
  commitAll(copy, 'Release')
  stops('without a tag', 'it has no tag')
  git(copy, 'tag', 'v999.0.0')
  stops('at the tag of another version', 'it has v999.0.0')
  git(copy, 'tag', `v${released}`)

  const first = release(...toRegistry)
  const all = published.length
  must(`the release publishes ${all} packages`, {
    ok: first.ok && count(first.stdout, 'published') === all,
    output: first.output,
  })
  const second = release(...toRegistry)
  const skipped = second.ok && count(second.stdout, 'already there') === all
  check('the release, run again, publishes nothing', skipped, second.output)
}

/** @type {(text: string, word: string) => number} how many packages' lines begin with a word */
function count(text, word) {
  return text.split('\n').filter((line) => line.startsWith(`${word}  @`)).length
}

setUp({ forTests: false })
process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
try {
  await main()
} catch (error) {
  check('the rehearsal runs to its end', false, String(error))
}
console.log(`
Provenance was left out: only the workflow can sign, so only a release can check it.
The rehearsal took ${secondsSpent()} s.
${counts.passed} checks passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 ? 0 : 1
