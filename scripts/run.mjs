// Where things are, and how to start them. Every other script builds on this one.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startable } from './startable.mjs'

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
 * @param {{
 *   cwd?: string, quiet?: boolean, env?: Record<string, string>, timeout?: number, shell?: boolean
 * }} [options] `quiet` keeps the output for the caller instead of showing it as it arrives.
 *   `timeout` is in milliseconds; after it the command is stopped and has failed. `shell` runs
 *   `command` as a line of the system's shell: for lines that users copy, and for nothing else.
 */
export function run(command, args, options = {}) {
  const { cwd = root, quiet = false, env = {}, timeout, shell = false } = options
  const stream = quiet ? 'pipe' : 'inherit'
  const [file, ...before] = shell ? [command] : startable(command)
  const { status, signal, error, stdout, stderr } = spawnSync(file, [...before, ...args], {
    cwd,
    shell,
    timeout,
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
