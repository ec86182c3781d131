import { join } from 'node:path'
import { root } from '../../scripts/run.mjs'

/** Where `scripts/interop.mjs` installs other people's packages. */
export const packagesFolder = join(root, 'test/interop/packages')
