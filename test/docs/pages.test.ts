import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { root, run, tool } from '../../scripts/run.mjs'
import { blocksOf, deadLinks, modulesOf, readPages } from './pages.ts'

// What a page shows is what people copy. All of it compiles, as strictly as the code of a user may.

const pages = readPages()

/** The nearest package: its dependencies are what a page beside it may import. */
function homeOf(path: string): string {
  const directory = dirname(join(root, path))
  return existsSync(join(directory, 'package.json')) || directory === root
    ? directory
    : homeOf(dirname(path))
}

const written = pages.flatMap((page) => {
  const folder = join(homeOf(page.path), 'node_modules', '.cache', 'docs')
  const name = page.path.replaceAll(/[\\/]/g, '+')
  return modulesOf(page).map((code, at) => ({ file: join(folder, `${name}.${at}.mts`), code }))
})
const project = join(root, 'node_modules', '.cache', 'docs', 'tsconfig.json')

afterAll(() => {
  for (const { file } of written) rmSync(file, { force: true })
  rmSync(project, { force: true })
})

test('all TypeScript on all pages compiles', () => {
  for (const { file, code } of written) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, code)
  }
  const compilerOptions = {
    ...{ target: 'es2023', lib: ['es2024', 'esnext.disposable'], module: 'nodenext', noEmit: true },
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
    // The declarations of what a page shows beside us are not ours to repair.
    ...{ skipLibCheck: true, types: ['node'], moduleDetection: 'force' },
  }
  mkdirSync(dirname(project), { recursive: true })
  const files = written.map(({ file }) => file)
  writeFileSync(project, JSON.stringify({ compilerOptions, files }))
  expect(run(tool('tsc'), ['-p', project], { quiet: true }).output).toBe('')
})

describe.each(pages)('$path', (page) => {
  test('shows no JSON that is none', () => {
    const json = blocksOf(page).filter(({ language }) => language === 'json')
    for (const { code } of json) expect(() => void JSON.parse(code)).not.toThrow()
    expect(json).toHaveLength(page.text.split('\n```json').length - 1)
  })

  test('links to files that exist', () => {
    expect(deadLinks(page, existsSync)).toEqual([])
  })
})

test('the README shows a test that runs', () => {
  const shown = readFileSync(join(root, 'README.md'), 'utf8')
  expect(shown).toContain(readFileSync(join(root, 'test/docs/readme-example.test.ts'), 'utf8'))
})
