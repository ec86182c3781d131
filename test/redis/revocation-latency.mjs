// Measures how long a revocation takes to reach 20 processes through Redis, which look every 20 ms. Run it after a
// build: `node test/redis/revocation-latency.mjs`. Prints milliseconds, and fails if p99 is over one second.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createVerifier } from '@resource-server/core'
import { redisRevocationFeed } from '@resource-server/redis'
import { createRevocationList } from '@resource-server/revocation'
import { createTestIssuer, createTestClock } from '@resource-server/testing'
import { createClient } from 'redis'
import { startRedis } from './redis-server.mjs'

/**
 * @param {{ processes: number, revocations: number, pause: number }} size
 * @returns {Promise<readonly number[]>} the milliseconds of each revocation in each process
 */
export async function measureLatency({ processes, revocations, pause }) {
  const server = await startRedis()
  const issuer = await createTestIssuer({ clock: createTestClock(new Date()) })
  const client = createClient({ url: server.url, disableOfflineQueue: true })
  await client.connect()
  const jwks = { keys: [issuer.key.publicJwk] }
  const list = createRevocationList({ feed: redisRevocationFeed(client, { timeout: 900 }) })
  const options = { issuer: issuer.url, jwks, audience: 'orders', maxLifetime: 3600 }
  const verifier = createVerifier({ ...options, revocation: list })
  const jtis = Array.from({ length: revocations }, (_, at) => `t-${at}`)
  const tokens = jtis.map((jti) =>
    issuer.token({ aud: 'orders', expiresIn: 3000, claims: { jti } }),
  )
  const script = fileURLToPath(new URL('revocation-process.mjs', import.meta.url))
  const children = Array.from({ length: processes }, (_, at) => {
    const library = at % 2 ? 'redis' : 'ioredis'
    const setting = { url: server.url, issuer: issuer.url, jwks, tokens, library }
    return fork(script, [JSON.stringify(setting)])
  })
  try {
    await Promise.all(children.map(nextMessage))
    const results = Promise.all(children.map(nextMessage))
    results.catch(() => {})
    /** @type {number[]} */
    const revokedAt = []
    for (const jti of jtis) {
      revokedAt.push(Date.now())
      await list.revoke({ issuer: issuer.url, jti })
      await new Promise((resolve) => setTimeout(resolve, pause))
    }
    const learned = /** @type {number[][]} */ (await results)
    return learned.flatMap((times) => times.map((time, at) => time - Number(revokedAt[at])))
  } finally {
    for (const child of children) child.kill()
    verifier.close()
    client.destroy()
    await issuer.close()
    await server.stop()
  }
}

/** @type {(child: import('node:child_process').ChildProcess) => Promise<unknown>} */
function nextMessage(child) {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`the process ended with ${code}`)))
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const size = { processes: 20, revocations: 50, pause: 100 }
  const sorted = (await measureLatency(size)).toSorted((one, other) => one - other)
  const at = (/** @type {number} */ part) => sorted[Math.ceil(part * sorted.length) - 1]
  const figures = { p50: at(0.5), p99: at(0.99), max: at(1) }
  const line = JSON.stringify({ ...size, ...figures })
  process.stdout.write(`revocations in several processes: ${line}\n`)
  process.exitCode = Number(figures.p99) <= 1000 ? 0 : 1
}
