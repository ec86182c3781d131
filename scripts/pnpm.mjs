// pnpm through npx, so that a machine needs nothing but Node and npm.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './run.mjs'

/** The one place that pins it is `packageManager` in package.json. */
export const pnpmVersion = pinned()

function pinned() {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const [, version] = /^pnpm@([\d.]+)$/.exec(packageManager) ?? []
  if (!version) throw new Error('package.json must say "packageManager": "pnpm@<version>"')
  return version
}

/**
 * @param {readonly string[]} args
 * @param {{ cwd?: string, offline?: boolean, timeout?: number }} [options] once it has been fetched, `offline` lets
 *   npx take it from npm's cache without asking the registry
 */
export function pnpm(args, { cwd = root, offline = true, timeout } = {}) {
  const npx = ['--yes', ...(offline ? ['--prefer-offline'] : []), `pnpm@${pnpmVersion}`]
  // With CI set pnpm never stops to ask. In production it would leave the tools out.
  return run('npx', [...npx, ...args], {
    cwd,
    quiet: true,
    ...(timeout === undefined ? {} : { timeout }),
    env: { CI: 'true', NODE_ENV: 'development' },
  })
}
