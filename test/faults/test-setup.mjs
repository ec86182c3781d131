// An issuer whose key set response a scenario can replace, and a service in its own process.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createTestClock, createTestIssuer } from '@resource-server/testing'

/** @typedef {import('node:http').ServerResponse} Response */
/** @typedef {(response: Response) => void} Respond */

/** Calls a function in the service's process. @typedef {(name: string, value?: number) => Promise<any>} Call */

export async function startTestSetup() {
  const start = new Date(Math.floor(Date.now() / 1000) * 1000)
  const clock = createTestClock(start)
  const issuer = await createTestIssuer({ algorithm: 'ES256', clock, discovery: 'none' })
  let fetches = 0
  let waiting = 0
  /** @type {object[]} */
  let published = [issuer.key.publicJwk]
  /** @type {Respond} */
  const sendKeySet = (response) => void response.end(JSON.stringify({ keys: published }))
  let respond = sendKeySet
  const server = createServer((_request, response) => {
    fetches += 1
    waiting += 1
    response.on('close', () => (waiting -= 1))
    respond(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const options = { issuer: issuer.url, jwksUri: `http://127.0.0.1:${port}/jwks`, start }
  const service = fork(
    fileURLToPath(new URL('service.mjs', import.meta.url)),
    [JSON.stringify(options)],
    { execArgv: ['--expose-gc'] },
  )
  const [{ port: servicePort }] = await once(service, 'message')
  const call = callerOf(service)
  return {
    port: servicePort,
    issuer,
    call,
    fetches: () => fetches,
    /** The number of fetches without a response so far. */
    waiting: () => waiting,
    sendKeySet,
    /** @param {Respond} next */
    respondWith: (next) => void (respond = next),
    /** @param {object[]} keys */
    publish: (...keys) => void (published = keys),
    /** @param {number} seconds */
    advance: async (seconds) => {
      clock.advance(seconds)
      await call('advance', seconds)
    },
    /** Waits until `count` key fetches have ended, successful or not. @param {number} count */
    waitForFetches: async (count) => {
      for (;;) {
        const health = await call('health')
        if (health.fetches >= count && !health.inFlight) return health
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    close: async () => {
      service.disconnect()
      await once(service, 'exit')
      server.close()
      server.closeAllConnections()
      await issuer.close()
    },
  }
}

/** @type {(service: import('node:child_process').ChildProcess) => Call} */
function callerOf(service) {
  /** @type {Map<number, (result: unknown) => void>} */
  const open = new Map()
  let last = 0
  service.on('message', (/** @type {{ id: number, result: unknown }} */ { id, result }) => {
    open.get(id)?.(result)
    open.delete(id)
  })
  return (name, value = 0) =>
    new Promise((resolve) => {
      last += 1
      open.set(last, resolve)
      service.send({ id: last, call: name, value })
    })
}
