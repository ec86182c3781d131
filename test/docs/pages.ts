import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { root } from '../../scripts/run.mjs'

/** A Markdown page. */
export interface Page {
  /** Relative to the repository. */
  readonly path: string
  readonly text: string
}

/** A code block of a page. A block marked `ts continued` continues the previous block. */
export interface Block {
  readonly page: string
  /** The line number of the first line of code, starting at 1. */
  readonly line: number
  readonly language: string
  readonly continues: boolean
  readonly code: string
}

const ignored = /^(?:\.git|\.changeset|node_modules|dist|coverage|CHANGELOG\.md)$/

/** Every Markdown page of the repository, except changelogs. */
export function readPages(directory = root): Page[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter(({ name }) => !ignored.test(name))
    .flatMap((entry) => {
      const path = join(directory, entry.name)
      if (entry.isDirectory()) return readPages(path)
      if (!entry.name.endsWith('.md')) return []
      return [{ path: relative(root, path), text: readFileSync(path, 'utf8') }]
    })
}

export function blocksOf({ path, text }: Page): Block[] {
  const fence = /^```(\w+)?( continued)?[^\n]*\n([\s\S]*?)^```$/gm
  return [...text.matchAll(fence)].map((match) => ({
    page: path,
    line: text.slice(0, match.index).split('\n').length + 1,
    language: match[1] ?? '',
    continues: match[2] !== undefined,
    code: match[3]!,
  }))
}

/**
 * The TypeScript modules that the blocks of a page form. Each line keeps its line number on the page, so
 * that a compiler error points to the line on the page.
 */
export function modulesOf(page: Page): string[] {
  const modules: string[] = []
  for (const { line, continues, code } of blocksOf(page).filter(
    ({ language }) => language === 'ts',
  )) {
    const before = continues ? (modules.pop() ?? '') : ''
    const gap = '\n'.repeat(line - before.split('\n').length)
    modules.push(before + gap + code)
  }
  return modules
}

/** The `@example` blocks in a source file, as modules that keep their line numbers. */
export function examplesIn({ path, text }: Page): Page[] {
  return [...text.matchAll(/\/\*\*([^]*?)\*\//g)].flatMap((comment) => {
    const start = comment.index
    return [...comment[1]!.matchAll(/@example\n([^]*?)(?=\n *\* @|$)/g)].map((example) => {
      const at = start + '/**'.length + example.index + '@example'.length
      const gap = '\n'.repeat(text.slice(0, at).split('\n').length)
      const code = example[1]!.replace(/^ *\* ?/gm, '').replace(/^```.*$/gm, '')
      return { path, text: gap + code }
    })
  })
}

/** The TypeScript sources of a folder. */
export function readSources(folder: string): Page[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}
