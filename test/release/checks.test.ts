import { describe, expect, test } from 'vitest'
import { addressUnknown } from '../../scripts/release/address.mjs'
import {
  checksBeforeBuild,
  isChangeset,
  missingChangelogs,
  needsProvenance,
  pendingChangesets,
  uncleanTree,
  wrongRepository,
  wrongTag,
  wrongVersions,
} from '../../scripts/release/checks.mjs'

const at = (...versions: string[]): { name: string; manifest: { version: string } }[] =>
  versions.map((version, index) => ({ name: `package-${index}`, manifest: { version } }))

describe('checksBeforeBuild', () => {
  const good = {
    address: 'https://git.example.com/owner/name' as string | undefined,
    env: { GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v0.1.0' },
    provenance: true,
    registry: undefined,
    status: () => '',
    changesets: () => ['README.md', 'config.json'],
    packages: at('0.1.0', '0.1.0'),
    changelogs: () => new Map([['a.md', '## 0.1.0\n']]),
    tags: () => ['v0.1.0'],
  }

  test('finds no problem in a commit that is ready', () => {
    expect([...checksBeforeBuild(good)]).toEqual(
      [
        'repository address',
        'provenance',
        'clean tree',
        'changesets',
        'versions',
        'changelogs',
        'tag',
      ].map((name) => ({ name, problem: undefined })),
    )
  })

  test('looks at nothing else while the address is unknown', () => {
    const facts = {
      ...good,
      address: undefined,
      status: () => expect.unreachable('git was asked'),
    }
    expect([...checksBeforeBuild(facts)]).toEqual([
      { name: 'repository address', problem: addressUnknown },
    ])
  })

  test.each([
    ['repository address', 'in another repository', { env: { GITHUB_REPOSITORY: 'fork/name' } }],
    ['provenance', 'without provenance on the default registry', { provenance: false }],
    ['clean tree', 'with a change', { status: () => ' M package.json' }],
    ['changesets', 'with a changeset', { changesets: () => ['new-guard.md'] }],
    ['versions', 'with two versions', { packages: at('0.1.0', '0.2.0') }],
    ['changelogs', 'without a changelog', { changelogs: () => new Map([['a.md', '']]) }],
    ['tag', 'without a tag', { tags: () => [] }],
    ['tag', 'at another tag', { env: { GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v0.2.0' } }],
  ])('stops at %s %s', (name, _, bad) => {
    const last = [...checksBeforeBuild({ ...good, ...bad })].at(-1)
    expect(last).toEqual({ name, problem: expect.any(String) })
  })

  test('does not take a branch for a tag', () => {
    const env = { GITHUB_REF_TYPE: 'branch', GITHUB_REF_NAME: 'main' }
    expect([...checksBeforeBuild({ ...good, env })].at(-1)).toEqual({
      name: 'tag',
      problem: undefined,
    })
  })
})

describe('wrongRepository', () => {
  const address = 'https://git.example.com/owner/name'
  const GITHUB_SERVER_URL = 'https://git.example.com'

  test('accepts the repository that release.json names', () => {
    const env = { GITHUB_SERVER_URL, GITHUB_REPOSITORY: 'owner/name' }
    expect(wrongRepository(address, env)).toBeUndefined()
  })

  test('accepts a machine that runs no workflow', () => {
    expect(wrongRepository(address, {})).toBeUndefined()
  })

  test('reports another repository', () => {
    const env = { GITHUB_SERVER_URL, GITHUB_REPOSITORY: 'fork/name' }
    expect(wrongRepository(address, env)).toBe(
      `release.json names ${address}, but this workflow runs in https://git.example.com/fork/name.`,
    )
  })
})

describe('uncleanTree', () => {
  test('accepts a clean tree', () => {
    expect(uncleanTree('')).toBeUndefined()
  })

  test.each([' M package.json\n', '?? new.ts\n'])('reports %j', (status) => {
    expect(uncleanTree(status)).toContain(status.trimEnd())
  })
})

describe('wrongVersions', () => {
  test('accepts one version', () => {
    expect(wrongVersions(at('0.1.0', '0.1.0'))).toBeUndefined()
  })

  test.each([
    [['0.1.0', '0.2.0'], 'several versions: 0.1.0, 0.2.0'],
    [['0.0.0', '0.0.0'], 'still have version 0.0.0'],
    [['1.0.0-next.1'], 'is not <major>.<minor>.<patch>'],
    [[], 'several versions'],
  ])('reports %j', (versions, problem) => {
    expect(wrongVersions(at(...versions))).toContain(problem)
  })
})

describe('pendingChangesets', () => {
  test('accepts the README and the configuration', () => {
    expect(pendingChangesets(['README.md', 'config.json'])).toBeUndefined()
  })

  test('reports a changeset', () => {
    expect(pendingChangesets(['README.md', 'new-guard.md'])).toContain('new-guard.md')
  })
})

test.each([
  ['new-guard.md', true],
  ['README.md', false],
  ['config.json', false],
])('isChangeset(%j) is %j', (file, expected) => {
  expect(isChangeset(file)).toBe(expected)
})

describe('missingChangelogs', () => {
  test('accepts changelogs with an entry for the version', () => {
    expect(missingChangelogs('0.1.0', new Map([['a.md', '# a\n\n## 0.1.0\n']]))).toBeUndefined()
  })

  test.each(['', '## 0.1.01\n', '### 0.1.0\n'])('reports a changelog with %j', (text) => {
    const changelogs = new Map([
      ['a.md', '## 0.1.0\n'],
      ['b.md', text],
    ])
    expect(missingChangelogs('0.1.0', changelogs)).toContain('for 0.1.0 in b.md.')
  })
})

describe('wrongTag', () => {
  test('accepts the tag of the version', () => {
    expect(wrongTag('0.1.0', ['v0.1.0'], undefined)).toBeUndefined()
    expect(wrongTag('0.1.0', ['latest', 'v0.1.0'], 'v0.1.0')).toBeUndefined()
  })

  test('reports a missing tag', () => {
    expect(wrongTag('0.1.0', [], undefined)).toBe(
      'This commit must have the tag v0.1.0; it has no tag.',
    )
  })

  test('reports the tag of another version', () => {
    expect(wrongTag('0.1.0', ['v0.2.0'], undefined)).toContain('it has v0.2.0')
  })

  test('reports a workflow that another tag started', () => {
    expect(wrongTag('0.1.0', ['v0.1.0', 'v0.2.0'], 'v0.2.0')).toBe(
      'The tag is v0.2.0, but the packages have version 0.1.0.',
    )
  })
})

describe('needsProvenance', () => {
  test.each(['http://127.0.0.1:4873', 'http://localhost:4873/', 'http://[::1]:4873'])(
    'allows a registry on loopback to go without: %s',
    (registry) => {
      expect(needsProvenance(registry)).toBeUndefined()
    },
  )

  test.each([undefined, 'https://registry.example.com', 'http://127.0.0.1.example.com'])(
    'demands provenance for %s',
    (registry) => {
      expect(needsProvenance(registry)).toContain('only with a --registry on loopback')
    },
  )
})
