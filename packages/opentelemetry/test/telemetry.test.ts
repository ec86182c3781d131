import { EventEmitter, once } from 'node:events'
import { channel } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { context, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { type ResourceServerOptions, resourceServer } from '@resource-server/express'
import { createTestIssuer } from '@resource-server/testing'
import express, { type RequestHandler, type Response } from 'express'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startTelemetry, type TelemetryOptions } from '../src/index.ts'

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const aud = 'order-service'
const validToken = issuer.token({
  aud,
  scope: 'orders:read',
  actors: ['order-service', 'user-service'],
})
const common = { issuer: issuer.url, audience: aud, clock: issuer.clock } as const

const spans = new InMemorySpanExporter()
let tracer: Tracer

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
  trace.setGlobalTracerProvider(provider)
  tracer = trace.getTracer('test')
})
afterAll(() => {
  trace.disable()
  context.disable()
})

/** Starts telemetry for one test. `points` returns the collected data points of a metric. */
function start(options: TelemetryOptions = {}) {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const telemetry = startTelemetry({ meterProvider, ...options })
  spans.reset()
  onTestFinished(async () => {
    telemetry.stop()
    await meterProvider.shutdown()
  })
  const points = async (name: string) => {
    await meterProvider.forceFlush()
    const metrics = exporter
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap((scope) => scope.metrics)
    const metric = metrics?.find(({ descriptor }) => descriptor.name === name)
    return (metric?.dataPoints ?? []).map(({ attributes, value }) => ({ ...attributes, value }))
  }
  return { telemetry, points }
}

/**
 * Starts a service with spans like those of an HTTP instrumentation: active during the request and
 * ended when the response closes.
 */
