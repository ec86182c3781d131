// The configuration of the site. The pages come from `stage.mjs`.
import { slug } from 'github-slugger'
import { defineConfig } from 'vitepress'
import { root } from '../../scripts/run.mjs'
import { entryPoints } from '../entry-points.mjs'
import { withPolicy } from '../policy.mjs'
import { sidebars } from '../sidebar.mjs'

/**
 * The pages are not templates of Vue: braces in their text are text.
 *
 * @type {(md: import('vitepress').MarkdownRenderer) => void}
 */
function withoutTemplates({ renderer }) {
  for (const name of ['text', 'code_inline']) {
    const render = renderer.rules[name]
    renderer.rules[name] = (...args) => render?.(...args).replaceAll('{{', '&#123;&#123;') ?? ''
  }
}

/**
 * A header cell without text is announced as a header without a name.
 *
 * @type {(md: import('vitepress').MarkdownRenderer) => void}
 */
function withoutEmptyHeaders({ core }) {
  core.ruler.push('empty-headers', ({ tokens }) => {
    for (const [index, token] of tokens.entries()) {
      const [inline, close] = tokens.slice(index + 1, index + 3)
      if (token.type !== 'th_open' || inline?.content !== '' || !close) continue
      token.tag = 'td'
      close.tag = 'td'
    }
  })
}

export default defineConfig({
  lang: 'en-US',
  title: 'resource-server',
  description: 'Access token validation for Node.js APIs',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/icon.svg' }]],
  srcDir: 'dist/pages',
  outDir: 'dist/html',
  cacheDir: 'dist/cache',
  // Anchors as in the repository.
  metaChunk: true,
  vite: {
    // The index of the search is one file. It is loaded by the first search.
    build: { chunkSizeWarningLimit: 4000 },
    // The live page imports the packages and a script of the repository.
    server: { fs: { allow: [root] } },
  },
  transformHtml: withPolicy,
  markdown: {
    anchor: { slugify: slug },
    // Themes whose colors have enough contrast.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: (md) => {
      withoutTemplates(md)
      withoutEmptyHeaders(md)
    },
  },
  themeConfig: {
    logo: '/icon.svg',
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/getting-started' },
      { text: 'API', link: '/api/' },
      { text: 'Codes', link: '/codes' },
      { text: 'Live', link: '/live', target: '_self' },
    ],
    sidebar: sidebars(entryPoints().map(({ module }) => module)),
  },
})
