// Makes a fresh clone ready: the dependencies, and what the tests need to run without a network.
// Does nothing if that is done already. `node scripts/setup.mjs` or import `setUp`.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { warmConsumers } from './packages.mjs'
import { pnpm, pnpmVersion } from './pnpm.mjs'
import { root } from './run.mjs'

/** Each names the install for which its step is done. In node_modules, so that they are deleted with it. */
const stamps = {
  installed: join(root, 'node_modules', '.resource-server-install'),
  readyForTests: join(root, 'node_modules', '.resource-server-tests'),
}

/**
 * @param {{ forTests?: boolean }} [options] without `forTests` the dependencies are installed, and
 *   nothing is fetched that only tests need
 */
export function setUp({ forTests = true } = {}) {
  requireNode(20, 19)
  const wanted = fingerprint()
  step(stamps.installed, wanted, install)
  if (forTests) step(stamps.readyForTests, wanted, prepareForOffline)
}

/** @type {(stamp: string, wanted: string, action: () => void) => void} */
function step(stamp, wanted, action) {
  if (readOr(stamp, '') === wanted) return
  rmSync(stamp, { force: true })
  action()
  writeFileSync(stamp, wanted)
}

/** @type {(major: number, minor: number) => void} */
function requireNode(major, minor) {
  const [hasMajor = 0, hasMinor = 0] = process.versions.node.split('.').map(Number)
  if (hasMajor > major || (hasMajor === major && hasMinor >= minor)) return
  fail(`This needs Node ${major}.${minor} or newer. This is Node ${process.versions.node}.`)
}

/** Changes with everything that an install depends on. */
function fingerprint() {
  const manifests = ['packages', 'examples'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(group, name, 'package.json')),
  )
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  for (const file of [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'package.json',
    'scripts/packages.mjs',
    ...manifests,
  ]) {
    hash.update(`\n${file}\n`).update(readOr(join(root, file), ''))
  }
  return hash.digest('hex')
}

function install() {
  console.log(`Installing with pnpm ${pnpmVersion}. Only the first call does this.`)
  const { ok, output } = pnpm(['install', '--frozen-lockfile'], { offline: false })
  if (ok) return
  fail(`${output}
The install failed. The reason is above.
- No network? The first call needs the npm registry. Later calls do not.
- Changed a dependency? Update the lockfile: npx pnpm@${pnpmVersion} install
- Otherwise, delete node_modules and try again.`)
}

function prepareForOffline() {
  console.log('Fetching what the tests of the packed packages install.')
  const { ok, output } = warmConsumers()
  if (ok) return
  fail(`${output}
The dependencies are installed, but what the tests need to run without a network is not. Try again.`)
}

/** @type {(file: string, fallback: string) => string} */
function readOr(file, fallback) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return fallback
  }
}

/** @type {(message: string) => never} */
function fail(message) {
  console.error(message)
  process.exit(1)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) setUp()
