import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, test } from 'vitest'
import { adapters, adapterWords, entries, rooms, soleOwners } from './architecture.ts'

const root = new URL('..', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

function sources(directory: string): string[] {
  return readdirSync(new URL(directory, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replaceAll('\\', '/').slice(0, -'.ts'.length))
    .toSorted()
}

/** Everything a file imports, types included: they are dependencies as well. */
function imports(path: string): string[] {
  // The word in quotes is a string, not a keyword.
  const specifiers = /(?:(?<!')\bfrom|\bimport|\bimport\()\s*'([^']+)'/g
  const found = withoutComments(read(path)).matchAll(specifiers)
  return [...found].map(([, specifier]) => specifier!)
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[^]*?\*\//g, '').replace(/(?<=^|\s)\/\/.*$/gm, '')
}

const core = 'packages/core/src'
const files = sources(core)
const inRooms = files.filter((file) => file.includes('/'))
const roomOf = (file: string): string => file.split('/', 1)[0]!
const position = (room: string): number => rooms.findIndex((row) => row.includes(room))
const code = (file: string): string => withoutComments(read(`${core}/${file}.ts`))

/** The files of core that this one imports. */
function ownImports(file: string): string[] {
  return imports(`${core}/${file}.ts`)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(file), specifier).replace(/\.ts$/, ''))
}

describe('packages/core/src', () => {
  test('contains the entry points and the rooms, and nothing else', () => {
    const names = readdirSync(new URL(core, root))
    expect(names.toSorted()).toEqual([...entries, ...rooms.flat()].toSorted())
  })

  test('has no folders inside its rooms', () => {
    expect(files.filter((file) => file.split('/').length > 2)).toEqual([])
  })

  test.each(inRooms)('%s imports only from its own room and from earlier rooms', (file) => {
    const backwards = ownImports(file)
      .map(roomOf)
      .filter((room) => room !== roomOf(file) && position(room) >= position(roomOf(file)))
    expect(backwards).toEqual([])
  })

  test.each(files)('%s imports no package but jose, and Node only in platform/node*', (file) => {
    const packages = imports(`${core}/${file}.ts`).filter((name) => !name.startsWith('.'))
    const allowed = file.startsWith('platform/node')
      ? /^node:/
      : /^(jose(\/.+)?|#platform|#crypto)$/
    expect(packages.filter((name) => !allowed.test(name))).toEqual([])
  })

  test.each(soleOwners)('one file alone %s', (_what, pattern, owner) => {
    expect(files.filter((file) => pattern.test(code(file)))).toEqual([owner])
  })

  test('is drawn in ARCHITECTURE.md in the same order', () => {
    const picture = [...rooms.map((row) => row.join(', ')), 'index, adapter'].join(' → ')
    expect(read('ARCHITECTURE.md').replace(/\s+/g, ' ')).toContain(picture)
  })

  test.each(rooms.flat())('the room %s has a line in ARCHITECTURE.md', (room) => {
    expect(read('ARCHITECTURE.md')).toMatch(new RegExp(`^\\| \`${room}/\` \\| \\S`, 'm'))
  })
})

describe('packages/core/test', () => {
  test('mirrors the rooms', () => {
    const folders = sources('packages/core/test').filter((file) => file.includes('/'))
    const unknown = folders.map(roomOf).filter((folder) => !rooms.flat().includes(folder))
    expect(unknown).toEqual([])
  })
})

describe.each(Object.entries(adapters))('the adapter %s', (name, framework) => {
  const adapter = `packages/${name}/src`

  test.each(sources(adapter))('%s decides nothing', (file) => {
    expect(withoutComments(read(`${adapter}/${file}.ts`))).not.toMatch(adapterWords)
  })

  test.each(sources(adapter))('%s has at most 150 lines of code', (file) => {
    const reexports = /^export (?:type )?\{[^}]*\} from '[^']+'$/gm
    const own = withoutComments(read(`${adapter}/${file}.ts`)).replace(reexports, '')
    expect(own.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(150)
  })

  test.each(sources(adapter))('%s imports core, its framework and its own files only', (file) => {
    const known = new RegExp(
      `^(@resource-server/core(/adapter|/providers)?|${framework}|\\./[a-z-]+\\.ts)$`,
    )
    expect(imports(`${adapter}/${file}.ts`).filter((specifier) => !known.test(specifier))).toEqual(
      [],
    )
  })
})
