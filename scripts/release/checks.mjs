// What must be true before a release. Each check returns what is wrong, or `undefined`.
import { addressUnknown } from './address.mjs'

/**
 * What the checks look at. The functions are called when their check is reached.
 *
 * @typedef {object} Facts
 * @property {string | undefined} address
 * @property {Readonly<Record<string, string | undefined>>} env
 * @property {boolean} provenance
 * @property {string | undefined} registry `undefined` is npm's default one
 * @property {() => string} status what `git status --porcelain` prints
 * @property {() => readonly string[]} changesets the names in `.changeset`
 * @property {readonly { name: string, manifest: { version: string } }[]} packages
 * @property {() => ReadonlyMap<string, string>} changelogs by path
 * @property {() => readonly string[]} tags of the commit
 */

/**
 * The checks in their order, up to the first one that fails.
 *
 * @param {Facts} facts
 * @returns {Generator<{ name: string, problem: string | undefined }>}
 */
export function* checksBeforeBuild(facts) {
  const { address, env, provenance, registry, packages } = facts
  const version = packages[0]?.manifest.version ?? ''
  const started = env['GITHUB_REF_TYPE'] === 'tag' ? env['GITHUB_REF_NAME'] : undefined
  /** @type {readonly (readonly [name: string, problem: () => string | undefined])[]} */
  const checks = [
    ['repository address', () => (address ? wrongRepository(address, env) : addressUnknown)],
    ['provenance', () => (provenance ? undefined : needsProvenance(registry))],
    ['clean tree', () => uncleanTree(facts.status())],
    ['changesets', () => pendingChangesets(facts.changesets())],
    ['versions', () => wrongVersions(packages)],
    ['changelogs', () => missingChangelogs(version, facts.changelogs())],
    ['tag', () => wrongTag(version, facts.tags(), started)],
  ]
  for (const [name, findProblem] of checks) {
    const problem = findProblem()
    yield { name, problem }
    if (problem !== undefined) return
  }
}

/**
 * The workflow runs in the repository that release.json names. Provenance is refused otherwise.
 *
 * @type {(address: string, env: Readonly<Record<string, string | undefined>>) => string | undefined}
 */
export function wrongRepository(address, { GITHUB_SERVER_URL, GITHUB_REPOSITORY }) {
  if (!GITHUB_REPOSITORY) return undefined
  const here = `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`
  return here === address
    ? undefined
    : `release.json names ${address}, but this workflow runs in ${here}.`
}

/**
 * Only what is committed is released.
 *
 * @type {(status: string) => string | undefined} `status` is what `git status --porcelain` prints
 */
export function uncleanTree(status) {
  return status.trim() === ''
    ? undefined
    : `The working tree has changes that are not committed:\n${status.trimEnd()}`
}

/**
 * All packages have one version, and changesets have set it.
 *
 * @type {(packages: readonly { name: string, manifest: { version: string } }[]) => string | undefined}
 */
export function wrongVersions(packages) {
  const versions = new Set(packages.map(({ manifest }) => manifest.version))
  const [version = ''] = versions
  if (versions.size !== 1) return `The packages have several versions: ${[...versions].join(', ')}.`
  if (version === '0.0.0') return `The packages still have version 0.0.0. ${howToVersion}`
  return /^\d+\.\d+\.\d+$/.test(version)
    ? undefined
    : `The version '${version}' is not <major>.<minor>.<patch>.`
}

const howToVersion = 'Run npm run release:version and commit the result.'

/**
 * Every changeset is part of a version.
 *
 * @type {(files: readonly string[]) => string | undefined} `files` are the names in `.changeset`
 */
export function pendingChangesets(files) {
  const pending = files.filter(isChangeset)
  return pending.length === 0
    ? undefined
    : `There are changesets without a version: ${pending.join(', ')}. ${howToVersion}`
}

/** @type {(file: string) => boolean} */
export function isChangeset(file) {
  return file.endsWith('.md') && file !== 'README.md'
}

/**
 * Every changelog has an entry for the version.
 *
 * @type {(version: string, changelogs: ReadonlyMap<string, string>) => string | undefined}
 */
export function missingChangelogs(version, changelogs) {
  const missing = [...changelogs]
    .filter(([, text]) => !text.split(/\r?\n/).includes(`## ${version}`))
    .map(([path]) => path)
  return missing.length === 0
    ? undefined
    : `There is no entry for ${version} in ${missing.join(', ')}. ${howToVersion}`
}

/**
 * The tag says the version that the packages have.
 *
 * @param {string} version
 * @param {readonly string[]} tags of the commit
 * @param {string | undefined} started the tag that started the workflow, if one did
 * @returns {string | undefined}
 */
export function wrongTag(version, tags, started) {
  const wanted = `v${version}`
  if (started && started !== wanted) {
    return `The tag is ${started}, but the packages have version ${version}.`
  }
  if (tags.includes(wanted)) return undefined
  const found = tags.length === 0 ? 'no tag' : tags.join(', ')
  return `This commit must have the tag ${wanted}; it has ${found}.`
}

/**
 * Provenance is left out on a throwaway registry only.
 *
 * @type {(registry: string | undefined) => string | undefined}
 */
export function needsProvenance(registry) {
  const loopback =
    registry && ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(registry).hostname)
  return loopback ? undefined : '--no-provenance is allowed only with a --registry on loopback.'
}
