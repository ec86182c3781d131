import { describe, expect, test } from 'vitest'
import {
  findPhrases,
  folderOf,
  type Place,
  proseOfCode,
  proseOfPage,
  readTexts,
  rows,
  type Text,
} from './language.ts'

// Keeps phrases that read as translated out of pages, comments, messages, and test titles.

const places: readonly Place[] = ['page', 'comment', 'string']
const caughtBy = (row: (typeof rows)[number], prose: string): boolean =>
  [...prose.matchAll(row.phrase)].length > 0

describe.each(rows)('the phrase in "$bad"', (row) => {
  const { bad, good, where = places } = row

  test('is found', () => {
    expect(caughtBy(row, bad)).toBe(true)
    const found = findPhrases(where.map((place) => ({ path: place, place, prose: bad })))
    const caught = found.filter(({ instead }) => instead === row.instead)
    expect(new Set(caught.map(({ path }) => path))).toEqual(new Set(where))
  })

  test('is not found in the rewritten sentence', () => {
    expect(findPhrases(places.map((place) => ({ path: 'x', place, prose: good })))).toEqual([])
  })
})

describe('proseOfPage', () => {
  const page =
    'The keys `cannot\n\nbe had`\n\n```ts\n// cannot be had\n```\n\n- They cannot\n  be had.'

  test('leaves out code and keeps line numbers', () => {
    const found = findPhrases([{ path: 'a.md', place: 'page', prose: proseOfPage(page) }])
    expect(found.map(({ line, found: what }) => [line, what])).toEqual([[9, 'cannot be had']])
  })

  test('leaves out link targets', () => {
    expect(proseOfPage('[text](mend.md) https://mend.example')).not.toContain('mend')
  })
})

describe('proseOfCode', () => {
  const linesOf = (source: string, place: 'comment' | 'string'): number[] =>
    findPhrases([{ path: 'a.ts', place, prose: proseOfCode(source)[place] }]).map(
      ({ line }) => line,
    )

  test.each([
    ['a line comment', '// mend', [1]],
    ['a comment over two lines', 'f()\n  // it cannot\n  // be had', [2]],
    ['a doc comment over two lines', '/**\n * It cannot\n * be had.\n */', [2]],
    ['a comment after a regular expression with a quote', "const a = /['`]/g // mend", [1]],
    ['a comment after a division', 'const a = b / c // mend', [1]],
    ['a comment in a placeholder', '`a ${ { b: 1 /* mend */ }.b } c`', [1]],
    ['nothing in a string', "const a = '// mend'", []],
    ['nothing in code', 'mend(cannot.be.had)', []],
  ])('finds the comments of %s', (_name, source, lines) => {
    expect(linesOf(source, 'comment')).toEqual(lines)
  })

  test.each([
    ['a string', "a('mend')", [1]],
    ['a string with an escaped quote', String.raw`a('it\'s', "mend")`, [1]],
    ['joined strings', "a('it cannot ' +\n  'be had')", [1]],
    ['a template', 'a(`\nmend ${b}`)', [2]],
    ['the end of a template', 'a(`${b}\nmend`)', [2]],
    ['a template in a template', 'a(`${b ? `mend` : { c: `` }}`)', [1]],
    ['the string after a template', 'a(`${b}`, "mend")', [1]],
    ['separate strings as separate texts', "a('it cannot', 'be had')", []],
    ['no comment', "// mend 'mend'", []],
    ['no regular expression', String.raw`a.replace(/'mend'|[/]mend/, '')`, []],
  ])('finds the strings of %s', (_name, source, lines) => {
    expect(linesOf(source, 'string')).toEqual(lines)
  })
})

const texts = readTexts()
const folders = new Map<string, Text[]>()
for (const text of texts) {
  const folder = folderOf(text.path)
  folders.set(folder, [...(folders.get(folder) ?? []), text])
}

test('reads pages and code', () => {
  expect(folders.get('docs')?.length).toBeGreaterThan(10)
  expect(folders.get('packages/core')?.length).toBeGreaterThan(200)
  expect(texts.map(({ path }) => path)).toContain('scripts/test.mjs')
})

describe.each([...folders.keys()].toSorted())('%s', (folder) => {
  test('does not contain these phrases', () => {
    const found = findPhrases(folders.get(folder)!)
    const lines = found.map(
      ({ path, line, found: what, instead }) => `${path}:${line}  "${what}"  write: ${instead}`,
    )
    expect(lines.join('\n'), `${folder}: ${found.length} phrases`).toBe('')
  })
})
