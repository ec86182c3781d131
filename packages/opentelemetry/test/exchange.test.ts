import { channel } from 'node:diagnostics_channel'
import { context, trace } from '@opentelemetry/api'
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
import { createVerifier } from '@resource-server/core'
import { nextHop } from '@resource-server/exchange'
import { createTestIssuer } from '@resource-server/testing'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startTelemetry, type TelemetryOptions } from '../src/index.ts'

const secret = 's3cret'
const clients = { orders: { secret, targets: { stock: ['stock:read'] } } }
const issuer = await createTestIssuer({ clients })
afterAll(() => issuer.close())
const { url, clock } = issuer
const verifier = createVerifier({ issuer: url, audience: 'orders', clock })

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})
afterAll(() => {
  context.disable()
  verifier.close()
})

function start(options: TelemetryOptions = {}) {
  const spans = new InMemorySpanExporter()
  const tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(spans)],
  })
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 30 })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const telemetry = startTelemetry({ meterProvider, tracerProvider, ...options })
  onTestFinished(async () => {
    telemetry.stop()
    await meterProvider.shutdown()
  })
  const points = async (name: string) => {
    await meterProvider.forceFlush()
    const all = exporter
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap(({ metrics }) => metrics)
    const metric = all?.find(({ descriptor }) => descriptor.name === name)
    return (metric?.dataPoints ?? []).map(({ attributes, value }) => ({ ...attributes, value }))
  }
  const hop = nextHop({
    ...{ issuer: url, clock, client: { id: 'orders', secret }, audience: 'stock', log: 'off' },
  })
  const caller = () => verifier.verify(issuer.token({ aud: 'orders', sub: 'user-42' }))
  return { spans, tracer: tracerProvider.getTracer('test'), points, hop, caller }
}

const outcome = 'resource_server.outcome'
const code = 'resource_server.code'

test('each call is counted, and each exchange is a span in that of its request', async () => {
  const { spans, tracer, points, hop, caller } = start()
  const token = await caller()
  await tracer.startActiveSpan('GET /orders', async (span) => {
    await hop.token(token)
    await hop.token(token)
    span.end()
  })
  const all = spans.getFinishedSpans()
  expect(all.map(({ name }) => name)).toEqual(['token exchange', 'GET /orders'])
  const exchange = all.at(0)!
  expect(exchange.parentSpanContext?.spanId).toBe(all.at(1)?.spanContext().spanId)
  expect(exchange.attributes).toEqual({
    [outcome]: 'exchanged',
    'resource_server.issuer': url,
    'resource_server.client': 'orders',
    'resource_server.target': 'stock',
    'resource_server.scopes': 'stock:read',
  })
  expect(await points('resource_server.exchanges')).toEqual([
    { [outcome]: 'exchanged', value: 1 },
    { [outcome]: 'cached', 'resource_server.cache': 'memory', value: 1 },
  ])
  expect(await points('resource_server.exchange.duration')).toMatchObject([
    { [outcome]: 'exchanged', value: { count: 1 } },
    { [outcome]: 'cached', value: { count: 1 } },
  ])
})

test('a refused exchange is a span with an error, and has no personal data by default', async () => {
  const { spans, points, hop, caller } = start()
  issuer.tokenEndpoint.refuse('access_denied', { description: 'user-42 may not' })
  onTestFinished(() => issuer.tokenEndpoint.reset())
  await expect(hop.token(await caller())).rejects.toMatchObject({ status: 403 })
  const span = spans.getFinishedSpans().at(0)!
  expect(span).toMatchObject({
    status: { code: 2, message: 'exchange_denied' },
    attributes: {
      [outcome]: 'refused',
      [code]: 'exchange_denied',
      'resource_server.error': 'access_denied',
    },
  })
  expect(JSON.stringify([span.attributes, span.status])).not.toContain('user-42')
  expect(await points('resource_server.exchanges')).toEqual([
    { [outcome]: 'refused', [code]: 'exchange_denied', value: 1 },
  ])
})

test('the subject is in the span with identities: true', async () => {
  const { spans, hop, caller } = start({ identities: true })
  await hop.token(await caller())
  expect(spans.getFinishedSpans().at(0)!.attributes).toMatchObject({
    'resource_server.subject': 'user-42',
  })
})

test('values that no exchange has do not become labels', async () => {
  const { points } = start()
  const record = { outcome: 'x1', code: 'x2', cache: 'x3', target: [], durationMs: 1 }
  channel('resource-server:exchange').publish({ ...record, issuer: '', clientId: '', subject: '' })
  channel('resource-server:exchange').publish({})
  expect(await points('resource_server.exchanges')).toContainEqual({
    ...{ [outcome]: 'other', [code]: 'other', 'resource_server.cache': 'other', value: 1 },
  })
  expect(trace.getActiveSpan()).toBeUndefined()
})
