// `npm run test:fleet`: simulates a fleet of services and one authorization server in virtual time, and prints
// the load on the server as a table. Pass `--instances 10000` for a larger fleet, and parts of scenario names
// to run only those.
import './help.mjs'
import { run, root, tool } from './run.mjs'
import { setUp } from './setup.mjs'
import { join } from 'node:path'

setUp({ forTests: false })
const built = run(tool('tsc'), ['-b'])
const main = join(root, 'test', 'fleet', 'main.mjs')
process.exitCode = built.ok && run(process.execPath, [main, ...process.argv.slice(2)]).ok ? 0 : 1
