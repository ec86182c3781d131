import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { root, run, tool } from '../../scripts/run.mjs'
import { blocksOf, modulesOf, readPages } from './pages.ts'

// Users copy the code on the pages, so all of it must compile in strict mode.

const pages = readPages()

/** The directory of the nearest package. A page may import that package's dependencies. */
function packageDirectoryOf(path: string): string {
  const directory = dirname(join(root, path))
  return existsSync(join(directory, 'package.json')) || directory === root
    ? directory
    : packageDirectoryOf(dirname(path))
}

const modules = pages.flatMap((page) => {
  const folder = join(packageDirectoryOf(page.path), 'node_modules', '.cache', 'docs')
  const name = page.path.replaceAll(/[\\/]/g, '+')
  return modulesOf(page).map((code, at) => ({ file: join(folder, `${name}.${at}.mts`), code }))
})
const project = join(root, 'node_modules', '.cache', 'docs', 'tsconfig.json')

afterAll(() => {
  for (const { file } of modules) rmSync(file, { force: true })
  rmSync(project, { force: true })
})

test('the TypeScript on all pages compiles', () => {
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
  }
  mkdirSync(dirname(project), { recursive: true })
  const files = modules.map(({ file }) => file)
  writeFileSync(project, JSON.stringify({ compilerOptions, files }))
  expect(run(tool('tsc'), ['-p', project], { quiet: true }).output).toBe('')
})

describe.each(pages)('$path', (page) => {
  test('contains only valid JSON in its JSON blocks', () => {
    const json = blocksOf(page).filter(({ language }) => language === 'json')
    for (const { code } of json) expect(() => void JSON.parse(code)).not.toThrow()
    expect(json).toHaveLength(page.text.split('\n```json').length - 1)
  })
})

test('docs/getting-started.md contains the test in test/docs/getting-started-example.test.ts', () => {
  const page = readFileSync(join(root, 'docs/getting-started.md'), 'utf8')
  expect(page).toContain(
    readFileSync(join(root, 'test/docs/getting-started-example.test.ts'), 'utf8'),
  )
})
