// Where things are, and how to start them. Every other script builds on this one.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The top of the repository, without a trailing slash. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')

/** Where scripts keep what may be deleted at any time. An install leaves it alone. */
export const cache = join(root, 'node_modules', '.cache', 'resource-server')

/**
 * An installed tool, without npx: npx asks the registry, and nothing may need the network once
 * set up.
 *
 * @param {string} name
 */
export function tool(name) {
  return join(root, 'node_modules', '.bin', name)
}

/**
 * Runs a command to its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, quiet?: boolean, env?: Record<string, string> }} [options] `quiet` keeps
 *   the output for the caller instead of showing it as it comes
 */
export function run(command, args, { cwd = root, quiet = false, env = {} } = {}) {
  const stream = quiet ? 'pipe' : 'inherit'
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    cwd,
    // Nothing here asks questions, so nothing may wait for an answer.
    stdio: ['ignore', stream, stream],
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const trouble = error?.message ?? (signal ? `stopped by ${signal}` : '')
  return {
    ok: status === 0,
    stdout: stdout ?? '',
    output: [stdout, stderr, trouble].filter(Boolean).join('\n'),
  }
}
