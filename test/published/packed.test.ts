import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createConsumer, packAll, published } from '../../scripts/packages.mjs'
import { root } from '../../scripts/run.mjs'

// What is published is what counts: a file that was not packed, a dependency that is not declared
// and a type that only resolves in this repository show up nowhere else.

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

/** Runs node in the consumer's project. What it prints to stderr is part of the answer. */
function node(...args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: project,
    encoding: 'utf8',
  })
  return { status, output: `${stdout}${stderr}`.trim() }
}

/** The files below a directory, such as `dist/index.js`. */
function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .toSorted()
}

describe.each(published)('$name, as installed from its tarball', ({ name, directory }) => {
  const installed = join(project, 'node_modules', name)

  test('holds what is meant to be published, and nothing else', () => {
    const files = filesIn(installed)
    const wanted = ['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts', 'src/index.ts']
    const allowed = [
      /^(?:LICENSE|README\.md|CHANGELOG\.md|package\.json)$/,
      /^src\/.+\.ts$/,
      /^schema\/.+\.json$/,
      /^dist\/.+\.(?:js|d\.ts)(?:\.map)?$/,
    ]
    expect({
      missing: wanted.filter((file) => !files.includes(file)),
      tooMuch: files.filter((file) => !allowed.some((pattern) => pattern.test(file))),
    }).toEqual({ missing: [], tooMuch: [] })
  })

  test('holds each source, built, and nothing built from a source that is gone', () => {
    // `tsc -b` leaves the output of a deleted file behind. If so: delete dist and build again.
    const built = filesIn(join(installed, 'dist')).filter((file) => file.endsWith('.js'))
    const sources = filesIn(join(directory, 'src')).map((file) => file.replace(/\.ts$/, '.js'))
    expect(built).toEqual(sources)
  })

  test('asks for real versions', () => {
    const manifest = readFileSync(join(installed, 'package.json'), 'utf8')
    expect(manifest).not.toMatch(/catalog:|workspace:/)
  })
})

describe('a project that installed the tarballs', () => {
  test('uses them from ESM', () => {
    expect(node('use.mjs')).toEqual({ status: 0, output: 'judged' })
  })

  test('uses them through require()', () => {
    expect(node('use.cjs')).toEqual({ status: 0, output: 'judged' })
  })

  test('compiles against them with skipLibCheck off, and runs', () => {
    expect(node('node_modules/typescript/bin/tsc')).toEqual({ status: 0, output: '' })
    expect(node('out/app.mjs')).toEqual({ status: 0, output: expect.stringMatching(/\njudged$/) })
  })
})
