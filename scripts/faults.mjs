// `npm run test:faults`: what a service's users notice of outages, rotations and floods, as a table.
import { run, root, tool } from './run.mjs'
import { setUp } from './setup.mjs'
import { join } from 'node:path'

setUp()
const built = run(tool('tsc'), ['-b'])
const main = join(root, 'test', 'faults', 'main.mjs')
process.exitCode = built.ok && run(process.execPath, [main]).ok ? 0 : 1
