import { describe, expect, test } from 'vitest'
import {
  anchorsOf,
  deadLinks,
  isRelative,
  linksOf,
  publishedPage,
  targetsOf,
} from '../../scripts/release/links.mjs'

const address = 'https://git.example.com/example/project'
const tree: Record<string, 'file' | 'folder'> = {
  'docs/delegation.md': 'file',
  'docs/chart.svg': 'file',
  'examples/pino': 'folder',
  'packages/core/README.md': 'file',
  // Where a path from the top would lead if it was taken for a relative one.
  'packages/express/docs/delegation.md': 'file',
}

const place = {
  page: 'packages/express/README.md',
  address: address as string | undefined,
  version: '1.2.3',
  kindOf: (path: string): 'file' | 'folder' | undefined => tree[path.replace(/\/$/, '')],
}
const publish = (text: string): string => publishedPage(text, place)
const strip = (text: string): string => publishedPage(text, { ...place, address: undefined })

describe('linksOf', () => {
  const targets = (text: string): string[] => linksOf(text).map(({ target }) => target)

  test('finds links, images, definitions and HTML', () => {
    const text =
      '[a](b.md "title") ![c](<d.svg>)\n\n[e]: f.md\n\n<a href="g.md">h</a> <img src=\'i.svg\'>'
    expect(targets(text)).toEqual(['b.md', 'd.svg', 'f.md', 'g.md', 'i.svg'])
  })

  test('finds links whose label or target has brackets', () => {
    expect(targets('[a[0]](b.md) [`c`](d_(e).md)')).toEqual(['b.md', 'd_(e).md'])
  })

  test('ignores code', () => {
    expect(targets('`[a](b.md)` ``[a](b.md) ` ``\n\n```md\n[a](b.md)\n```\n')).toEqual([])
  })

  test('finds a link after code', () => {
    expect(targets('```md\n[a](b.md)\n```\n`x` [c](d.md)')).toEqual(['d.md'])
  })
})

test('targetsOf finds the image inside a link, too', () => {
  expect(targetsOf('[![a](b.svg)](c.md)')).toEqual(['c.md', 'b.svg'])
})

test.each([
  ['docs/a.md', true],
  ['../a.md#b', true],
  ['#anchor', false],
  ['https://example.com', false],
  ['//example.com', false],
  ['mailto:a@example.com', false],
])('isRelative(%j) is %j', (target, expected) => {
  expect(isRelative(target)).toBe(expected)
})

describe('publishedPage, with an address', () => {
  test('links a file to its page at the tag of the version', () => {
    expect(publish('See [this](../../docs/delegation.md).')).toBe(
      `See [this](${address}/blob/v1.2.3/docs/delegation.md).`,
    )
  })

  test('keeps the anchor', () => {
    expect(publish('[this](../../docs/delegation.md#actors)')).toBe(
      `[this](${address}/blob/v1.2.3/docs/delegation.md#actors)`,
    )
  })

  test('links a folder to its listing', () => {
    expect(publish('[pino](../../examples/pino/)')).toBe(
      `[pino](${address}/tree/v1.2.3/examples/pino)`,
    )
  })

  test('links an image to its bytes', () => {
    expect(publish('![chart](../../docs/chart.svg)')).toBe(
      `![chart](${address}/raw/v1.2.3/docs/chart.svg)`,
    )
  })

  test('rewrites several links, and an image inside a link', () => {
    expect(
      publish('[![a](../../docs/chart.svg)](../core/README.md) and [b](../core/README.md)'),
    ).toBe(
      `[![a](${address}/raw/v1.2.3/docs/chart.svg)](${address}/blob/v1.2.3/packages/core/README.md)` +
        ` and [b](${address}/blob/v1.2.3/packages/core/README.md)`,
    )
  })

  test('leaves absolute links, anchors and code alone', () => {
    const text = '[a](https://example.com) [b](#c) `[d](e.md)`'
    expect(publish(text)).toBe(text)
  })

  test.each([
    ['a file that does not exist', '[a](missing.md)'],
    ['a path outside of the repository', '[a](../../../docs/delegation.md)'],
    ['a path from the top', '[a](/docs/delegation.md)'],
  ])('refuses a link to %s', (_, text) => {
    expect(() => publish(text)).toThrow('packages/express/README.md links to')
  })

  test.each(['[a]: ../core/README.md', '<a href="../core/README.md">a</a>'])(
    'refuses a form that it does not rewrite: %s',
    (text) => {
      expect(() => publish(text)).toThrow('Write it as')
    },
  )
})

describe('publishedPage, without an address', () => {
  test('leaves the text of a link and of an image', () => {
    expect(strip('See [`this`](../../docs/delegation.md), ![chart](../../docs/chart.svg).')).toBe(
      'See `this`, chart.',
    )
  })

  test('leaves no relative link', () => {
    const text = '[![a](../../docs/chart.svg)](../core/README.md) [b](../core/README.md)'
    expect(targetsOf(strip(text))).toEqual([])
  })

  test('refuses a link to a file that does not exist', () => {
    expect(() => strip('[a](missing.md)')).toThrow("links to 'missing.md'")
  })
})

describe('deadLinks', () => {
  const pages: Record<string, string> = { 'docs/a.md': '# One\n', 'docs/b.md': '' }
  const dead = (text: string): string[] =>
    deadLinks(text, {
      page: 'docs/b.md',
      exists: (path) => path in pages || path === 'docs',
      read: (path) => pages[path] ?? '',
    })

  test('accepts files, folders and anchors that exist', () => {
    expect(dead('# Two\n[a](a.md) [b](a.md#one) [c](../docs) [d](#two)')).toEqual([])
  })

  test.each(['c.md', 'a.md#two', '#three', '/docs/a.md', '../../a.md'])('reports %s', (target) => {
    expect(dead(`# Two\n[a](${target})`)).toEqual([target])
    expect(dead(`# Two\n[![a](${target})](a.md)`)).toEqual([target])
  })
})

describe('anchorsOf', () => {
  test.each([
    ['# Two words', 'two-words'],
    ['## `code` and punctuation: a, b/c', 'code-and-punctuation-a-bc'],
    ['### [A link](x.md)', 'a-link'],
    ['## snake_case', 'snake_case'],
    ['<a id="own"></a>', 'own'],
  ])('has the anchor of %j', (text, anchor) => {
    expect([...anchorsOf(text)]).toEqual([anchor])
  })

  test('numbers headings that repeat', () => {
    expect([...anchorsOf('# A\n# A\n')]).toEqual(['a', 'a-1'])
  })

  test('ignores code', () => {
    expect([...anchorsOf('```sh\n# a comment\n```\n')]).toEqual([])
  })
})
