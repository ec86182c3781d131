// The address of the repository. release.json is the only place that names it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../run.mjs'

/** What the release script says while release.json has no address. */
export const addressUnknown =
  'The address of the repository is not known yet: write it into release.json.'

/**
 * @param {string} [file]
 * @returns {string | undefined} such as `https://host/owner/name`; `undefined` while it is unknown
 * @throws if release.json has anything else
 */
export function readAddress(file = join(root, 'release.json')) {
  const { repository, ...others } = JSON.parse(readFileSync(file, 'utf8'))
  const [unknown] = Object.keys(others)
  if (unknown) throw new Error(`release.json has an unknown member '${unknown}'.`)
  if (repository === null) return undefined
  if (typeof repository === 'string' && addressForm.test(repository)) return repository
  throw new Error(
    `'repository' in release.json must be null or https://<host>/<owner>/<name>, ` +
      `without '.git' and without a trailing slash.`,
  )
}

const addressForm = /^https:\/\/[\w.-]+\/[\w.-]+\/(?!\S*\.git$)[\w.-]+$/

/**
 * @typedef {{ address: string | undefined, version: string, folder: string }} Release `folder` is
 *   the package's folder in packages/
 */

/**
 * The manifest as it is published. npm compares `repository` with the workflow that publishes, and
 * refuses provenance if they differ.
 *
 * @template {object} Manifest
 * @param {Manifest} manifest
 * @param {Release} release
 * @returns {Manifest} the same one while the address is unknown
 */
export function withAddress(manifest, { address, version, folder }) {
  if (address === undefined) return manifest
  return {
    ...manifest,
    homepage: `${address}/tree/v${version}/packages/${folder}#readme`,
    bugs: { url: `${address}/issues` },
    repository: { type: 'git', url: `git+${address}.git`, directory: `packages/${folder}` },
  }
}
