// `npm run test:faults`: simulates outages, key rotations and floods, and prints their effect on requests as a
// table.
import './help.mjs'
import { run, root, tool } from './run.mjs'
import { setUp } from './setup.mjs'
import { join } from 'node:path'

setUp()
const built = run(tool('tsc'), ['-b'])
const main = join(root, 'test', 'faults', 'main.mjs')
process.exitCode = built.ok && run(process.execPath, [main]).ok ? 0 : 1
