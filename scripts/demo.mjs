// `npm run demo`: sets up, builds, and plays examples/order-flow. Arguments go on to it:
// `npm run demo -- --trace trace.svg` draws all decisions.
import { join } from 'node:path'
import { run, root, tool } from './run.mjs'
import { setUp } from './setup.mjs'

setUp()
const built = run(tool('tsc'), ['-b'])
const played =
  built.ok &&
  run(process.execPath, [join(root, 'examples/order-flow/dist/main.js'), ...process.argv.slice(2)])
    .ok
process.exitCode = played ? 0 : 1
