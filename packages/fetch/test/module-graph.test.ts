import { existsSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

// Resolves the imports of the built package as a worker, Deno or a browser does, without the `node`
// condition.

type Target = string | null | undefined | { readonly [condition: string]: Target }
interface Manifest {
  readonly imports?: Record<string, Target>
  readonly exports?: Record<string, Target>
}

const conditions: readonly string[] = ['workerd', 'worker', 'browser', 'import', 'default']
const root = fileURLToPath(new URL('../../..', import.meta.url))

function choose(target: Target): string | undefined {
  if (typeof target !== 'object' || target === null) return target ?? undefined
  const chosen = Object.keys(target).find((condition) => conditions.includes(condition))
  return chosen === undefined ? undefined : choose(target[chosen])
}

function packageOf(file: string): { readonly directory: string; readonly manifest: Manifest } {
  const directory = dirname(file)
  const path = join(directory, 'package.json')
  if (!existsSync(path)) return packageOf(directory)
  return { directory, manifest: JSON.parse(readFileSync(path, 'utf8')) as Manifest }
}

/** Finds a package as Node and bundlers do: in `node_modules`, from the importer's folder upwards. */
function findPackage(name: string, from: string): string | undefined {
  const directory = join(from, 'node_modules', name)
  if (existsSync(directory)) return directory
  return dirname(from) === from ? undefined : findPackage(name, dirname(from))
}

function resolve(specifier: string, importer: string): string {
  if (specifier.startsWith('.')) return join(dirname(importer), specifier)
  const { directory, manifest } = packageOf(importer)
  if (specifier.startsWith('#')) return join(directory, choose(manifest.imports?.[specifier])!)
  const [, name = '', path = ''] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(specifier) ?? []
  const packageFolder = findPackage(name, directory)
  if (!packageFolder) throw new Error(`${importer} imports ${specifier}, which is not installed`)
  const { exports } = packageOf(join(packageFolder, 'x')).manifest
  return join(packageFolder, exported(exports ?? {}, `.${path}`)!)
}

/** Looks up a path in `exports`, whose keys may contain one `*`. */
function exported(exports: NonNullable<Manifest['exports']>, path: string): string | undefined {
  if (Object.hasOwn(exports, path)) return choose(exports[path])
  const folder = path.slice(0, path.indexOf('/', 2) + 1)
  return choose(exports[`${folder}*`])?.replaceAll('*', path.slice(folder.length))
}

// The word in quotes is a string, not a keyword.
const importPattern = /(?:(?<!['"])\bfrom\s*|\bimport\s*\(?\s*)['"]([^'"]+)['"]/g
const comments = /\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm

/** Returns every file that `entry` loads, with the imports of each. */
function moduleGraph(entry: string): ReadonlyMap<string, readonly string[]> {
  const graph = new Map<string, readonly string[]>()
  const load = (file: string): void => {
    if (graph.has(file)) return
    const code = readFileSync(file, 'utf8').replaceAll(comments, '')
    const specifiers = [...code.matchAll(importPattern)].map(([, specifier = '']) => specifier)
    graph.set(file, specifiers)
    for (const specifier of specifiers) if (!isNodeModule(specifier)) load(resolve(specifier, file))
  }
  load(entry)
  return graph
}

const isNodeModule = (specifier: string): boolean =>
  specifier.startsWith('node:') || builtinModules.includes(specifier)

const graph = moduleGraph(join(root, 'packages/fetch/dist/index.js'))

test('no loaded file imports a Node module', () => {
  const offenders = [...graph].flatMap(([file, specifiers]) =>
    specifiers
      .filter(isNodeModule)
      .map((specifier) => `${relative(root, file)} imports ${specifier}`),
  )
  expect(offenders).toEqual([])
})

test('no file of this project uses a Node global', () => {
  const nodeGlobals = /\b(?:process|Buffer|setImmediate|__dirname|require)\b/
  const ownFiles = [...graph.keys()].filter((file) => !relative(root, file).includes('.pnpm'))
  const offenders = ownFiles.filter((file) =>
    nodeGlobals.test(
      readFileSync(file, 'utf8')
        .replaceAll(comments, '')
        .replaceAll(/(['"`])(?:\\.|(?!\1).)*\1/g, ''),
    ),
  )
  expect(offenders.map((file) => relative(root, file))).toEqual([])
})

test('the module graph contains the web platform files and jose, but not the Node platform files', () => {
  const files = [...graph.keys()].map((file) => relative(root, file).replaceAll('\\', '/'))
  for (const expected of [
    /core\/dist\/adapter\.js$/,
    /core\/dist\/shared\.js$/,
    /core\/dist\/platform\/web\.js$/,
    /core\/dist\/platform\/web-crypto\.js$/,
    /jose\/dist\/webapi\/jws\/compact\/verify\.js$/,
    /jose\/dist\/webapi\/key\/import\.js$/,
  ]) {
    expect(files).toContainEqual(expect.stringMatching(expected))
  }
  expect(files).not.toContainEqual(expect.stringMatching(/platform\/node/))
})
