// Finds the Wycheproof vectors, which are not part of this repository. See test/wycheproof/README.md.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from './run.mjs'

/** @returns {string | undefined} the folder, or `undefined` if there is none */
export function wycheproofFolder() {
  const folder = resolve(process.env['WYCHEPROOF_DIR'] ?? join(root, '..', 'shared', 'wycheproof'))
  return existsSync(join(folder, 'json_web_signature_test.json')) ? folder : undefined
}

export const howToGetThem =
  'The Wycheproof vectors were not found. Set WYCHEPROOF_DIR to the folder testvectors_v1 ' +
  'of the project C2SP/wycheproof.'
