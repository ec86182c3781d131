import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readAddress, withAddress } from '../../scripts/release/address.mjs'

const folder = mkdtempSync(join(tmpdir(), 'resource-server-address-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function read(content: unknown): string | undefined {
  const file = join(folder, 'release.json')
  writeFileSync(file, JSON.stringify(content))
  return readAddress(file)
}

const address = 'https://git.example.com/owner/name'

describe('readAddress', () => {
  test('returns undefined while the address is unknown', () => {
    expect(read({ repository: null })).toBeUndefined()
  })

  test('returns the address', () => {
    expect(read({ repository: address })).toBe(address)
  })

  test.each([
    {},
    { repository: '' },
    { repository: 'http://git.example.com/owner/name' },
    { repository: `${address}/` },
    { repository: `${address}.git` },
    { repository: 'https://git.example.com/owner' },
    { repository: ` ${address}` },
  ])('refuses %j', (content) => {
    expect(() => read(content)).toThrow("'repository' in release.json must be")
  })

  test('refuses an unknown member', () => {
    expect(() => read({ repository: null, repo: address })).toThrow("unknown member 'repo'")
  })

  test('reads the release.json of this repository', () => {
    expect(() => readAddress()).not.toThrow()
  })
})

describe('withAddress', () => {
  const manifest = { name: '@resource-server/core' }
  const release = { version: '1.2.3', folder: 'core' }

  test('adds homepage, bugs and repository', () => {
    expect(withAddress(manifest, { ...release, address })).toEqual({
      name: '@resource-server/core',
      homepage: `${address}/tree/v1.2.3/packages/core#readme`,
      bugs: { url: `${address}/issues` },
      repository: { type: 'git', url: `git+${address}.git`, directory: 'packages/core' },
    })
  })

  test('adds nothing while the address is unknown', () => {
    expect(withAddress(manifest, { ...release, address: undefined })).toEqual(manifest)
  })
})
