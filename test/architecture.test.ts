import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { adapters, adapterWords, platform, rows, soleOwners } from './architecture.ts'

const root = new URL('..', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

function sources(directory: string): string[] {
  return readdirSync(new URL(directory, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -'.ts'.length))
    .toSorted()
}

/** Everything a file imports, of any kind: types are dependencies as well. */
function imports(path: string): string[] {
  const found = withoutComments(read(path)).matchAll(/(?:\bfrom|\bimport|\bimport\()\s*'([^']+)'/g)
  return [...found].map(([, specifier]) => specifier!)
}

const core = 'packages/core/src'
const files = sources(core)
const level = new Map(
  rows.flatMap(([, members], row) => members.map((file) => [file, row] as const)),
)
const code = (file: string): string => withoutComments(read(`${core}/${file}.ts`))

function withoutComments(text: string): string {
  return text.replace(/\/\*[^]*?\*\//g, '').replace(/(?<=^|\s)\/\/.*$/gm, '')
}

/** As many names on a line as fit a page. */
function wrapped(names: readonly string[]): string[] {
  return names
    .join(' ')
    .match(/.{1,88}(?= |$)/g)!
    .map((line) => line.trim())
}

describe('packages/core', () => {
  test('has exactly the files that the rows name', () => {
    expect(files).toEqual([...level.keys(), ...platform].toSorted())
  })

  test.each(files)('%s imports only from rows above its own', (file) => {
    // The platform's files stand beside the rows, and know the words.
    const row = level.get(file) ?? 1
    const backwards = imports(`${core}/${file}.ts`)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => posix.join(posix.dirname(file), specifier).replace(/\.ts$/, ''))
      .filter((target) => !((level.get(target) ?? Infinity) < row))
    expect(backwards).toEqual([])
  })

  test.each(files)('%s uses no package but jose, and Node only in platform/node*', (file) => {
    const foreign = imports(`${core}/${file}.ts`).filter((specifier) => !specifier.startsWith('.'))
    const allowed = file.startsWith('platform/node') ? /^node:/ : /^(jose|#platform|#crypto)$/
    expect(foreign.filter((specifier) => !allowed.test(specifier))).toEqual([])
  })

  test.each(soleOwners)('one file alone %s', (_what, pattern, owner) => {
    expect(files.filter((file) => pattern.test(code(file)))).toEqual([owner])
  })

  test('is drawn in ARCHITECTURE.md as it is', () => {
    const width = Math.max(...rows.map(([row]) => row.length))
    const picture = rows.flatMap(([row, members]) =>
      wrapped(members).map((line, at) => `${(at === 0 ? row : '').padEnd(width)}  ${line}`),
    )
    expect(read('ARCHITECTURE.md')).toContain(picture.join('\n'))
  })
})

describe.each(Object.entries(adapters))('the adapter %s', (name, framework) => {
  const adapter = `packages/${name}/src`

  test.each(sources(adapter))('%s decides nothing', (file) => {
    expect(withoutComments(read(`${adapter}/${file}.ts`))).not.toMatch(adapterWords)
  })

  test.each(sources(adapter))('%s is a page long', (file) => {
    expect(read(`${adapter}/${file}.ts`).split('\n').length).toBeLessThanOrEqual(120)
  })

  test.each(sources(adapter))('%s knows core by its entries, its framework and itself', (file) => {
    const known = new RegExp(
      `^(@resource-server/core(/adapter|/profiles)?|${framework}|\\./[a-z-]+\\.ts)$`,
    )
    expect(imports(`${adapter}/${file}.ts`).filter((specifier) => !known.test(specifier))).toEqual(
      [],
    )
  })
})
