import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type MeterProvider, metrics, trace, type TracerProvider } from '@opentelemetry/api'
import type { DecisionRecord } from '@resource-server/core'
import type { ExchangeRecord } from '@resource-server/core/client'
import { decisionMetrics } from './decision-metrics.ts'
import { exchangeTelemetry } from './exchange-telemetry.ts'
import { type KeyEvent, keyMetrics } from './key-metrics.ts'
import { addSpanEvent } from './span-event.ts'

export interface TelemetryOptions {
  /** Where to create the metrics. Default: the global meter provider. */
  readonly meterProvider?: MeterProvider
  /** Where to create the spans of token exchanges. Default: the global tracer provider. */
  readonly tracerProvider?: TracerProvider
  /**
   * Whether span events contain the subject, the client, and the actors. Default: false, because
   * traces should rarely contain personal data.
   */
  readonly identities?: boolean
}

/** Returned by `startTelemetry`. */
export interface Telemetry {
  /** Stops recording. Metrics that were already recorded are kept. */
  readonly stop: () => void
}

/**
 * Records the decisions of every resource server in this process as metrics, and adds each decision
 * to the span that was active when its first guard ran. Token exchanges become metrics and spans. It
 * subscribes to diagnostics channels, so no other setup is needed. Call it after your SDK has registered
 * its providers.
 *
 * Metric attributes are fixed values or configured issuers, never values from a token. Callers cannot
 * create new time series.
 *
 * @example
 * ```ts
 * import { startTelemetry } from '@resource-server/opentelemetry'
 *
 * const telemetry = startTelemetry()
 * process.once('SIGTERM', () => telemetry.stop())
 * ```
 */
export function startTelemetry({
  meterProvider = metrics.getMeterProvider(),
  tracerProvider = trace.getTracerProvider(),
  identities = false,
}: TelemetryOptions = {}): Telemetry {
  const meter = meterProvider.getMeter('@resource-server/opentelemetry')
  const tracer = tracerProvider.getTracer('@resource-server/opentelemetry')
  const decisions = decisionMetrics(meter)
  const keys = keyMetrics(meter)
  const exchanges = exchangeTelemetry(meter, tracer, identities)
  const listeners: readonly (readonly [channel: string, listener: (message: unknown) => void])[] = [
    [
      'resource-server:decision',
      (message) => {
        decisions.count(message as DecisionRecord)
        addSpanEvent(message as DecisionRecord, identities)
      },
    ],
    ['resource-server:lost', () => decisions.countLost()],
    ['resource-server:keys', (message) => keys.count(message as KeyEvent)],
    ['resource-server:exchange', (message) => exchanges.count(message as ExchangeRecord)],
  ]
  // If a subscriber throws, Node raises an uncaught exception, which ends the process.
  const safeListeners = listeners.map(
    ([channel, listener]) => [channel, ignoreErrors(listener)] as const,
  )
  for (const [channel, listener] of safeListeners) subscribe(channel, listener)
  return {
    stop: () => {
      for (const [channel, listener] of safeListeners) unsubscribe(channel, listener)
      keys.stop()
    },
  }
}

function ignoreErrors(listener: (message: unknown) => void): (message: unknown) => void {
  return (message) => {
    try {
      listener(message)
    } catch {
      // A failed metric must not affect anything else.
    }
  }
}
