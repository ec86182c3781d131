import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { root } from '../../scripts/run.mjs'

/** A page, by its path in the repository. */
export interface Page {
  readonly path: string
  readonly text: string
}

/** Code as a page shows it. A block `ts continued` goes on where the last one on the page ended. */
export interface Block {
  readonly page: string
  /** Line of the first line of code, counted from 1. */
  readonly line: number
  readonly language: string
  readonly continues: boolean
  readonly code: string
}

const elsewhere = /^(?:\.git|\.changeset|node_modules|dist|coverage|CHANGELOG\.md)$/

/** Every page that a user may read, wherever it is added. */
export function readPages(directory = root): Page[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter(({ name }) => !elsewhere.test(name))
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
 * The modules that a page's blocks make. Each keeps the lines that it has on the page, so that a
 * compiler names the line to mend.
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

/** Links into this repository that lead nowhere. */
export function deadLinks({ path, text }: Page, exists: (file: string) => boolean): string[] {
  const targets = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)[^)]*\)/g)].map(
    (match) => match[1]!,
  )
  return targets.filter((target) => !exists(resolve(root, dirname(path), target)))
}
