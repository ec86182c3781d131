// Installs other people's packages for the interop tests, from a lockfile of their own: they are large, and nothing else
// needs them.
import { join } from 'node:path'
import { pnpm } from '../pnpm.mjs'
import { root } from '../run.mjs'

/** @returns {string | undefined} why the packages could not be installed */
export function missingPackages() {
  console.log('The packages in test/interop/packages: installing if necessary')
  const cwd = join(root, 'test/interop/packages')
  const { ok, output } = pnpm(['install', '--frozen-lockfile'], { cwd, offline: false })
  return ok
    ? undefined
    : `The packages in test/interop/packages could not be installed: ${output.trim()}`
}
