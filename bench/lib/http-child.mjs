// Runs one server in a separate process, so that its CPU time can be measured. Talks to its parent over IPC.
import { servers } from './servers.mjs'

const [framework = '', contender = '', setup = '{}'] = process.argv.slice(2)
const entry = servers[framework]?.[contender]
if (!entry) throw new Error(`unknown server: ${framework}, ${contender}`)
const server = await entry.listen(JSON.parse(setup))
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  process.send?.({ port })
})
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpu: user + system, rss: process.memoryUsage().rss })
})
process.on('disconnect', () => process.exit(0))
