// An issuer whose key set answers as a scenario wants, and a service in a process of its own.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createTestClock, createTestIssuer } from '@resource-server/testing'

/** @typedef {import('node:http').ServerResponse} Response */
/** @typedef {(response: Response) => void} Answer */

/** Sends a call to the service's process. @typedef {(name: string, value?: number) => Promise<any>} Call */

export async function createWorld() {
  const start = new Date(Math.floor(Date.now() / 1000) * 1000)
  const clock = createTestClock(start)
  const issuer = await createTestIssuer({ algorithm: 'ES256', clock, discovery: 'none' })
  let fetches = 0
  let waiting = 0
  /** @type {object[]} */
  let published = [issuer.key.publicJwk]
  /** @type {Answer} */
  const usual = (response) => void response.end(JSON.stringify({ keys: published }))
  let answer = usual
  const server = createServer((_request, response) => {
    fetches += 1
    waiting += 1
    response.on('close', () => (waiting -= 1))
    answer(response)
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
  const call = callsOf(service)
  return {
    port: servicePort,
    issuer,
    call,
    fetches: () => fetches,
    /** Fetches that have no answer yet. */
    waiting: () => waiting,
    usual,
    /** @param {Answer} next */
    answerWith: (next) => void (answer = next),
    /** @param {object[]} keys */
    publish: (...keys) => void (published = keys),
    /** @param {number} seconds */
    advance: async (seconds) => {
      clock.advance(seconds)
      await call('advance', seconds)
    },
    /** Until a key fetch has ended, well or not. @param {number} count */
    attempts: async (count) => {
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
function callsOf(service) {
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
