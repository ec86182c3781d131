import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { published } from '../scripts/packages.mjs'
import { deadLinks } from '../scripts/release/links.mjs'
import { root } from '../scripts/run.mjs'

// Rules of the house that no tool knows.

interface Manifest {
  readonly description?: string
  readonly keywords?: readonly string[]
  readonly publishConfig?: object
  readonly engines?: { readonly node?: string }
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
  readonly optionalDependencies?: Record<string, string>
}

const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const readManifest = (path: string): Manifest => JSON.parse(read(path)) as Manifest

/** What git does not hold, going by .gitignore. Read from the disk, for a machine may have no git. */
const untracked =
  /^(?:\.git|node_modules|dist|coverage|tarballs|sbom|\.stryker-tmp)$|\.(?:tsbuildinfo|tgz)$/

function filesIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter(({ name }) => !untracked.test(name))
    .flatMap((entry) => {
      const path = join(directory, entry.name)
      return entry.isDirectory() ? filesIn(path) : [relative(root, path)]
    })
}

const files = filesIn(root)
const manifests = files.filter((path) => /(?:^|[\\/])package\.json$/.test(path))

const lockfiles = files.filter((path) => /(?:^|[\\/])pnpm-lock\.yaml$/.test(path))
const pages = files.filter((path) => path.endsWith('.md'))

const texts = files.filter((path) => /\.(?:md|m?ts|mjs|js|json|ya?ml|css|html)$/.test(path))

test('no file has the markers of a merge conflict', () => {
  const marker = /^(?:<{7}|>{7}|\|{7}) /m
  expect(texts.length).toBeGreaterThan(1000)
  expect(texts.filter((path) => marker.test(read(path)))).toEqual([])
})

test('every line of core that has a surviving mutant is still there', () => {
  const survivors = JSON.parse(read('test/mutation/survivors.json')) as Readonly<
    Record<string, readonly { readonly code: string }[]>
  >
  const missing = Object.entries(survivors).flatMap(([file, entries]) => {
    const lines = new Set(
      read(`packages/core/src/${file}.ts`)
        .split('\n')
        .map((line) => line.trim()),
    )
    return entries.map(({ code }) => code).filter((code) => !lines.has(code))
  })
  expect(missing).toEqual([])
})

test.each(lockfiles)('%s names no registry host', (path) => {
  // pnpm writes a host only for packages of a registry that is not the default one.
  const lines = read(path).split('\n')
  expect(lines.filter((line) => /https?:\/\/|^\s*tarball:/.test(line))).toEqual([])
})

describe.each(manifests)('%s', (path) => {
  test('takes its versions from the catalog or the workspace', () => {
    // Peer dependencies are exempt: theirs are the ranges that we support.
    const { dependencies, devDependencies, optionalDependencies } = readManifest(path)
    const all = { ...dependencies, ...devDependencies, ...optionalDependencies }
    const others = Object.entries(all).filter(
      ([, version]) => !/^(?:catalog|workspace):/.test(version),
    )
    expect(others).toEqual([])
  })
})

describe.each(published)('$name', ({ directory, folder }) => {
  test('says which Node it needs', () => {
    expect(readManifest(`packages/${folder}/package.json`).engines?.node).toBe('>=20.19')
  })

  test('says what it is', () => {
    const { description = '', keywords = [] } = readManifest(`packages/${folder}/package.json`)
    expect(description).toMatch(/^[A-Z].{40,}\.$/)
    expect(keywords).toEqual([...new Set(keywords)].toSorted())
    expect(keywords).toEqual(expect.arrayContaining(['access-token', 'oauth2', 'resource-server']))
  })

  test('names no address: packing adds that of release.json', () => {
    const manifest = readManifest(`packages/${folder}/package.json`)
    for (const member of ['repository', 'homepage', 'bugs', 'author']) {
      expect(manifest).not.toHaveProperty(member)
    }
  })

  test('is published as a public package, with provenance', () => {
    const { publishConfig } = readManifest(`packages/${folder}/package.json`)
    expect(publishConfig).toEqual({ access: 'public', provenance: true })
  })

  test('has a README', () => {
    expect(existsSync(join(directory, 'README.md'))).toBe(true)
  })
})

test.each(pages)('%s links to files and anchors that exist', (path) => {
  const page = path.replaceAll('\\', '/')
  const exists = (target: string): boolean => existsSync(join(root, target))
  expect(deadLinks(read(path), { page, exists, read })).toEqual([])
})

test('core depends on jose and on nothing else', () => {
  expect(Object.keys(readManifest('packages/core/package.json').dependencies ?? {})).toEqual([
    'jose',
  ])
})

test('no file names a path of one machine', () => {
  const machinePath = /(?<![\w.~-])\/(?:root|home|Users|work)\/|\b[A-Z]:\\Users\\/
  expect(files.filter((path) => machinePath.test(read(path)))).toEqual([])
})

test('each decision has a number of its own, which is also in its title', () => {
  const decisions = readdirSync(join(root, 'decisions')).filter((name) => /^\d/.test(name))
  const numbers = decisions.map((name) => name.slice(0, 3))
  expect(numbers).toEqual([...new Set(numbers)])
  const titles = decisions.map((name) => read(`decisions/${name}`).slice(0, 6))
  expect(titles).toEqual(numbers.map((number) => `# ${number}:`))
})
