// The configuration of the site. The pages come from `stage.mjs`.
import { slug } from 'github-slugger'
import { defineConfig } from 'vitepress'
import { root } from '../../scripts/run.mjs'
import { navigation, pageFiles, pageOf, titleOf } from '../pages.mjs'

const files = pageFiles()

const sidebar = navigation(files).map(({ title, collapsed, files: listed }) => ({
  text: title,
  collapsed,
  items: listed.map((file) => ({ text: titleOf(file), link: `/${pageOf(file)}` })),
}))

export default defineConfig({
  lang: 'en-US',
  title: 'resource-server',
  description: 'Access token validation for Node.js APIs',
  srcDir: 'dist/pages',
  outDir: 'dist/html',
  cacheDir: 'dist/cache',
  // Anchors as in the repository.
  markdown: { anchor: { slugify: slug } },
  // The live page imports the packages and a script of the repository.
  vite: { server: { fs: { allow: [root] } } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/getting-started' },
      { text: 'Codes', link: '/codes' },
      { text: 'Live', link: '/live', target: '_self' },
    ],
    sidebar,
  },
})
