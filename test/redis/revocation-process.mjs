// One of several processes of a service. Reports when it first refuses each token.
import { createVerifier } from '@resource-server/core'
import { redisRevocationFeed } from '@resource-server/redis'
import { createRevocationList } from '@resource-server/revocation'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

const connect = {
  redis: async (/** @type {string} */ url) => {
    const client = createClient({ url, disableOfflineQueue: true })
    const subscriber = client.duplicate()
    await Promise.all([client.connect(), subscriber.connect()])
    return { client, subscriber, close: () => [client, subscriber].map((one) => one.destroy()) }
  },
  ioredis: async (/** @type {string} */ url) => {
    const client = new Redis(url, { enableOfflineQueue: false, lazyConnect: true })
    const subscriber = client.duplicate()
    await Promise.all([client.connect(), subscriber.connect()])
    return { client, subscriber, close: () => [client, subscriber].map((one) => one.disconnect()) }
  },
}

const {
  url,
  issuer,
  jwks,
  tokens,
  library,
  audience = 'orders',
} = JSON.parse(process.argv[2] ?? '{}')
const { client, subscriber, close } = await connect[/** @type {keyof typeof connect} */ (library)](
  url,
)
const revocation = createRevocationList({
  feed: redisRevocationFeed(client, { subscriber, timeout: 900 }),
})
const verifier = createVerifier({ issuer, jwks, audience, maxLifetime: 3600, revocation })
// Twenty processes that start at once are slow.
while (!verifier.ready()) await new Promise((resolve) => setTimeout(resolve, 50))
process.send?.('ready')

/** When each token was first refused, in milliseconds since the epoch. @type {number[]} */
const refusedAt = []

async function look() {
  const result = await verifier.check(tokens[refusedAt.length])
  if (!result.ok && result.code === 'token_revoked') refusedAt.push(Date.now())
  if (refusedAt.length < tokens.length) {
    setTimeout(() => void look(), 20)
    return
  }
  process.send?.(refusedAt)
  verifier.close()
  close()
  process.disconnect()
}
await look()
