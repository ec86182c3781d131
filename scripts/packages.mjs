// The packages that get published: packed as for the registry, and installed as by a user.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pnpm } from './pnpm.mjs'
import { readAddress, withAddress } from './release/address.mjs'
import { publishedPage } from './release/links.mjs'
import { rewriteTarball } from './release/tarball.mjs'
import { cache, root, run } from './run.mjs'

/**
 * @typedef {object} Manifest
 * @property {string} name
 * @property {string} version
 * @property {boolean} [private]
 * @property {Record<string, string>} [dependencies]
 * @property {Record<string, string>} [peerDependencies]
 * @property {object} [exports]
 * @property {object} [imports]
 * @property {object} [bin]
 *
 * @typedef {object} PublishedPackage
 * @property {string} name
 * @property {string} folder its folder in packages/
 * @property {string} directory the same as an absolute path
 * @property {Manifest} manifest
 */

/** @type {readonly PublishedPackage[]} */
export const published = readdirSync(join(root, 'packages'))
  .map((folder) => ({ folder, directory: join(root, 'packages', folder) }))
  .map((entry) => ({ ...entry, manifest: readManifest(entry.directory) }))
  .filter(({ manifest }) => manifest.private !== true)
  .map((entry) => ({ ...entry, name: entry.manifest.name }))

/** @type {(directory: string) => Manifest} */
function readManifest(directory) {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
}

/** Where `packAll` puts a package's tarball unless told otherwise. */
export const tarballs = join(cache, 'tarballs')

/** @type {(folder: string, destination?: string) => string} */
export function tarballOf(folder, destination = tarballs) {
  return join(destination, `${folder}.tgz`)
}

/**
 * Packs every published package as for the registry. pnpm writes real versions for `catalog:` and
 * `workspace:`. The address of the repository and absolute links are added afterwards.
 */
export function packAll(destination = tarballs) {
  rmSync(destination, { recursive: true, force: true })
  mkdirSync(destination, { recursive: true })
  const filters = published.flatMap(({ name }) => ['--filter', name])
  // %s is the name, without the characters that a file's name cannot have.
  const out = join(destination, '%s.tgz')
  const packed = pnpm(['--recursive', ...filters, 'pack', '--out', out])
  if (!packed.ok) return packed
  for (const entry of published) {
    const tarball = tarballOf(entry.folder, destination)
    renameSync(out.replace('%s', entry.name.replace('@', '').replace('/', '-')), tarball)
    complete(tarball, entry)
  }
  return packed
}

/** @type {(tarball: string, entry: PublishedPackage) => void} */
function complete(tarball, { folder, manifest: { version } }) {
  const address = readAddress()
  const rewritten = rewriteTarball(readFileSync(tarball), (path, text) => {
    if (path === 'package.json') {
      const manifest = withAddress(JSON.parse(text()), { address, version, folder })
      return `${JSON.stringify(manifest, undefined, 2)}\n`
    }
    if (!path.endsWith('.md')) return undefined
    return publishedPage(text(), { page: `packages/${folder}/${path}`, address, version, kindOf })
  })
  writeFileSync(tarball, rewritten)
}

/** @type {(path: string) => 'file' | 'folder' | undefined} */
function kindOf(path) {
  const found = statSync(join(root, path), { throwIfNoEntry: false })
  return found && (found.isDirectory() ? 'folder' : 'file')
}

/**
 * A package and those of ours that it needs, the needed ones first.
 *
 * @type {(name: string) => readonly PublishedPackage[]}
 */
export function withOurDependencies(name) {
  const entry = published.find((one) => one.name === name)
  if (!entry) return []
  const needed = Object.keys(entry.manifest.dependencies ?? {}).flatMap(withOurDependencies)
  return [...new Set([...needed, entry])]
}

/**
 * The line that installs a package from tarballs: `npm install` with those of all packages of ours
 * that it needs, because no registry has them.
 *
 * @param {string} name
 * @param {string} destination where the tarballs are
 */
export function installLine(name, destination) {
  const paths = withOurDependencies(name).map(({ folder }) => tarballOf(folder, destination))
  return ['npm install', ...paths.map((path) => quoted(path))].join(' ')
}

/** A path as one word of the shell's line. @type {(path: string, platform?: string) => string} */
export function quoted(path, platform = process.platform) {
  if (platform === 'win32') return `"${path}"`
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}

/**
 * Turns an empty directory into a user's project that has installed the tarballs. npm takes what
 * it has in its cache, and asks the registry only for what is missing.
 *
 * @param {string} directory
 * @param {string} [from] where the tarballs are
 */
export function createConsumer(directory, from = tarballs) {
  return install(directory, from, [...frameworks, 'typescript', '@types/node'].map(pinnedInCatalog))
}

/** The same for a project that tests with Jest. @type {typeof createConsumer} */
export function createJestConsumer(directory, from = tarballs) {
  const pinned = ['express', '@types/express', 'fastify', '@types/node'].map(pinnedInCatalog)
  return install(directory, from, [...pinned, ...jestTools])
}

/** @type {(directory: string, from: string, others: readonly string[]) => ReturnType<typeof run>} */
function install(directory, from, others) {
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n')
  const packages = published.map(({ folder }) => tarballOf(folder, from))
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
  return run('npm', ['install', ...flags, ...packages, ...others], { cwd: directory, quiet: true })
}

/** Not in the catalog, because nothing in this repository uses them. ts-jest needs TypeScript 5. */
const jestTools = [
  'jest@30.5.2',
  'ts-jest@29.4.15',
  'typescript@5.9.3',
  '@babel/plugin-transform-dynamic-import@7.29.7',
  '@babel/plugin-transform-modules-commonjs@7.29.14',
]

/**
 * The frameworks of the adapters. The types of Koa are missing, because they do not compile without
 * skipLibCheck if Express 5 is in the same flat node_modules. test/types has them.
 */
const frameworks = ['express', '@types/express', 'fastify', 'hono', 'koa']

/** @type {(name: string) => string} */
export function pinnedInCatalog(name) {
  const line = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')
    .split('\n')
    .map((text) => text.trim().replaceAll("'", ''))
    .find((text) => text.startsWith(`${name}: `))
  if (!line) throw new Error(`pnpm-workspace.yaml has no ${name} in its catalog`)
  return line.replace(': ', '@')
}

/** The same installs once for npm's cache, so that the tests need no network later. */
export function warmConsumers() {
  const directory = mkdtempSync(join(tmpdir(), 'resource-server-warm-'))
  const from = join(directory, 'tarballs')
  try {
    const packed = packAll(from)
    if (!packed.ok) return packed
    for (const create of [createConsumer, createJestConsumer]) {
      const project = mkdtempSync(join(directory, 'project-'))
      const installed = create(project, from)
      if (!installed.ok) return installed
    }
    return packed
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
