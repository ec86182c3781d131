import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createTestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hasRedis, howToGetRedis } from '../../scripts/redis.mjs'
import { kinds } from './clients.ts'
import { startRedis } from './redis-server.mjs'
import { startService } from './service.ts'

// Of 100 copies of one proof, exactly one is accepted.

const processes = 20
const copies = 5
const script = fileURLToPath(new URL('process.mjs', import.meta.url))
const url = 'https://api.example/orders'

const count = (values: readonly string[]): Record<string, number> =>
  Object.fromEntries(
    [...new Set(values)].map((value) => [value, values.filter((one) => one === value).length]),
  )

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`the process ended with ${code}`)))
  })
}

describe.runIf(hasRedis)(
  `copies of one proof${hasRedis ? '' : ` (skipped: ${howToGetRedis})`}`,
  () => {
    test.each(kinds)('one of 100 is accepted in one process with $name', async ({ connect }) => {
      const server = await startRedis()
      onTestFinished(() => server.stop())
      const connection = await connect(server.url)
      onTestFinished(() => connection.close())
      const service = await startService(connection, { timeout: 900 })
      onTestFinished(() => service.close())
      // From the second after the start of Redis, so it cannot have been used before.
      const headers = service.headers(undefined, 1)
      const all = await Promise.all(Array.from({ length: 100 }, () => service.statusOf(headers)))
      expect(count(all.map(String))).toEqual({ 200: 1, 401: 99 })
    })

    test(`one of 100 is accepted in ${processes} processes, half of them with each package`, async () => {
      const server = await startRedis()
      onTestFinished(() => server.stop())
      const issuer = await createTestIssuer()
      onTestFinished(() => issuer.close())
      const client = issuer.dpopClient()
      const token = client.token({ aud: 'orders' })
      // The proof is from the second after the start of Redis, so it cannot have been used before.
      const setting = {
        ...{ url: server.url, copies, token },
        ...{ issuer: issuer.url, jwks: { keys: [issuer.key.publicJwk] } },
        presentation: {
          dpop: { proof: client.proof({ token, url, issuedIn: 1 }), method: 'GET', url },
        },
      }
      const children = Array.from({ length: processes }, (_, at) =>
        fork(script, [JSON.stringify({ ...setting, library: at % 2 ? 'redis' : 'ioredis' })]),
      )
      onTestFinished(() => children.forEach((child) => child.kill()))
      await Promise.all(children.map(nextMessage))
      const results = Promise.all(children.map(nextMessage))
      for (const child of children) child.send('go')
      const codes = (await results).flat() as string[]
      expect(count(codes)).toEqual({ accepted: 1, proof_replayed: processes * copies - 1 })
    }, 60_000)
  },
)
