// One of several processes of a service. Verifies copies of one proof as soon as its parent says so.
import { createVerifier } from '@resource-server/core'
import { redisStores } from '@resource-server/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

const connect = {
  redis: async (/** @type {string} */ url) => {
    const client = createClient({ url, disableOfflineQueue: true })
    await client.connect()
    return { client, close: () => client.destroy() }
  },
  ioredis: async (/** @type {string} */ url) => {
    const client = new Redis(url, { enableOfflineQueue: false, lazyConnect: true })
    await client.connect()
    return { client, close: () => client.disconnect() }
  },
}

const { url, issuer, jwks, copies, token, presentation, ...setting } = JSON.parse(
  process.argv[2] ?? '{}',
)
const library = /** @type {keyof typeof connect} */ (setting.library)
const { client, close } = await connect[library](url)
const { replay } = redisStores(client, { timeout: 900 })
const verifier = createVerifier({
  issuer,
  jwks,
  audience: 'orders',
  dpop: { store: replay },
})
process.send?.('ready')
process.once('message', () => void run())

async function run() {
  const attempts = Array.from({ length: copies }, () => verifier.check(token, presentation))
  const results = await Promise.all(attempts)
  process.send?.(results.map((result) => (result.ok ? 'accepted' : result.code)))
  verifier.close()
  close()
  process.disconnect()
}
