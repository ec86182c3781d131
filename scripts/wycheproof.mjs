// Where the Wycheproof vectors are. They are not part of the project: see test/wycheproof/README.md.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { root } from './run.mjs'

/** @returns {string | undefined} the folder, or `undefined` where this machine has none */
export function wycheproofFolder() {
  const folder = resolve(process.env['WYCHEPROOF_DIR'] ?? join(root, '..', 'shared', 'wycheproof'))
  return existsSync(join(folder, 'json_web_signature_test.json')) ? folder : undefined
}

export const howToGetThem =
  'The Wycheproof vectors are not here. Set WYCHEPROOF_DIR to a folder that has them ' +
  '(testvectors_v1 of the project C2SP/wycheproof).'
