import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createConsumer, packAll, published } from '../../scripts/packages.mjs'
import { isRelative, targetsOf } from '../../scripts/release/links.mjs'
import { root } from '../../scripts/run.mjs'

// The packages as they are published. Only this finds a file that is not packed, a dependency that is not
// declared, and a type that resolves only in this repository.

const temporary = mkdtempSync(join(tmpdir(), 'resource-server-packed-'))
const tarballs = join(temporary, 'tarballs')
const project = join(temporary, 'project')

beforeAll(() => {
  const packed = packAll(tarballs)
  if (!packed.ok) throw new Error(packed.output)
  cpSync(join(root, 'test/published/consumer'), project, { recursive: true })
  const installed = createConsumer(project, tarballs)
  if (!installed.ok) throw new Error(installed.output)
}, 120_000)

afterAll(() => rmSync(temporary, { recursive: true, force: true }))

/** Runs node in the consumer's project. The output includes stderr. */
function node(...args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: project,
    encoding: 'utf8',
  })
  return { status, output: `${stdout}${stderr}`.trim() }
}

/** The files in a directory and its subdirectories, such as `dist/index.js`. */
function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .toSorted()
}

describe.each(published)('$name, installed from its tarball', ({ name, directory }) => {
  const installed = join(project, 'node_modules', name)

  test('contains exactly the files that should be published', () => {
    const files = filesIn(installed)
    const required = ['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts', 'src/index.ts']
    const allowed = [
      /^(?:LICENSE|README\.md|CHANGELOG\.md|package\.json)$/,
      /^src\/.+\.ts$/,
      /^schema\/.+\.json$/,
      /^dist\/.+\.(?:js|d\.ts)(?:\.map)?$/,
    ]
    expect({
      missing: required.filter((file) => !files.includes(file)),
      unexpected: files.filter((file) => !allowed.some((pattern) => pattern.test(file))),
    }).toEqual({ missing: [], unexpected: [] })
  })

  test('contains the types of each source file and nothing else', () => {
    // `tsc -b` does not delete the output of a removed file. If this fails, delete dist and build again.
    const types = filesIn(join(installed, 'dist')).filter((file) => file.endsWith('.d.ts'))
    const sources = filesIn(join(directory, 'src')).map((file) => file.replace(/\.ts$/, '.d.ts'))
    expect(types).toEqual(sources)
  })

  test('contains one file of code for each entry, and at most one that they share', () => {
    const { exports, imports, bin } = JSON.parse(
      readFileSync(join(installed, 'package.json'), 'utf8'),
    ) as { exports?: object; imports?: object; bin?: object }
    const targets = JSON.stringify([exports, imports, bin])
    const entries = [...targets.matchAll(/"(?:\.\/)?(dist\/[^"]+\.js)"/g)]
    const code = filesIn(installed).filter((file) => file.endsWith('.js'))
    const expected = [...new Set(entries.map(([, file = '']) => file))]
    expect(code.filter((file) => file !== 'dist/shared.js')).toEqual(expected.toSorted())
  })

  test('contains the code of each source file once, and maps it to a file of the package', () => {
    const maps = filesIn(installed).filter((file) => file.endsWith('.js.map'))
    const sources = maps.flatMap((map) => {
      const text = readFileSync(join(installed, map), 'utf8')
      const { sources: own } = JSON.parse(text) as { sources: readonly string[] }
      return own.map((source) => join(dirname(map), source))
    })
    // Two copies of one file would be two classes with the same name.
    expect(sources.toSorted()).toEqual([...new Set(sources)].toSorted())
    expect(sources.filter((source) => !filesIn(installed).includes(source))).toEqual([])
    expect(sources.filter((source) => !source.startsWith('src'))).toEqual([])
  })

  test('contains readable code with the documentation of its functions', () => {
    const bundles = filesIn(installed).filter((file) => /^dist\/[\w-]+\.js$/.test(file))
    const code = bundles.map((file) => readFileSync(join(installed, file), 'utf8')).join('\n')
    expect(code).toMatch(/^\/\*\*(?: |$)/m)
    const entry = readFileSync(join(installed, 'dist/index.js'), 'utf8')
    expect(Math.max(...entry.split('\n').map((line) => line.length))).toBeLessThan(500)
  })

  test('has no relative link in its pages, because npm displays them on another site', () => {
    const pages = filesIn(installed).filter((file) => file.endsWith('.md'))
    const targets = pages.flatMap((page) => targetsOf(readFileSync(join(installed, page), 'utf8')))
    expect(pages).toContain('README.md')
    expect(targets.filter(isRelative)).toEqual([])
  })

  test('has no catalog: or workspace: versions in its manifest', () => {
    const manifest = readFileSync(join(installed, 'package.json'), 'utf8')
    expect(manifest).not.toMatch(/catalog:|workspace:/)
  })
})

describe('a project with the installed tarballs', () => {
  test('runs with import', () => {
    expect(node('use.mjs')).toEqual({ status: 0, output: 'ok' })
  })

  test('runs with require', () => {
    expect(node('use.cjs')).toEqual({ status: 0, output: 'ok' })
  })

  test('compiles with skipLibCheck off, and runs', () => {
    expect(node('node_modules/typescript/bin/tsc')).toEqual({ status: 0, output: '' })
    expect(node('out/app.mjs')).toEqual({ status: 0, output: expect.stringMatching(/\nok$/) })
  })
})
