import { existsSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

// What a worker, Deno or a browser loads of this package: the built files, resolved without the
// condition `node`.

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

/** A bare name, looked for as Node and bundlers do: in `node_modules`, from the importer upwards. */
function installed(name: string, from: string): string | undefined {
  const directory = join(from, 'node_modules', name)
  if (existsSync(directory)) return directory
  return dirname(from) === from ? undefined : installed(name, dirname(from))
}

function resolve(specifier: string, importer: string): string {
  if (specifier.startsWith('.')) return join(dirname(importer), specifier)
  const { directory, manifest } = packageOf(importer)
  if (specifier.startsWith('#')) return join(directory, choose(manifest.imports?.[specifier])!)
  const [, name = '', path = ''] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(specifier) ?? []
  const found = installed(name, directory)
  if (!found) throw new Error(`${importer} imports ${specifier}, which is not installed`)
  const { exports } = packageOf(join(found, 'x')).manifest
  return join(found, choose(exports?.[`.${path}`])!)
}

const importing = /(?:\bfrom\s*|\bimport\s*\(?\s*)['"]([^'"]+)['"]/g
const comments = /\/\*[^]*?\*\/|(?<=^|\s)\/\/.*$/gm

/** Every file that is loaded, with what each imports. */
function graphOf(entry: string): ReadonlyMap<string, readonly string[]> {
  const graph = new Map<string, readonly string[]>()
  const visit = (file: string): void => {
    if (graph.has(file)) return
    const code = readFileSync(file, 'utf8').replaceAll(comments, '')
    const specifiers = [...code.matchAll(importing)].map(([, specifier = '']) => specifier)
    graph.set(file, specifiers)
    for (const specifier of specifiers) if (!isNode(specifier)) visit(resolve(specifier, file))
  }
  visit(entry)
  return graph
}

const isNode = (specifier: string): boolean =>
  specifier.startsWith('node:') || builtinModules.includes(specifier)

const graph = graphOf(join(root, 'packages/fetch/dist/index.js'))

test('nothing that is loaded imports a module of Node', () => {
  const offenders = [...graph].flatMap(([file, specifiers]) =>
    specifiers.filter(isNode).map((specifier) => `${relative(root, file)} imports ${specifier}`),
  )
  expect(offenders).toEqual([])
})

test('nothing that is ours names a global of Node', () => {
  const nodeOnly = /\b(?:process|Buffer|setImmediate|__dirname|require)\b/
  const ours = [...graph.keys()].filter((file) => !relative(root, file).includes('.pnpm'))
  const offenders = ours.filter((file) =>
    nodeOnly.test(
      readFileSync(file, 'utf8')
        .replaceAll(comments, '')
        .replaceAll(/(['"`])(?:\\.|(?!\1).)*\1/g, ''),
    ),
  )
  expect(offenders.map((file) => relative(root, file))).toEqual([])
})

test('the walk has seen what it was sent for', () => {
  const seen = [...graph.keys()].map((file) => relative(root, file))
  expect(seen).toContainEqual(expect.stringMatching(/core\/dist\/platform\/web\.js$/))
  expect(seen).toContainEqual(expect.stringMatching(/jose/))
  expect(seen).not.toContainEqual(expect.stringMatching(/platform\/node/))
  expect(seen.length).toBeGreaterThan(40)
})
