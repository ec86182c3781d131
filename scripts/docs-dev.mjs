// `npm run docs:dev`: serves the docs site on a loopback address, and shows each change to a page. It does not run the
// checks of `npm run docs`.
import './help.mjs'
import { build } from './build.mjs'
import { setUp } from './setup.mjs'
import { installSite, siteScript } from './site.mjs'

setUp({ forTests: false })
const isReady = build().ok && installSite() && siteScript('write-pages.mjs')
process.exitCode = isReady && siteScript('serve.mjs') ? 0 : 1
