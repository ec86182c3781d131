import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { root, run, tool } from '../../scripts/run.mjs'
import { packages } from '../architecture.ts'
import { blocksOf, examplesIn, modulesOf, readPages, readSources } from './pages.ts'

// Users copy the code on the pages, so all of it must compile in strict mode.

const pages = readPages()

/** The directory of the nearest package. A page may import that package's dependencies. */
function packageDirectoryOf(path: string): string {
  const directory = dirname(join(root, path))
  return existsSync(join(directory, 'package.json')) || directory === root
    ? directory
    : packageDirectoryOf(dirname(path))
}

interface Module {
  readonly file: string
  readonly code: string
}

function modulesFor(path: string, codes: readonly string[]): readonly Module[] {
  const folder = join(packageDirectoryOf(path), 'node_modules', '.cache', 'docs')
  const name = path.replaceAll(/[\\/]/g, '+')
  return codes.map((code, at) => ({ file: join(folder, `${name}.${at}.mts`), code }))
}

const sources = packages.flatMap((name) => readSources(`packages/${name}/src`))
const modules = [
  ...pages.flatMap((page) => modulesFor(page.path, modulesOf(page))),
  ...sources.flatMap((source) =>
    modulesFor(
      source.path,
      examplesIn(source).map(({ text }) => text),
    ),
  ),
]
const project = join(root, 'node_modules', '.cache', 'docs', 'tsconfig.json')

afterAll(() => {
  for (const { file } of modules) rmSync(file, { force: true })
  rmSync(project, { force: true })
})

test('the TypeScript on all pages and in all @example blocks compiles', () => {
  for (const { file, code } of modules) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, code)
  }
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2024', 'esnext.disposable'],
    module: 'nodenext',
    moduleDetection: 'force',
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    // Errors in the declarations of other packages are not ours.
    skipLibCheck: true,
    types: ['node'],
    // The decorators of NestJS.
    experimentalDecorators: true,
  }
  mkdirSync(dirname(project), { recursive: true })
  const files = modules.map(({ file }) => file)
  writeFileSync(project, JSON.stringify({ compilerOptions, files }))
  expect(run(tool('tsc'), ['-p', project], { quiet: true }).output).toBe('')
})

/** The functions and classes that a package exports. */
const entryPoints = packages.flatMap((name) => {
  const index = readFileSync(join(root, `packages/${name}/src/index.ts`), 'utf8')
  const own = [...index.matchAll(/^export (?:async )?function (\w+)/gm)].map(([, found]) => found!)
  const listed = [...index.matchAll(/^export \{([^}]*)\} from '\.[^']*'/gm)]
    .flatMap(([, names]) => names!.split(','))
    .map((text) => text.trim())
    .filter((text) => text !== '' && !text.startsWith('type '))
  return [...new Set([...own, ...listed])].map((entry) => [name, entry] as const)
})

test.each(entryPoints)('%s: %s has a docstring with an example', (name, entry) => {
  const declared = new RegExp(
    `/\\*\\*((?:(?!\\*/)[^])*)\\*/\\n(?:(?!/\\*\\*).*\\n)*?export (?:declare )?(?:async )?(?:function|const|(?:abstract )?class) ${entry}\\b`,
  )
  const docstrings = sources
    .filter(({ path }) => path.startsWith(join('packages', name)))
    .map(({ text }) => declared.exec(text)?.[1])
    .filter((text) => text !== undefined)
  expect(docstrings.join('')).toContain('@example')
})

describe.each(pages)('$path', (page) => {
  test('contains only valid JSON in its JSON blocks', () => {
    const json = blocksOf(page).filter(({ language }) => language === 'json')
    for (const { code } of json) expect(() => void JSON.parse(code)).not.toThrow()
    expect(json).toHaveLength(page.text.split('\n```json').length - 1)
  })
})

test.each([
  ['docs/getting-started.md', 'test/docs/getting-started-example.test.ts'],
  ['docs/testing.md', 'test/docs/testing-example.test.ts'],
])('%s contains the tests in %s', (page, file) => {
  const read = (path: string): string => readFileSync(join(root, path), 'utf8')
  expect(read(page)).toContain(read(file))
})
