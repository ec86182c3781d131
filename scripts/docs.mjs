// `npm run docs`: builds the docs site to site/dist/html, and fails on code that does not compile, dead links, missing
// anchors, requests to other hosts, and exports without a page. Installs what it needs in `site/`.
import './help.mjs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { pnpm } from './pnpm.mjs'
import { root, run } from './run.mjs'
import { setUp } from './setup.mjs'

export const site = join(root, 'site')

/** Installs what the site needs, in a workspace of its own. */
export function installSite() {
  const { ok, output } = pnpm(['install', '--frozen-lockfile'], { cwd: site, offline: false })
  if (!ok) console.error(output)
  return ok
}

/** @type {(...args: string[]) => boolean} */
export function vitepress(...args) {
  return run(join(site, 'node_modules', '.bin', 'vitepress'), args, { cwd: site }).ok
}

async function main() {
  setUp({ forTests: false })
  if (!build().ok || !installSite()) return false
  const { stage } = await import('../site/stage.mjs')
  stage()
  return vitepress('build')
}

process.exitCode = (await main()) ? 0 : 1
