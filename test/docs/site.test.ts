import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { deadLinks, foreignRequests, pagesWithoutPolicy, undocumented } from '../../site/check.mjs'
import { navigation, pageFiles, pageOf, titleOf, unlisted } from '../../site/pages.mjs'
import { withPolicy } from '../../site/policy.mjs'
import { sitePage } from '../../site/stage.mjs'

// `npm run docs` builds the site. These tests need no build: they prove that its checks find what they are for.

const site = (files: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(files))

describe('the pages of the site', () => {
  const files = pageFiles()

  test('include every page of docs/, every decision, and the README of every package', () => {
    expect(files).toContain('docs/codes.md')
    expect(files).toContain('packages/core/README.md')
    expect(files).toContain('decisions/001-refusals-are-values.md')
  })

  test('have different addresses', () => {
    const pages = files.map(pageOf)
    expect(pages).toEqual([...new Set(pages)])
  })

  test('are all in the navigation, each in one section', () => {
    expect(unlisted(files)).toEqual([])
    const listed = navigation(files).flatMap((section) => section.files)
    expect(listed).toEqual([...new Set(listed)])
  })

  test('are reported if no section lists them', () => {
    expect(unlisted(['docs/codes.md', 'docs/other.md', 'site/live.md'])).toEqual(['docs/other.md'])
  })

  test('are named by their first heading, if they have no shorter title', () => {
    expect(titleOf('docs/codes.md')).toBe('Codes')
    expect(titleOf('docs/getting-started.md')).toBe('Start in five minutes')
  })
})

describe('a link on the site', () => {
  const address = 'https://git.example.com/owner/name'

  test.each([
    ['docs/codes.md', '[a](key-sets.md#outages)', '[a](/key-sets.md#outages)'],
    ['docs/codes.md', '[a](../packages/core/README.md)', '[a](/packages/core.md)'],
    ['packages/core/README.md', '[a](../../README.md)', '[a](/index.md)'],
    ['docs/performance.md', '![a](performance.svg)', '![a](/performance.svg)'],
    ['docs/codes.md', '[a](#token_expired)', '[a](#token_expired)'],
    ['docs/codes.md', '[a](https://example.com)', '[a](https://example.com)'],
  ])('of %s: %s becomes %s', (file, text, expected) => {
    expect(sitePage(text, file, address)).toBe(expected)
  })

  test('to a file that is not a page leads to the repository, or is left out', () => {
    const text = '[a](../examples/order-flow/package.json)'
    expect(sitePage(text, 'docs/codes.md', address)).toBe(
      `[a](${address}/tree/HEAD/examples/order-flow/package.json)`,
    )
    expect(sitePage(text, 'docs/codes.md', undefined)).toBe('a')
  })

  test('to a file that does not exist is an error', () => {
    expect(() => sitePage('[a](missing.md)', 'docs/codes.md', address)).toThrow(
      "docs/codes.md links to 'missing.md', which does not exist.",
    )
  })
})

describe('deadLinks', () => {
  const dead = (html: string): string[] =>
    deadLinks(site({ 'a/one.html': `<h2 id="here">x</h2>${html}`, 'index.html': '<p id="top">' }))

  test.each([
    '<a href="#here">',
    '<a class="x" href="/a/one.html#here">',
    '<a href="one.html">',
    '<a href="/">',
    '<a href="../#top">',
    '<a href="https://example.com/missing.html#x">',
    '<a href="mailto:a@example.com">',
    '&lt;a href="#missing"&gt;',
    '<script>const html = \'<a href="#missing">\'</script>',
  ])('accepts %s', (html) => {
    expect(dead(html)).toEqual([])
  })

  test.each(['#there', '#', '/a/two.html', 'two.html', '/index.html#here', '/a/one.html#top'])(
    'finds a link to %s',
    (target) => {
      expect(dead(`<a href="${target}">`)).toEqual([`a/one.html links to '${target}'`])
    },
  )
})

describe('foreignRequests', () => {
  test.each([
    ['a.html', '<script src="https://x.example/a.js"></script>'],
    ['a.html', '<img alt="" src="//x.example/a.png">'],
    ['a.html', '<link rel="stylesheet" href="https://x.example/a.css">'],
    ['a.html', '<p style="background: url(https://x.example/a.png)">'],
    ['a.css', '@import "https://x.example/a.css";'],
    ['a.css', '@font-face { src: url("//x.example/a.woff2") }'],
    ['a.svg', '<image href="https://x.example/a.png"/>'],
    ['a.js', 'fetch("https://x.example/a")'],
    ['a.js', 'import("https://x.example/a.js")'],
    ['a.js', 'import x from"https://x.example/a.js"'],
    ['a.js', 'new WebSocket(`wss://x.example`)'],
  ])('finds the request in %s: %s', (path, text) => {
    expect(foreignRequests(site({ [path]: text }))).toHaveLength(1)
  })

  test.each([
    ['a.html', '<script src="/a.js"></script>'],
    ['a.html', '<a href="https://x.example">'],
    ['a.html', '<code>&lt;script src="https://x.example/a.js"&gt;</code>'],
    ['a.css', 'a { background: url(data:image/svg+xml,x) }'],
    ['a.js', 'const page = "https://x.example"'],
  ])('accepts %s: %s', (path, text) => {
    expect(foreignRequests(site({ [path]: text }))).toEqual([])
  })
})

describe('the policy of a page', () => {
  const page = (file: string, html = ''): string => withPolicy(`<head></head>${html}`, file)

  test('allows only requests to the site', () => {
    expect(page('codes.html')).toContain("connect-src 'self';")
    expect(pagesWithoutPolicy(site({ 'codes.html': page('codes.html') }))).toEqual([])
  })

  test('lets only the live page connect to issuers', () => {
    expect(page('dist/html/live.html')).toContain("connect-src 'self' https:")
  })

  test('allows the inline scripts of the page and no others', () => {
    const hash = createHash('sha256').update('run()').digest('base64')
    const html = page('a.html', '<script>run()</script><script src="/a.js"></script>')
    expect(html).toContain(`script-src 'self' 'sha256-${hash}';`)
  })

  test('is reported if it is missing', () => {
    expect(pagesWithoutPolicy(site({ 'a.html': '<head></head>', 'a.js': '' }))).toEqual([
      'a.html has no Content Security Policy',
    ])
  })
})

describe('undocumented', () => {
  const exports = new Map([['@resource-server/x', ['one', 'two']]])
  const page = 'api/@resource-server/x/index.html'
  const one = '<a href="/api/one.html">one</a>'

  test('accepts exports with links to their pages', () => {
    const files = site({ [page]: `${one}<a class="a" href="../core/two.html">two</a>` })
    expect(undocumented(exports, files)).toEqual([])
  })

  test('finds an export without a link, or with a link to a heading only', () => {
    for (const other of ['', '<a href="#two">two</a>', 'two']) {
      expect(undocumented(exports, site({ [page]: one + other }))).toEqual([
        'two of @resource-server/x has no page',
      ])
    }
  })

  test('finds a module without a page', () => {
    expect(undocumented(exports, site({}))).toEqual(['@resource-server/x has no page'])
  })
})
