import { type Attributes, type Meter, SpanStatusCode, type Tracer } from '@opentelemetry/api'
import type { ExchangeRecord } from '@resource-server/core/client'

/** In seconds. The smallest values fit cached tokens, the largest a slow authorization server. */
const bucketBoundaries = [
  0.000_005, 0.000_01, 0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
]

interface ExchangeTelemetry {
  readonly count: (record: ExchangeRecord) => void
}

/** Counts token exchanges, and creates a span for each one that sent a request. */
export function exchangeTelemetry(
  meter: Meter,
  tracer: Tracer,
  identities: boolean,
): ExchangeTelemetry {
  const exchanges = meter.createCounter('resource_server.exchanges', {
    description: 'Tokens for the next service: exchanged, cached, refused, or unavailable',
    unit: '{exchange}',
  })
  const duration = meter.createHistogram('resource_server.exchange.duration', {
    description: 'Time taken to obtain a token for the next service',
    unit: 's',
    advice: { explicitBucketBoundaries: bucketBoundaries },
  })
  return {
    count: (record) => {
      const attributes = metricAttributes(record)
      exchanges.add(1, attributes)
      duration.record(record.durationMs / 1000, attributes)
      if (record.outcome !== 'cached') addSpan(tracer, record, identities)
    },
  }
}

const outcomes = ['exchanged', 'cached', 'refused', 'unavailable']
const caches = ['memory', 'store']
const codePattern = /^[a-z_]{1,64}$/

/**
 * Fixed values only, because any code in the process can publish to the channel. The codes are a closed set of the
 * package that publishes them.
 */
function metricAttributes({ outcome, code, cache }: ExchangeRecord): Attributes {
  return {
    'resource_server.outcome': outcomes.includes(outcome) ? outcome : 'other',
    ...(code !== undefined && { 'resource_server.code': codes.includes(code) ? code : 'other' }),
    ...(cache !== undefined && {
      'resource_server.cache': caches.includes(cache) ? cache : 'other',
    }),
  }
}

/** The codes of `@resource-server/exchange` with which exchanges end. */
const codes = [
  'token_expired',
  'token_rejected',
  'authentication_insufficient',
  'exchange_denied',
  'exchange_misconfigured',
  'server_unavailable',
  'response_invalid',
]

/** The record is published right after the exchange, in the context of the request. */
function addSpan(tracer: Tracer, record: ExchangeRecord, identities: boolean): void {
  const { durationMs, clientId, issuer, target, scopes, error, subject, outcome, code } = record
  const end = Date.now()
  const span = tracer.startSpan('token exchange', { startTime: end - durationMs })
  const isServerError = error !== undefined && codePattern.test(error)
  span.setAttributes({
    ...metricAttributes(record),
    'resource_server.issuer': issuer,
    'resource_server.client': clientId,
    'resource_server.target': target.join(' '),
    ...(scopes && { 'resource_server.scopes': scopes.join(' ') }),
    ...(isServerError && { 'resource_server.error': error }),
    ...(identities && { 'resource_server.subject': subject }),
  })
  if (outcome !== 'exchanged') {
    span.setStatus({ code: SpanStatusCode.ERROR, ...(code !== undefined && { message: code }) })
  }
  span.end(end)
}
