// What `npm run docs` and `npm run docs:dev` share: the site's workspace and its steps.
import { join } from 'node:path'
import { pnpm } from './pnpm.mjs'
import { root, run } from './run.mjs'

export const site = join(root, 'site')

/** Installs what the site needs. `npm test` does not need it. */
export function installSite() {
  const { ok, output } = pnpm(['install', '--frozen-lockfile'], { cwd: site, offline: false })
  if (!ok) console.error(output)
  return ok
}

/** Runs a tool of the site's workspace. @type {(name: string, ...args: string[]) => boolean} */
export function siteTool(name, ...args) {
  return run(join(site, 'node_modules', '.bin', name), args, { cwd: site }).ok
}

/** Runs a script of the site. @type {(name: string) => boolean} */
export function siteScript(name) {
  return run(process.execPath, [join(site, name)]).ok
}
