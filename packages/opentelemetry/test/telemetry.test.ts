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
const good = issuer.token({ aud, scope: 'orders:read', actors: ['order-service', 'user-service'] })
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

/** Telemetry for one test, and what its real meter collected. */
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
    const found = metrics?.find(({ descriptor }) => descriptor.name === name)
    return (found?.dataPoints ?? []).map(({ attributes, value }) => ({ ...attributes, value }))
  }
  return { telemetry, points }
}

/** A service whose spans are those of an HTTP instrumentation: active in the request, ended on close. */
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
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
    await answer.text()
    return answer.status
  }
}

const events = () =>
  spans.getFinishedSpans().map(({ name, events: [event, ...more] }) => ({
    name,
    event: event?.name,
    attributes: event?.attributes,
    more: more.length,
  }))

const outcome = 'resource_server.outcome'
const code = 'resource_server.code'

describe('metrics', () => {
  test('count decisions by outcome and code, and time verification', async () => {
    const { points } = start()
    const ask = await serve()
    const cheap = issuer.token({ aud })
    // Remembered when it comes for the second time, so the third one is answered from memory.
    const thrice = [await ask('/1', good), await ask('/1', good), await ask('/2', good)]
    expect([...thrice, await ask('/3', cheap)]).toEqual([200, 200, 200, 403])
    expect([await ask('/4'), await ask('/5', issuer.token({ aud: 'another' }))]).toEqual([401, 401])
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
    const timed = await points('resource_server.verification.duration')
    expect(
      timed.map(({ value, ...labels }) => [labels, (value as { count: number }).count]),
    ).toEqual(
      expect.arrayContaining([
        [{ [outcome]: 'granted', [cached]: false }, 2],
        [{ [outcome]: 'granted', [cached]: true }, 1],
        [{ [outcome]: 'refused', [cached]: false }, 2],
      ]),
    )
  })

  test('an outage is undecided; the key set ages', async () => {
    await using own = await createTestIssuer({ algorithm: 'ES256' })
    const { points } = start()
    const ask = await serve({ issuer: own.url, clock: own.clock })
    expect(await ask('/1', own.token({ aud, scope: 'orders:read' }))).toBe(200)
    const labels = { 'resource_server.issuer': own.url }
    expect(await points('resource_server.key_set.fetches')).toEqual([
      { ...labels, 'resource_server.fetch': 'fetched', value: 1 },
    ])
    expect(await points('resource_server.key_set.age')).toEqual([
      { ...labels, value: expect.any(Number) },
    ])

    const down = await createTestIssuer({ algorithm: 'ES256' })
    await down.close()
    const other = await serve({ issuer: down.url, clock: down.clock })
    expect(await other('/1', down.token({ aud }))).toBe(503)
    expect(await points('resource_server.decisions')).toContainEqual({
      ...{ [outcome]: 'unavailable', [code]: 'keys_unavailable', value: 1 },
    })
    expect(await points('resource_server.key_set.fetches')).toContainEqual({
      ...{ 'resource_server.issuer': down.url, 'resource_server.fetch': 'failed', value: 1 },
    })
  })

  test('count lost records', async () => {
    const { points } = start()
    const ask = await serve({ onDecision: () => Promise.reject() })
    await ask('/1')
    await ask('/2')
    await expect.poll(() => points('resource_server.records.lost')).toEqual([{ value: 2 }])
  })

  test('no request makes a new label: not by kid, issuer, subject or path', async () => {
    const { points } = start()
    const ask = await serve()
    for (let count = 0; count < 50; count += 1) {
      const name = `made-up-${count}`
      await ask(`/${name}`, issuer.token({ aud, header: { kid: name } }))
      await ask(`/${name}`, issuer.token({ aud, claims: { iss: `https://${name}.example` } }))
      await ask(`/${name}`, issuer.token({ aud, sub: name, clientId: name, actors: [name] }))
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

  test('nor does anybody in this process who publishes what is no record', async () => {
    const { points } = start()
    const decisions = channel('resource-server:decision')
    for (let count = 0; count < 20; count += 1)
      decisions.publish({ outcome: `x${count}`, code: `constructor${count}`, checks: [] })
    for (const odd of [null, undefined, 'x', { code: '__proto__', outcome: 'refused' }])
      decisions.publish(odd)
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

  test('stop', async () => {
    const { points, telemetry } = start()
    const ask = await serve()
    telemetry.stop()
    await ask('/1', good)
    expect(await points('resource_server.decisions')).toEqual([])
    expect(await points('resource_server.key_set.age')).toEqual([])
  })
})

describe('the span event', () => {
  test('is in the span of its request, granted or refused, and names nobody', async () => {
    start()
    const ask = await serve()
    await Promise.all([ask('/1', good), ask('/2'), ask('/3', issuer.token({ aud }))])
    await expect.poll(() => events().length).toBe(3)
    const by = Object.fromEntries(events().map(({ name, ...rest }) => [name, rest]))
    const event = 'resource_server.decision'
    const guard = { 'resource_server.guard': 'requireScope(orders:read)' }
    const verified = { 'resource_server.issuer': issuer.url, 'resource_server.cached': false }
    expect(by).toEqual({
      'GET /1': {
        ...{ event, more: 0 },
        attributes: {
          [outcome]: 'granted',
          ...guard,
          ...verified,
          'resource_server.chain.depth': 2,
        },
      },
      'GET /2': {
        ...{ event, more: 0 },
        attributes: { [outcome]: 'refused', [code]: 'credential_missing', ...guard },
      },
      'GET /3': {
        ...{ event, more: 0 },
        attributes: { [outcome]: 'refused', [code]: 'scope_insufficient', ...guard, ...verified },
      },
    })
  })

  test('says who acts for whom where that was asked for', async () => {
    start({ identities: true })
    const ask = await serve()
    await ask('/1', good)
    await expect.poll(() => events().length).toBe(1)
    expect(events()[0]?.attributes).toMatchObject({
      'resource_server.subject': 'user-42',
      'resource_server.client': 'order-service',
      'resource_server.actor': 'order-service',
      'resource_server.chain': 'user-42 ⇐ user-service ⇐ order-service',
    })
  })

  test('is in that span also where the answer is given from somewhere else', async () => {
    start()
    const held = new EventEmitter()
    const ask = await serve({}, (_req, res) => void held.emit('request', res))
    // Outside the span, as a worker is that answers for many requests.
    const arrived = once(held, 'request') as Promise<[Response]>
    const answer = ask('/1', good)
    const [response] = await arrived
    response.send('in')
    expect(await answer).toBe(200)
    await expect
      .poll(() => events().map(({ event }) => event))
      .toEqual(['resource_server.decision'])
  })

  test('comes of no decision outside a span', async () => {
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
