// Kills, restarts, freezes, and slows Redis while requests are sent, and prints what their senders got as a
// table. `node test/redis/faults.mjs kill` runs the faults whose names contain `kill`.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createTestIssuer } from '@resource-server/testing'
import { startProxy } from './proxy.mjs'
import { startCluster, startRedis } from './redis-server.mjs'

// Ends the servers as well.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

/** Requests in a second. Each has a proof of its own. */
const rate = 100
/** In milliseconds. */
const [before, during, after] = [1500, 3000, 5000]

/** @typedef {Awaited<ReturnType<typeof startSetup>>} Setup */
/** @typedef {{ at: number, status: number, ms: number }} Response `at` is when it was sent */
/** @typedef {(setup: Setup) => unknown} Action */

/** What happens when the fault starts and when it ends. @type {Record<string, { start: Action, end: Action, isCluster?: true }>} */
const faults = {
  'no fault': { start: () => {}, end: () => {} },
  'killed, started after 3 s': {
    start: ({ server }) => server.kill(),
    end: ({ server }) => server.start(),
  },
  'restarted at once': {
    start: async ({ server }) => {
      await server.kill()
      await server.start()
    },
    end: () => {},
  },
  'frozen for 3 s': { start: ({ server }) => server.freeze(), end: ({ server }) => server.thaw() },
  'replies take 100 ms': {
    start: ({ proxy }) => proxy.delay(100),
    end: ({ proxy }) => proxy.delay(0),
  },
  'replies take 700 ms': {
    start: ({ proxy }) => proxy.delay(700),
    end: ({ proxy }) => proxy.delay(0),
  },
  'connections closed': { start: ({ proxy }) => proxy.disconnect(), end: () => {} },
  'network interrupted for 3 s': {
    start: ({ proxy }) => proxy.pause(),
    end: ({ proxy }) => proxy.resume(),
  },
  'connections silent, new ones work': {
    start: ({ proxy }) => proxy.silence(),
    end: () => {},
  },
  'one of three killed, started after 3 s': {
    isCluster: true,
    start: ({ server }) => server.kill(),
    end: ({ server }) => server.start(),
  },
}

/** @param {string} library @param {boolean} isCluster */
async function startSetup(library, isCluster) {
  const cluster = isCluster ? await startCluster() : undefined
  const server = cluster?.servers[0] ?? (await startRedis())
  for (const { command } of cluster?.servers ?? []) {
    await command('config', 'set', 'cluster-require-full-coverage', 'no')
  }
  const proxy = await startProxy(server.port)
  const issuer = await createTestIssuer()
  const options = {
    library: isCluster ? `${library}, cluster` : library,
    ports: cluster ? cluster.servers.map(({ port }) => port) : [proxy.port],
    issuer: issuer.url,
    jwks: { keys: [issuer.key.publicJwk] },
  }
  const script = fileURLToPath(new URL('faults-service.mjs', import.meta.url))
  const service = fork(script, [JSON.stringify(options)], { execArgv: ['--expose-gc'] })
  const [{ port }] = await once(service, 'message')
  return {
    server,
    proxy,
    send: senderOf(port, issuer),
    inspect: async () => {
      service.send('inspect')
      const [found] = await once(service, 'message')
      return /** @type {{ memory: number, reasons: Record<string, number> }} */ (found)
    },
    close: async () => {
      service.disconnect()
      await once(service, 'exit')
      await proxy.close()
      await (cluster ?? server).stop()
      await issuer.close()
    },
  }
}

/** Sends one request with a new proof. @type {(port: number, issuer: Awaited<ReturnType<typeof createTestIssuer>>) => () => Promise<Response>} */
function senderOf(port, issuer) {
  const agent = new Agent({ keepAlive: true })
  const client = issuer.dpopClient()
  const token = client.token({ aud: 'orders', expiresIn: 3600 })
  const url = 'https://api.example/orders'
  return () =>
    new Promise((resolve, reject) => {
      const at = performance.now()
      const iat = Math.floor(Date.now() / 1000)
      const headers = client.headers({ token, url, claims: { iat } })
      request({ port, host: '127.0.0.1', path: '/orders', agent, headers }, (response) => {
        const status = response.statusCode ?? 0
        response.resume().on('end', () => resolve({ at, status, ms: performance.now() - at }))
      })
        .on('error', reject)
        .end()
    })
}

