import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { filesInTarball, rewriteTarball } from '../../scripts/release/tarball.mjs'
import { run } from '../../scripts/run.mjs'

const folder = mkdtempSync(join(tmpdir(), 'resource-server-tarball-'))
const manifest = '{ "name": "some", "version": "1.0.0" }\n'
const long = 'x'.repeat(1000)

/** A tarball as npm makes it, with a path that needs the prefix field. */
const deep = `${'deep/'.repeat(20)}file.txt`
const original = ((): Buffer => {
  const project = join(folder, 'project')
  mkdirSync(join(project, deep, '..'), { recursive: true })
  writeFileSync(join(project, 'package.json'), manifest)
  writeFileSync(join(project, 'README.md'), 'short\n')
  writeFileSync(join(project, deep), long)
  const packed = run('npm', ['pack', '--json'], { cwd: project, quiet: true })
  if (!packed.ok) throw new Error(packed.output)
  return readFileSync(join(project, 'some-1.0.0.tgz'))
})()

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const texts = (tarball: Uint8Array): Record<string, string> =>
  Object.fromEntries([...filesInTarball(tarball)].map(([path, bytes]) => [path, String(bytes)]))

const changed = rewriteTarball(original, (path, text) =>
  path === 'README.md' ? text().toUpperCase() + long : undefined,
)

test('a rewritten tarball has the new text, and all other files as they were', () => {
  expect(texts(changed)).toEqual({
    'package.json': manifest,
    'README.md': `SHORT\n${long}`,
    [deep]: long,
  })
})

test('tar reads a rewritten tarball', () => {
  writeFileSync(join(folder, 'changed.tgz'), changed)
  const { status, stdout } = spawnSync('tar', ['-xzOf', 'changed.tgz', 'package/README.md'], {
    cwd: folder,
    encoding: 'utf8',
  })
  expect({ status, stdout }).toEqual({ status: 0, stdout: `SHORT\n${long}` })
})

test('the same input gives the same bytes', () => {
  const again = rewriteTarball(original, (path, text) =>
    path === 'README.md' ? text().toUpperCase() + long : undefined,
  )
  expect(Buffer.from(again).equals(changed)).toBe(true)
})

test('a tarball of another format is refused', () => {
  const tar = gunzipSync(original)
  tar.fill(0, 257, 262)
  expect(() => filesInTarball(gzipSync(tar))).toThrow('not a tarball of the ustar format')
})