async function serve(
  options: Partial<ResourceServerOptions> = {},
  handler: RequestHandler = (_req, res) => void setImmediate(() => res.send('in')),
) {
  const api = resourceServer({ ...common, ...options })
  const app = express().get('/:id', api.requireScope('orders:read'), handler)
  const server = createServer((request, response) => {
    tracer.startActiveSpan(`GET ${request.url}`, (span) => {
      response.once('close', () => span.setStatus({ code: SpanStatusCode.OK }).end())
      app(request, response)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return async (path: string, token?: string) => {
    const headers = token ? { authorization: `Bearer ${token}` } : {}
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
    await response.text()
    return response.status
  }
}

/** The finished spans, each with its first event and the number of its other events. */
const events = () =>
  spans.getFinishedSpans().map(({ name, events: [event, ...others] }) => ({
    name,
    event: event?.name,
    attributes: event?.attributes,
    otherEvents: others.length,
  }))

const outcome = 'resource_server.outcome'
const code = 'resource_server.code'

describe('metrics', () => {
  test('count decisions by outcome and code, and measure verification time', async () => {
    const { points } = start()
    const send = await serve()
    const tokenWithoutScope = issuer.token({ aud })
    // A token is cached on its second use, so only the third verification is a cache hit.
    const statuses = [
      await send('/1', validToken),
      await send('/1', validToken),
      await send('/2', validToken),
    ]
    expect([...statuses, await send('/3', tokenWithoutScope)]).toEqual([200, 200, 200, 403])
    expect([await send('/4'), await send('/5', issuer.token({ aud: 'another' }))]).toEqual([
      401, 401,
    ])
    await expect
      .poll(() => points('resource_server.decisions'))
      .toEqual(
        expect.arrayContaining([
          { [outcome]: 'granted', value: 3 },
          { [outcome]: 'refused', [code]: 'scope_insufficient', value: 1 },
          { [outcome]: 'refused', [code]: 'credential_missing', value: 1 },
          { [outcome]: 'refused', [code]: 'audience_mismatch', value: 1 },
        ]),
      )
    const cached = 'resource_server.cached'
    const durations = await points('resource_server.verification.duration')
    expect(
      durations.map(({ value, ...labels }) => [labels, (value as { count: number }).count]),
    ).toEqual(
      expect.arrayContaining([
        [{ [outcome]: 'granted', [cached]: false }, 2],
        [{ [outcome]: 'granted', [cached]: true }, 1],
        [{ [outcome]: 'refused', [cached]: false }, 2],
      ]),
    )
  })

  test('count outages and key set fetches, and report the age of the key set', async () => {
    await using ownIssuer = await createTestIssuer({ algorithm: 'ES256' })
    const { points } = start()
    const send = await serve({ issuer: ownIssuer.url, clock: ownIssuer.clock })
    expect(await send('/1', ownIssuer.token({ aud, scope: 'orders:read' }))).toBe(200)
    const labels = { 'resource_server.issuer': ownIssuer.url }
    expect(await points('resource_server.key_set.fetches')).toEqual([
      { ...labels, 'resource_server.fetch': 'fetched', value: 1 },
    ])
    expect(await points('resource_server.key_set.age')).toEqual([
      { ...labels, value: expect.any(Number) },
    ])

    const stoppedIssuer = await createTestIssuer({ algorithm: 'ES256' })
    await stoppedIssuer.close()
    const sendToOther = await serve({ issuer: stoppedIssuer.url, clock: stoppedIssuer.clock })
    expect(await sendToOther('/1', stoppedIssuer.token({ aud }))).toBe(503)
    expect(await points('resource_server.decisions')).toContainEqual({
      [outcome]: 'unavailable',
      [code]: 'keys_unavailable',
      value: 1,
    })
    expect(await points('resource_server.key_set.fetches')).toContainEqual({
      'resource_server.issuer': stoppedIssuer.url,
      'resource_server.fetch': 'failed',
      value: 1,
    })
  })

  test('count lost records', async () => {
    const { points } = start()
    const send = await serve({ onDecision: () => Promise.reject() })
    await send('/1')
    await send('/2')
    await expect.poll(() => points('resource_server.records.lost')).toEqual([{ value: 2 }])
  })

  test('use no kid, issuer, subject or path of a request as an attribute', async () => {
    const { points } = start()
    const send = await serve()
    for (let count = 0; count < 50; count += 1) {
      const name = `made-up-${count}`
      await send(`/${name}`, issuer.token({ aud, header: { kid: name } }))
      await send(`/${name}`, issuer.token({ aud, claims: { iss: `https://${name}.example` } }))
      await send(`/${name}`, issuer.token({ aud, sub: name, clientId: name, actors: [name] }))
    }
    const all = [
      ...(await points('resource_server.decisions')),
      ...(await points('resource_server.verification.duration')),
      ...(await points('resource_server.key_set.fetches')),
      ...(await points('resource_server.key_set.age')),
    ]
    expect(JSON.stringify(all)).not.toContain('made-up')
    expect(all.length).toBeLessThan(15)
  })

  test('report unknown values as "other" if invalid messages are published to the channels', async () => {
    const { points } = start()
    const decisions = channel('resource-server:decision')
    for (let count = 0; count < 20; count += 1)
      decisions.publish({ outcome: `x${count}`, code: `constructor${count}`, checks: [] })
    for (const message of [null, undefined, 'x', { code: '__proto__', outcome: 'refused' }])
      decisions.publish(message)
    const keys = channel('resource-server:keys')
    for (let count = 0; count < 300; count += 1)
      keys.publish({ issuer: `https://${count}.example`, event: 'fetched' })
    expect(await points('resource_server.decisions')).toEqual([
      { [outcome]: 'other', [code]: 'other', value: 20 },
      { [outcome]: 'other', value: 1 },
      { [outcome]: 'refused', [code]: 'other', value: 1 },
    ])
    expect(await points('resource_server.key_set.fetches')).toHaveLength(101)
  })

  test('stop after telemetry.stop()', async () => {
    const { points, telemetry } = start()
    const send = await serve()
    telemetry.stop()
    await send('/1', validToken)
    expect(await points('resource_server.decisions')).toEqual([])
    expect(await points('resource_server.key_set.age')).toEqual([])
  })
})

describe('the span event', () => {
  test('is added to the span of its request, without identities', async () => {
    start()
    const send = await serve()
    await Promise.all([send('/1', validToken), send('/2'), send('/3', issuer.token({ aud }))])
    await expect.poll(() => events().length).toBe(3)
    const byName = Object.fromEntries(events().map(({ name, ...rest }) => [name, rest]))
    const event = 'resource_server.decision'
    const guard = { 'resource_server.guard': 'requireScope(orders:read)' }
    const verified = { 'resource_server.issuer': issuer.url, 'resource_server.cached': false }
    expect(byName).toEqual({
      'GET /1': {
        event,
        otherEvents: 0,
        attributes: {
          [outcome]: 'granted',
          ...guard,
          ...verified,
          'resource_server.chain.depth': 2,
        },
      },
      'GET /2': {
        event,
        otherEvents: 0,
        attributes: { [outcome]: 'refused', [code]: 'credential_missing', ...guard },
      },
      'GET /3': {
        event,
        otherEvents: 0,
        attributes: { [outcome]: 'refused', [code]: 'scope_insufficient', ...guard, ...verified },
      },
    })
  })

  test('contains subject, client and actors with identities: true', async () => {
    start({ identities: true })
    const send = await serve()
    await send('/1', validToken)
    await expect.poll(() => events().length).toBe(1)
    expect(events()[0]?.attributes).toMatchObject({
      'resource_server.subject': 'user-42',
      'resource_server.client': 'order-service',
      'resource_server.actor': 'order-service',
      'resource_server.chain': 'user-42 ⇐ user-service ⇐ order-service',
    })
  })

  test('is added to the span even if the response is sent from outside the span', async () => {
    start()
    const handler = new EventEmitter()
    const send = await serve({}, (_req, res) => void handler.emit('request', res))
    // This code runs outside the span, like a worker that serves many requests.
    const received = once(handler, 'request') as Promise<[Response]>
    const status = send('/1', validToken)
    const [response] = await received
    response.send('in')
    expect(await status).toBe(200)
    await expect
      .poll(() => events().map(({ event }) => event))
      .toEqual(['resource_server.decision'])
  })

  test('is not added if no span is active', async () => {
    const { points } = start()
    const api = resourceServer({ ...common })
    const app = express().get('/', api.requireAuthentication())
    const server = createServer(app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    server.close()
    await expect.poll(() => points('resource_server.decisions')).toHaveLength(1)
    expect(events()).toEqual([])
  })
})
