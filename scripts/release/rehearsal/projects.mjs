// Empty projects that install the packages as a user does, and use them.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pinnedInCatalog, published } from '../../packages.mjs'
import { pnpm } from '../../pnpm.mjs'
import { root } from '../../run.mjs'
import { isRelative, targetsOf } from '../links.mjs'
import { filesInTarball } from '../tarball.mjs'
import { check, inTime, must, timeLeft } from './checks.mjs'
import { readManifest } from './copy.mjs'
import { expressExample } from './readme-example.mjs'

/** What the packages want as peers. */
const peers = ['express', 'fastify', 'koa', '@opentelemetry/api', 'redis', 'ioredis'].map(
  pinnedInCatalog,
)

/** What the README's example answers. */
const expected = { 'a good token': 200, 'no token': 401, 'a token for another audience': 401 }

const quiet = { npm_config_audit: 'false', npm_config_fund: 'false' }

/**
 * Installs all packages from a registry, with npm and with pnpm.
 *
 * @param {string} folder for the projects
 * @param {{ url: string, address: string, tarballs: string }} released where the packages are, the
 *   repository that they must name, and what was published
 */
export function tryRegistry(folder, released) {
  const names = [...published.map(({ name }) => name), ...peers]
  // The registry has our packages. All others are from the default one.
  const settings = `@resource-server:registry=${released.url}/\n`

  const withNpm = emptyProject(join(folder, 'with-npm'), settings)
  const byNpm = inTime('npm', ['install', ...names], { cwd: withNpm, env: quiet })
  must('npm installs all packages', byNpm)
  tryPackages('npm', withNpm, released)

  const withPnpm = emptyProject(join(folder, 'with-pnpm'), settings)
  const byPnpm = pnpm(['add', ...names], { cwd: withPnpm, timeout: timeLeft() })
  must('pnpm installs all packages', byPnpm)
  tryPackages('pnpm', withPnpm, released)
}

/**
 * Runs the lines that `npm run pack` prints, each in an empty project.
 *
 * @type {(folder: string, printed: string) => void}
 */
export function tryPrintedLines(folder, printed) {
  const found = [...printed.matchAll(/^# (\S+)\n(npm install .+)$/gm)]
  const lines = new Map(found.map(([, name = '', line = '']) => [name, line]))
  const env = { ...quiet, npm_config_prefer_offline: 'true' }
  for (const { name, folder: short } of published) {
    const project = emptyProject(join(folder, `packed-${short}`))
    const line = lines.get(name) ?? 'exit 1'
    const installed = inTime(line, [], { cwd: project, env, shell: true })
    check(`the printed line installs ${name}`, installed.ok, `${line}\n${installed.output}`)
    tryImport('the printed line', project, name)
    if (short !== 'express') continue
    // The example needs an issuer as well.
    inTime(lines.get('@resource-server/testing') ?? 'exit 1', [], {
      cwd: project,
      env,
      shell: true,
    })
    tryExample('the printed line', project)
  }
}

/** @type {(project: string, settings?: string) => string} */
function emptyProject(project, settings = '') {
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }\n')
  writeFileSync(join(project, '.npmrc'), settings)
  return project
}

/** @type {(who: string, project: string, released: { address: string, tarballs: string }) => void} */
function tryPackages(who, project, { address, tarballs }) {
  for (const { name, folder } of published) {
    const installed = join(project, 'node_modules', name)
    const packed = filesInTarball(readFileSync(join(tarballs, `${folder}.tgz`)))
    const other = [...packed.keys()].filter((path) => {
      const file = join(installed, path)
      return !existsSync(file) || !readFileSync(file).equals(packed.get(path) ?? Buffer.of())
    })
    check(`${who}: ${name} is what was packed`, other.length === 0, other.join('\n'))

    const { homepage, bugs, repository } = readManifest(installed)
    const addresses = [homepage, bugs?.url, repository?.url].map(String)
    const named = addresses.every((one) => one.includes(address))
    check(`${who}: ${name} names its repository`, named, addresses.join('\n'))

    const readme = readFileSync(join(installed, 'README.md'), 'utf8')
    const relative = targetsOf(readme).filter(isRelative)
    const none = relative.length === 0
    check(`${who}: the README of ${name} has no relative link`, none, relative.join('\n'))
    tryImport(who, project, name)
  }
  tryExample(who, project)
}

/** @type {(who: string, project: string, name: string) => void} */
function tryImport(who, project, name) {
  const args = ['--input-type=module', '--eval', `await import('${name}')`]
  const { ok, output } = inTime(process.execPath, args, { cwd: project })
  check(`${who}: ${name} can be imported`, ok, output)
}

/** @type {(who: string, project: string) => void} */
function tryExample(who, project) {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  writeFileSync(join(project, 'example.json'), JSON.stringify(expressExample(readme)))
  copyFileSync(
    join(root, 'scripts', 'release', 'rehearsal', 'consumer.mjs'),
    join(project, 'consumer.mjs'),
  )
  const { ok, stdout, output } = inTime(process.execPath, ['consumer.mjs'], { cwd: project })
  /** @type {Record<string, number>} */
  const statuses = ok ? JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') : {}
  for (const [what, status] of Object.entries(expected)) {
    const name = `${who}: the README's Express example answers ${what} with ${status}`
    check(name, statuses[what] === status, output)
  }
}
