// What users can import from the packages.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../scripts/run.mjs'

/**
 * @typedef {object} EntryPoint
 * @property {string} module what users import
 * @property {string} source the file of its TypeScript
 * @property {string} description of its package; empty for entry points other than the main one
 * @property {string} types the file of its declarations
 */

/**
 * The entry points of all packages. One that exports a single provider is left out: `/providers` exports them all.
 *
 * @returns {EntryPoint[]}
 */
export function entryPoints() {
  return readdirSync(join(root, 'packages')).flatMap((folder) => {
    const directory = join(root, 'packages', folder)
    const { name, description, exports } = JSON.parse(
      readFileSync(join(directory, 'package.json'), 'utf8'),
    )
    return Object.entries(exports)
      .filter(([entry, { types }]) => types !== undefined && !entry.startsWith('./providers/'))
      .map(([entry, { types }]) => ({
        module: name + entry.slice(1),
        description: entry === '.' ? description : '',
        types: join(directory, types),
        source: join(directory, types.replace(/^\.\/dist\/(.+)\.d\.ts$/, 'src/$1.ts')),
      }))
  })
}
