// `npm run test:faults`: simulates outages, key rotations and floods, and prints their effect on requests as a
// table.
import './help.mjs'
import { build } from './build.mjs'
import { run, root } from './run.mjs'
import { setUp } from './setup.mjs'
import { join } from 'node:path'

setUp()
const built = build()
const main = join(root, 'test', 'faults', 'main.mjs')
process.exitCode = built.ok && run(process.execPath, [main]).ok ? 0 : 1
