// Measures how many proofs of one key are accepted per second with Redis, and the memory of this process while
// many arrive. The lines are in docs/redis.md. Redis runs on the same machine.
import { randomUUID } from 'node:crypto'
import { createVerifier } from '@resource-server/core'
import { redisStores } from '@resource-server/redis'
import { createTestIssuer } from '@resource-server/testing'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { startRedis } from './redis-server.mjs'

/** What the requirement says. */
const rate = 5000
const seconds = 30
const signedProofs = 20_000
const concurrency = 64

/** @type {(line: string) => void} */
const print = (line) => void process.stdout.write(`${line}\n`)
/** @type {(number: number) => string} */
const whole = (number) => Math.round(number).toLocaleString('en-US')

const server = await startRedis()
const url = 'https://api.example/orders'
const issuer = await createTestIssuer()

/** @type {Record<string, () => Promise<{ client: import('@resource-server/redis').RedisClient, close: () => void }>>} */
const clients = {
  redis: async () => {
    const client = createClient({ url: server.url, disableOfflineQueue: true })
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  ioredis: async () => {
    const client = new Redis(server.url, { enableOfflineQueue: false, lazyConnect: true })
    await client.connect()
    return { client, close: () => client.disconnect() }
  },
}

/** @type {(count: number, work: () => Promise<unknown>) => Promise<number>} calls per second */
async function closedLoop(count, work) {
  let left = count
  const worker = async () => {
    while (left > 0) {
      left -= 1
      await work()
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: concurrency }, worker))
  return count / ((performance.now() - start) / 1000)
}

const newProof = () => {
  const now = Date.now()
  return { id: randomUUID(), jkt: 'one-key', now, expiresAt: now + 75_000 }
}

const memory = () => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

/** @type {(values: number[], part: number) => string} */
const percentile = (values, part) =>
  (values.toSorted((a, b) => a - b)[Math.floor(values.length * part)] ?? NaN).toFixed(1)

/** Sends `rate` proofs each second, whether or not the earlier ones were answered. */
async function openLoop(/** @type {import('@resource-server/core').ReplayStore} */ replay) {
  /** @type {number[]} */
  const times = []
  /** @type {number[]} */
  const samples = []
  let [sent, accepted, failed] = [0, 0, 0]
  const send = async () => {
    const start = performance.now()
    try {
      if (await replay.consume(newProof())) accepted += 1
    } catch {
      failed += 1
    }
    times.push(performance.now() - start)
  }
  /** @type {Promise<void>[]} */
  let pending = []
  const start = performance.now()
  while (sent < rate * seconds) {
    await new Promise((resolve) => setTimeout(resolve, 2))
    const due = Math.min(rate * seconds, ((performance.now() - start) / 1000) * rate)
    for (; sent < due; sent += 1) pending.push(send())
    if (sent / rate >= 5 * (samples.length + 1)) {
      await Promise.all(pending)
      pending = []
      samples.push(memory() - (times.length * 8) / 2 ** 20)
    }
  }
  await Promise.all(pending)
  const took = (performance.now() - start) / 1000
  return { accepted, failed, took, times, samples }
}

for (const [name, connect] of Object.entries(clients)) {
  const { client, close } = await connect()
  const { replay } = redisStores(client, { prefix: `${name}:` })
  await closedLoop(2000, async () => replay.consume(newProof()))
  const perSecond = await closedLoop(100_000, async () => replay.consume(newProof()))
  print(`${name}: the store records ${whole(perSecond)} proofs per second`)

  const { jwks, ...rest } = { jwks: { keys: [issuer.key.publicJwk] }, issuer: issuer.url }
  const dpop = { store: redisStores(client, { prefix: `${name}:verified:` }).replay }
  const verifier = createVerifier({ ...rest, jwks, audience: 'orders', dpop })
  const dpopClient = issuer.dpopClient()
  const token = dpopClient.token({ aud: 'orders' })
  const iat = Math.floor(Date.now() / 1000)
  const proofs = Array.from({ length: signedProofs }, () =>
    dpopClient.proof({ token, url, claims: { iat } }),
  )
  let refused = 0
  const verified = await closedLoop(signedProofs, async () => {
    const presentation = { dpop: { proof: proofs.pop() ?? '', method: 'GET', url } }
    const result = await verifier.check(token, presentation)
    if (!result.ok) refused += 1
  })
  print(`${name}: one process verifies ${whole(verified)} proofs per second, ${refused} refused`)
  verifier.close()

  await server.command('flushall')
  const empty = memoryOf(await server.command('info', 'memory'))
  const { accepted, failed, took, times, samples } = await openLoop(replay)
  const used = memoryOf(await server.command('info', 'memory')) - empty
  print(
    `${name}: ${whole(accepted)} proofs of one key accepted, ${failed} failed in ${took.toFixed(1)} s: ` +
      `${whole(accepted / took)} per second, p50 ${percentile(times, 0.5)} ms, p99 ${percentile(times, 0.99)} ms`,
  )
  const each = samples.map((sample) => sample.toFixed(1)).join(', ')
  print(`${name}: memory of this process every five seconds, in MiB: ${each}`)
  print(`${name}: memory of Redis for each proof, in bytes: ${whole(used / accepted)}`)
  close()
}
await server.stop()
await issuer.close()

/** @type {(info: string) => number} */
function memoryOf(info) {
  return Number(/used_memory:(\d+)/.exec(info)?.[1])
}
