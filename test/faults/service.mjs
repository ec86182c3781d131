// The service under test: an Express app in its own process, with a clock that the parent advances.
import { createServer } from 'node:http'
import { monitorEventLoopDelay } from 'node:perf_hooks'
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

const memoryInUse = () => {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
let [base, peak] = [0, 0]
let cpuBefore = process.cpuUsage()
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const sampler = setInterval(() => (peak = Math.max(peak, memoryInUse())), 5)

/** @type {Record<string, (value: number) => unknown>} */
const calls = {
  advance: (seconds) => clock.advance(seconds),
  health: () => api.health().issuers[0],
  /** Starts the measurement of memory growth, CPU time, and the delay of the event loop. */
  measure: () => {
    globalThis.gc?.()
    base = peak = memoryInUse()
    delay.reset()
    cpuBefore = process.cpuUsage()
  },
  /** CPU time of all threads in milliseconds, and how late the event loop was in milliseconds. */
  load: () => {
    const { user, system } = process.cpuUsage(cpuBefore)
    return { cpu: (user + system) / 1000, delay: delay.percentile(99) / 1e6 }
  },
  growth: () => Math.max(peak, memoryInUse()) - base,
}

process.on('message', (/** @type {{ id: number, call: string, value: number }} */ message) => {
  const { id, call, value } = message
  process.send?.({ id, result: calls[call]?.(value) ?? null })
})
process.on('disconnect', () => {
  clearInterval(sampler)
  delay.disable()
  server.close()
  server.closeAllConnections()
  api.close()
})
