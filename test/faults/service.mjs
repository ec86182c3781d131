// A service of its own process: Express, with a clock that the parent moves.
import { createServer } from 'node:http'
import { createTestClock } from '@resource-server/testing'
import { resourceServer } from '@resource-server/express'
import express from 'express'

const { issuer, jwksUri, start } = JSON.parse(process.argv[2] ?? '{}')
const clock = createTestClock(new Date(start))
const api = resourceServer({ issuer, jwksUri, audience: 'order-service', clock })
const app = express()
app.use(api.requireAuthentication(), (_request, response) => void response.end('ok'))
const server = createServer(app)
server.keepAliveTimeout = 0
server.listen({ port: 0, host: '127.0.0.1', backlog: 16_384 }, () => {
  process.send?.({ port: /** @type {import('node:net').AddressInfo} */ (server.address()).port })
})

const held = () => {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
let [base, peak] = [0, 0]
const watch = setInterval(() => (peak = Math.max(peak, held())), 5)

/** @type {Record<string, (value: number) => unknown>} */
const calls = {
  advance: (seconds) => clock.advance(seconds),
  health: () => api.health().issuers[0],
  /** From here on growth is measured. */
  measure: () => {
    globalThis.gc?.()
    base = peak = held()
  },
  growth: () => Math.max(peak, held()) - base,
}

process.on('message', (/** @type {{ id: number, call: string, value: number }} */ message) => {
  const { id, call, value } = message
  process.send?.({ id, result: calls[call]?.(value) ?? null })
})
process.on('disconnect', () => {
  clearInterval(watch)
  server.close()
  server.closeAllConnections()
  api.close()
})