/** @type {(library: string, name: string) => Promise<string[]>} */
async function runFault(library, name) {
  const fault = faults[name]
  if (!fault) throw new Error(`unknown fault: ${name}`)
  const setup = await startSetup(library, fault.isCluster === true)
  await Promise.all(Array.from({ length: 50 }, setup.send))
  const { memory } = await setup.inspect()
  /** @type {Promise<Response>[]} */
  const pending = []
  const timer = setInterval(() => pending.push(setup.send()), 1000 / rate)
  await wait(before)
  const startedAt = performance.now()
  await fault.start(setup)
  await wait(during)
  const endedAt = performance.now()
  await fault.end(setup)
  await wait(after)
  clearInterval(timer)
  const responses = await Promise.all(pending)
  const found = await setup.inspect()
  await setup.close()
  const grown = (found.memory - memory) / 2 ** 20
  process.stdout.write(`done: ${name}, ${library}\n`)
  return row(name, library, { responses, startedAt, endedAt, grown, reasons: found.reasons })
}

/**
 * @typedef {object} Result
 * @property {readonly Response[]} responses
 * @property {number} startedAt
 * @property {number} endedAt
 * @property {number} grown
 * @property {Record<string, number>} reasons
 */

/** @type {string[]} */
const errors = []

/** @type {(name: string, library: string, result: Result) => string[]} */
function row(name, library, { responses, startedAt, endedAt, grown, reasons }) {
  const count = (/** @type {number} */ wanted) =>
    responses.filter(({ status }) => status === wanted).length
  const others = responses.filter(({ status }) => ![200, 401, 503].includes(status))
  if (others.length > 0) errors.push(`${name}, ${library}: status ${others[0]?.status}`)
  const lastFailure = Math.max(
    startedAt,
    ...responses.filter(({ status }) => status !== 200).map(({ at }) => at),
  )
  const isRecovered = responses.some(({ at }) => at > lastFailure)
  if (!isRecovered) errors.push(`${name}, ${library}: it did not recover`)
  const slowest = Math.max(...responses.filter(({ at }) => at >= startedAt).map(({ ms }) => ms))
  const recovery =
    lastFailure === startedAt ? '-' : seconds(isRecovered ? lastFailure - startedAt : Infinity)
  const afterEnd = lastFailure > endedAt ? seconds(lastFailure - endedAt) : '-'
  const codes = Object.entries(reasons).map(([code, times]) => `${code} ${times}`)
  return [
    name,
    library,
    ...[responses.length, count(200), count(503), count(401)].map(String),
    ...[recovery, afterEnd, `${Math.round(slowest)}`, grown.toFixed(1), codes.join(', ')],
  ]
}

/** @type {(ms: number) => string} */
const seconds = (ms) => (Number.isFinite(ms) ? (ms / 1000).toFixed(2) : 'never')

const filters = process.argv.slice(2)
const selected = Object.keys(faults).filter(
  (name) => filters.length === 0 || filters.some((filter) => name.includes(filter)),
)
const headings = [
  ...['fault', 'client', 'requests', '200', '503', '401', 'failing for s', 'after its end s'],
  ...['slowest ms', 'memory MiB', 'codes'],
]
const table = [headings]
for (const name of selected) {
  for (const library of ['redis', 'ioredis']) table.push(await runFault(library, name))
}
const widths = headings.map((_, column) =>
  Math.max(...table.map((cells) => cells[column]?.length ?? 0)),
)
const lines = table.map((cells) =>
  cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | '),
)
process.stdout.write(`\n${lines.map((line) => `| ${line} |`).join('\n')}\n`)
for (const error of errors) process.stdout.write(`ERROR: ${error}\n`)
process.exitCode = errors.length === 0 ? 0 : 1
