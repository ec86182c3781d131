// `npm run release`: publishes the packages of a tagged commit. It checks the address of the repository,
// the working tree, the versions and the tag, then builds, packs and publishes with provenance. The
// first thing that is wrong ends it. `.changeset/README.md` describes the whole flow.
import './help.mjs'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { packAll, published, tarballOf, withOurDependencies } from './packages.mjs'
import { readAddress } from './release/address.mjs'
import { checksBeforeBuild } from './release/checks.mjs'
import { publish } from './release/publish.mjs'
import { root, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const { values: options } = parseArgs({
  options: {
    // The rehearsal publishes to a registry of its own.
    registry: { type: 'string' },
    'no-provenance': { type: 'boolean', default: false },
  },
})

const { env } = process
const version = published[0]?.manifest.version ?? ''
const tarballs = join(root, 'tarballs')

function main() {
  const checks = checksBeforeBuild({
    address: readAddress(),
    env,
    provenance: !options['no-provenance'],
    registry: options.registry,
    status: () => git('status', '--porcelain'),
    changesets: () => readdirSync(join(root, '.changeset')),
    packages: published,
    changelogs,
    tags: () => git('tag', '--points-at', 'HEAD').split(/\r?\n/).filter(Boolean),
  })
  for (const { name, problem } of checks) check(name, problem)
  check('build', build())
  check('pack', pack())
  publishAll()
}

/** @type {(name: string, problem: string | undefined) => void} */
function check(name, problem) {
  if (problem !== undefined) stop(problem)
  console.log(`ok  ${name}`)
}

/** @type {(problem: string) => never} */
function stop(problem) {
  console.error(problem)
  process.exit(1)
}

/** @type {(...args: string[]) => string} */
function git(...args) {
  const { ok, stdout, output } = run('git', args, { quiet: true })
  return ok ? stdout : stop(`git ${args.join(' ')} failed.\n${output}`)
}

/** @returns {ReadonlyMap<string, string>} the text of each package's changelog */
function changelogs() {
  return new Map(
    published.map(({ directory }) => {
      const path = join(directory, 'CHANGELOG.md')
      return [relative(root, path), existsSync(path) ? readFileSync(path, 'utf8') : '']
    }),
  )
}

/** From nothing: a build leaves the output of deleted files behind. */
function build() {
  setUp({ forTests: false })
  for (const { directory } of published) {
    rmSync(join(directory, 'dist'), { recursive: true, force: true })
  }
  const { ok, output } = run(tool('tsc'), ['-b'], { quiet: true })
  return ok ? undefined : output
}

function pack() {
  const { ok, output } = packAll(tarballs)
  return ok ? undefined : output
}

function publishAll() {
  const target = {
    registry: options.registry,
    token: env['NODE_AUTH_TOKEN'] || undefined,
    provenance: !options['no-provenance'],
  }
  // A package is never there before what it needs.
  const ordered = new Set(published.flatMap(({ name }) => withOurDependencies(name)))
  for (const { name, folder } of ordered) {
    const tarball = tarballOf(folder, tarballs)
    try {
      console.log(`${publish({ name, version, tarball }, target)}  ${name}@${version}`)
    } catch (error) {
      stop(error instanceof Error ? error.message : String(error))
    }
  }
}

main()
