// `npm run docs`: builds the docs site to site/dist/html, and fails on code that does not compile, dead links, missing
// anchors, requests to other hosts, and exports without a page. Installs what it needs in `site/`.
import './help.mjs'
import { build } from './build.mjs'
import { run, tool } from './run.mjs'
import { setUp } from './setup.mjs'
import { installSite, siteScript, siteTool } from './site.mjs'

/** Each needs those before it. The last one counts its own checks. */
const steps = [
  () => build().ok,
  installSite,
  // The code on the pages compiles, and the page of codes is complete.
  () => run(tool('vitest'), ['run', 'test/docs/pages.test.ts', 'test/docs/code-page.test.ts']).ok,
  () => siteTool('tsc', '-p', '.'),
  () => siteScript('write-pages.mjs'),
  () => siteTool('vitepress', 'build'),
  () => siteScript('check-site.mjs'),
]

setUp({ forTests: false })
process.exitCode = steps.every((step) => step()) ? 0 : 1
