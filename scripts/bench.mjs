// `npm run bench`: sets up, builds, installs the peers in `bench/`, and runs the benchmarks. Passes its
// arguments on: `npm run bench -- --quick`. Not part of `npm test`, because results depend on the load of the
// machine.
import './help.mjs'
import { join } from 'node:path'
import { pnpm } from './pnpm.mjs'
import { root, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const bench = join(root, 'bench')

setUp()
const built = run(tool('tsc'), ['-b']).ok
const installed = built && pnpm(['install', '--frozen-lockfile'], { cwd: bench, offline: false })
if (installed && !installed.ok) console.error(installed.output)
const args = ['--expose-gc', join(bench, 'main.mjs'), ...process.argv.slice(2)]
process.exitCode = installed && installed.ok && run(process.execPath, args).ok ? 0 : 1
