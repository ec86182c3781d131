// Publishes tarballs with npm.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { run } from '../run.mjs'

/**
 * @typedef {object} Target
 * @property {string | undefined} registry npm's default one if `undefined`
 * @property {string | undefined} token `undefined` for a workflow that the registry trusts
 * @property {boolean} provenance
 */

/**
 * Publishes one tarball, unless the registry has it already: a release that broke off can be run
 * again. A version never changes, so other content under the same version is an error.
 *
 * @param {{ name: string, version: string, tarball: string }} release
 * @param {Target} target
 * @returns {'published' | 'already there'}
 * @throws if npm fails, or the registry has the version with other content
 */
export function publish({ name, version, tarball }, { registry, token, provenance }) {
  const where = registry ? ['--registry', registry] : []
  const env = token ? tokenFor(registry ?? defaultRegistry(), token) : {}
  const spec = `${name}@${version}`
  if (isThere(spec, integrityOf(spec, where, env), readFileSync(tarball))) return 'already there'
  const flags = ['--access', 'public', `--provenance=${provenance}`]
  const { ok, output } = run('npm', ['publish', tarball, ...flags, ...where], { quiet: true, env })
  if (!ok) throw new Error(`npm did not publish ${spec}.\n${output}`)
  return 'published'
}

/**
 * @type {(spec: string, where: readonly string[], env: Record<string, string>) => string | undefined}
 * @throws if the registry does not answer
 */
function integrityOf(spec, where, env) {
  const args = ['view', spec, 'dist.integrity', '--json', ...where]
  const { ok, stdout, output } = run('npm', args, { quiet: true, env })
  const answer = stdout.trim() === '' ? undefined : JSON.parse(stdout)
  if (ok) return answer
  if (answer?.error?.code === 'E404') return undefined
  throw new Error(`npm cannot tell whether ${spec} is published.\n${output}`)
}

/**
 * @param {string} spec
 * @param {string | undefined} integrity of what the registry has, as npm writes it
 * @param {Uint8Array} tarball
 * @returns {boolean}
 * @throws if the registry has other content
 */
export function isThere(spec, integrity, tarball) {
  if (integrity === undefined) return false
  const own = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
  if (integrity === own) return true
  throw new Error(`${spec} is published with other content. Release a new version.`)
}

/** npm reads a token from its environment under the registry's name. @type {(registry: string, token: string) => Record<string, string>} */
function tokenFor(registry, token) {
  const { host, pathname } = new URL(registry)
  return { [`npm_config_//${host}${pathname.replace(/\/?$/, '/')}:_authToken`]: token }
}

function defaultRegistry() {
  return run('npm', ['config', 'get', 'registry'], { quiet: true }).stdout.trim()
}
