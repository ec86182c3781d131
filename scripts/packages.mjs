// The packages that get published: packed as for the registry, and installed as by a user.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pnpm } from './pnpm.mjs'
import { cache, root, run } from './run.mjs'

/** @type {readonly { name: string, folder: string, directory: string }[]} */
export const published = readdirSync(join(root, 'packages'))
  .map((folder) => ({ folder, directory: join(root, 'packages', folder) }))
  .map((entry) => ({ ...entry, manifest: readManifest(entry.directory) }))
  .filter(({ manifest }) => manifest.private !== true)
  .map(({ folder, directory, manifest }) => ({ name: manifest.name, folder, directory }))

/** @type {(directory: string) => { name: string, private?: boolean }} */
function readManifest(directory) {
  return JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
}

/** Where `packAll` puts a package's tarball unless told otherwise. */
export const tarballs = join(cache, 'tarballs')

/** @type {(folder: string, destination?: string) => string} */
export function tarballOf(folder, destination = tarballs) {
  return join(destination, `${folder}.tgz`)
}

/** Packs every published package. pnpm puts real versions for `catalog:` and `workspace:`. */
export function packAll(destination = tarballs) {
  rmSync(destination, { recursive: true, force: true })
  mkdirSync(destination, { recursive: true })
  const results = published.map(({ folder, directory }) =>
    pnpm(['pack', '--out', tarballOf(folder, destination)], { cwd: directory }),
  )
  return { ok: results.every(({ ok }) => ok), output: results.map(({ output }) => output).join('') }
}

/**
 * Turns an empty directory into a user's project that has installed the tarballs. npm takes what
 * it has in its cache, and asks the registry only for what is missing.
 *
 * @param {string} directory
 * @param {string} [from] where the tarballs are
 */
export function createConsumer(directory, from = tarballs) {
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n')
  const packages = published.map(({ folder }) => tarballOf(folder, from))
  const others = [...frameworks, 'typescript', '@types/node'].map(pinnedInCatalog)
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
  return run('npm', ['install', ...flags, ...packages, ...others], { cwd: directory, quiet: true })
}

/**
 * What the adapters stand on. Without the types of Koa: beside Express 5 in one flat node_modules,
 * they do not compile with skipLibCheck off. test/types has them.
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

/** The same install once for npm's cache, so that the test needs no network later. */
export function warmConsumer() {
  const directory = mkdtempSync(join(tmpdir(), 'resource-server-warm-'))
  try {
    const packed = packAll(join(directory, 'tarballs'))
    return packed.ok ? createConsumer(directory, join(directory, 'tarballs')) : packed
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
