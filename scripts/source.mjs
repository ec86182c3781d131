// Imports files of the packages' source, for scripts that need what no entry point exports.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'
import { cache, root } from './run.mjs'

/**
 * @param {string} path of a file in `packages/`, such as `core/src/lib/s3-fifo.ts`
 * @returns {Promise<any>} a copy of the module, with copies of all that it imports
 */
export async function importSource(path) {
  const build = await rolldown({
    cwd: root,
    input: join(root, 'packages', path),
    platform: 'node',
    external: /^(?:node:|jose\b)/,
    resolve: { alias: platformFiles },
  })
  const file = join(cache, 'source', path.replace(/\.ts$/, '.mjs'))
  await build.write({ format: 'esm', file, codeSplitting: false })
  await build.close()
  return import(pathToFileURL(file).href)
}

const platformFiles = {
  '#platform': join(root, 'packages/core/src/platform/node.ts'),
  '#crypto': join(root, 'packages/core/src/platform/node-crypto.ts'),
}
