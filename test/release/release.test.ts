import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parse } from 'acorn'
import { afterAll, describe, expect, test } from 'vitest'
import {
  installLine,
  published,
  quoted,
  tarballOf,
  withOurDependencies,
} from '../../scripts/packages.mjs'
import { isThere } from '../../scripts/release/publish.mjs'
import { expressExample } from '../../scripts/release/rehearsal/readme-example.mjs'
import { root, run } from '../../scripts/run.mjs'

const folder = mkdtempSync(join(tmpdir(), 'resource-server-release-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the release script stops with one sentence while the address is unknown', () => {
  // A copy: this repository's own release.json may have an address by now.
  for (const path of ['package.json', 'scripts']) {
    const filter = (from: string): boolean => basename(from) !== 'node_modules'
    cpSync(join(root, path), join(folder, path), { recursive: true, filter })
  }
  for (const name of readdirSync(join(root, 'packages'))) {
    mkdirSync(join(folder, 'packages', name), { recursive: true })
    const manifest = join('packages', name, 'package.json')
    cpSync(join(root, manifest), join(folder, manifest))
  }
  writeFileSync(join(folder, 'release.json'), '{ "repository": null }\n')
  const { ok, stdout, output } = run(process.execPath, ['scripts/release.mjs'], {
    cwd: folder,
    quiet: true,
  })
  expect({ ok, stdout, output }).toEqual({
    ok: false,
    stdout: '',
    output: 'The address of the repository is not known yet: write it into release.json.\n',
  })
})

describe('withOurDependencies', () => {
  test('lists core before the adapter that needs it', () => {
    const names = withOurDependencies('@resource-server/express').map(({ name }) => name)
    expect(names).toEqual(['@resource-server/core', '@resource-server/express'])
  })

  test('lists core alone for core', () => {
    expect(withOurDependencies('@resource-server/core')).toHaveLength(1)
  })
})

test.each(published)(
  'the line that installs $name has the tarball of core',
  ({ name, folder: own }) => {
    const line = installLine(name, '/tarballs')
    expect(line).toMatch(/^npm install /)
    for (const needed of new Set(['core', own])) {
      expect(line).toContain(tarballOf(needed, '/tarballs'))
    }
  },
)

describe('quoted', () => {
  test.each([
    ['/tmp/core.tgz', '/tmp/core.tgz'],
    ['/a b/core.tgz', "'/a b/core.tgz'"],
    ["/it's/core.tgz", String.raw`'/it'\''s/core.tgz'`],
    ['/$HOME/core.tgz', "'/$HOME/core.tgz'"],
  ])('writes %s as one shell word', (path, expected) => {
    expect(quoted(path, 'linux')).toBe(expected)
  })

  test('writes a Windows path in double quotes', () => {
    expect(quoted(String.raw`C:\a b\core.tgz`, 'win32')).toBe(String.raw`"C:\a b\core.tgz"`)
  })
})

describe('isThere', () => {
  const tarball = Buffer.from('tarball')
  const own = `sha512-${createHash('sha512').update(tarball).digest('base64')}`

  test('is false if the registry does not have the version', () => {
    expect(isThere('a@1.0.0', undefined, tarball)).toBe(false)
  })

  test('is true if the registry has the same content', () => {
    expect(isThere('a@1.0.0', own, tarball)).toBe(true)
  })

  test('refuses other content under the same version', () => {
    expect(() => isThere('a@1.0.0', own, Buffer.from('other'))).toThrow(
      'a@1.0.0 is published with other',
    )
  })
})

describe('expressExample', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const example = expressExample(readme)

  test("takes the README's example as JavaScript that runs as it is", () => {
    expect(() => parse(example.code, { ecmaVersion: 'latest', sourceType: 'module' })).not.toThrow()
  })

  test('replaces the issuer and the port, and nothing else', () => {
    const back = example.code
      .replace('issuer: process.env.ISSUER', "issuer: 'https://as.example.com'")
      .replace("Number(process.env.PORT), '127.0.0.1'", '3000')
    expect(back).not.toBe(example.code)
    expect(readme).toContain(back)
  })

  test('reads what a request needs', () => {
    expect(example).toMatchObject({
      audience: 'order-service',
      scope: 'orders:read',
      path: '/orders/42',
    })
  })

  test('refuses a README without the example', () => {
    expect(() => expressExample('# resource-server\n')).toThrow('has no Express example')
  })
})
