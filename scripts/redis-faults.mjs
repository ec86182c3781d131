// `npm run test:redis`: kills, restarts, freezes, and slows Redis while requests are sent, prints the effect on
// them as a table, and measures how many proofs per second are accepted and how long a revocation takes to reach
// 20 processes. Needs redis-server. Passes its arguments
// on: `npm run test:redis -- killed` runs the faults whose names contain `killed`.
import './help.mjs'
import { join } from 'node:path'
import { hasRedis, howToGetRedis } from './redis.mjs'
import { root, run, tool } from './run.mjs'
import { setUp } from './setup.mjs'

const folder = join(root, 'test', 'redis')

function main() {
  if (!hasRedis) {
    console.log(`Nothing was run: ${howToGetRedis}`)
    return false
  }
  setUp()
  if (!run(tool('tsc'), ['-b']).ok) return false
  const args = process.argv.slice(2)
  const faults = run(process.execPath, [join(folder, 'faults.mjs'), ...args])
  if (args.length > 0) return faults.ok
  const throughput = run(process.execPath, ['--expose-gc', join(folder, 'throughput.mjs')])
  const latency = run(process.execPath, [join(folder, 'revocation-latency.mjs')])
  return faults.ok && throughput.ok && latency.ok
}

process.exitCode = main() ? 0 : 1
