// Bundles the source of each package into the few files of its `dist`: one for each entry in `exports`,
// `imports`, and `bin` of its manifest, and `shared.js` for what several of them use. Importing a file costs half a
// millisecond, and core has more than a hundred. Nothing is minified: users audit what they install. Types come
// from `tsc`. decisions/109 has the figures.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { published } from './packages.mjs'

/** @typedef {import('./packages.mjs').PublishedPackage} PublishedPackage */
/** @typedef {import('rolldown').ChunkingContext} ChunkingContext */

/** Bundles all packages. Writes only files whose content changes, so a running test keeps its files. */
export async function bundle() {
  await Promise.all(published.map(async (entry) => write(entry, await filesOf(entry))))
}

/**
 * All entries of a package are in one build: a second copy of a file would have its own `ConfigError` and its
 * own private fields.
 *
 * @type {(entry: PublishedPackage) => Promise<Map<string, string>>} the text of each file by its path in `dist`
 * @throws if the bundler warns about anything
 */
async function filesOf({ directory, manifest }) {
  const build = await rolldown({
    cwd: directory,
    input: entriesOf(manifest),
    platform: 'neutral',
    // Other packages and Node's modules stay imports, and so do `#platform` and `#crypto`.
    external: (id) => !id.startsWith('.') && !isAbsolute(id),
    onLog: (_level, { message }) => {
      throw new Error(`${manifest.name}: ${message}`)
    },
  })
  const { output } = await build.generate({
    format: 'esm',
    minify: false,
    minifyInternalExports: false,
    sourcemap: true,
    // The package contains `src`.
    sourcemapExcludeSources: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    codeSplitting: { groups: [{ name: sharedChunk, debugName: 'shared', minShareCount: 2 }] },
  })
  await build.close()
  return new Map(
    output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : String(file.source)]),
  )
}

/**
 * A module that several entries use belongs to the shared file, unless it is an entry itself: then only a
 * module that is not an entry may need it.
 *
 * @type {(id: string, context: ChunkingContext) => string | null}
 */
function sharedChunk(id, context) {
  const isEntry = (/** @type {string} */ module) => context.getModuleInfo(module)?.isEntry === true
  const importers = context.getModuleInfo(id)?.importers ?? []
  return isEntry(id) && importers.every(isEntry) ? null : 'shared'
}

/** @type {(manifest: PublishedPackage['manifest']) => Record<string, string>} the source of each entry by its name */
function entriesOf({ exports, imports, bin }) {
  const targets = [exports, imports, bin].flatMap(targetsOf)
  const names = targets.flatMap((path) => /^(?:\.\/)?dist\/(.+)\.js$/.exec(path)?.[1] ?? [])
  return Object.fromEntries(names.map((name) => [name, `./src/${name}.ts`]))
}

/** @type {(value: unknown) => readonly string[]} every path in a map of conditions */
function targetsOf(value) {
  return typeof value === 'string' ? [value] : Object.values(value ?? {}).flatMap(targetsOf)
}

/** @type {(entry: PublishedPackage, files: ReadonlyMap<string, string>) => void} */
function write({ directory }, files) {
  const dist = join(directory, 'dist')
  mkdirSync(dist, { recursive: true })
  for (const [name, text] of files) {
    const path = join(dist, name)
    if (readOr(path, '') === text) continue
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    if (!/\.js(?:\.map)?$/.test(name) || files.has(name.replaceAll('\\', '/'))) continue
    rmSync(join(dist, name))
  }
}

/** @type {(file: string, fallback: string) => string} */
function readOr(file, fallback) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return fallback
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle()
