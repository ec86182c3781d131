import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type MeterProvider, metrics } from '@opentelemetry/api'
import type { DecisionRecord } from '@resource-server/core'
import { decisionMetrics } from './decision-metrics.ts'
import { type KeyEvent, keyMetrics } from './key-metrics.ts'
import { addSpanEvent } from './span-event.ts'

export interface TelemetryOptions {
  /** Default: the global one. */
  readonly meterProvider?: MeterProvider
  /**
   * Default false. True puts into span events who acts for whom: subject, client and actors. A tracing
   * backend is seldom the place for that.
   */
  readonly identities?: boolean
}

/** What `startTelemetry` started. */
export interface Telemetry {
  /** Ends it. What was counted stays counted. */
  readonly stop: () => void
}

/**
 * Counts the decisions of every resource server in this process, and adds each to the span that was
 * active when its first guard ran. It listens to diagnostics channels, so nothing else need be set up.
 * Register your SDK's providers first.
 *
 * Labels come from closed lists and from the configured issuers, never from a token: nobody who sends
 * requests can make new time series.
 */
export function startTelemetry({
  meterProvider = metrics.getMeterProvider(),
  identities = false,
}: TelemetryOptions = {}): Telemetry {
  const meter = meterProvider.getMeter('@resource-server/opentelemetry')
  const decisions = decisionMetrics(meter)
  const keys = keyMetrics(meter)
  const listeners: readonly (readonly [channel: string, listener: (message: unknown) => void])[] = [
    [
      'resource-server:decision',
      (message) => {
        decisions.count(message as DecisionRecord)
        addSpanEvent(message as DecisionRecord, identities)
      },
    ],
    ['resource-server:lost', () => decisions.countLost()],
    ['resource-server:keys', (message) => keys.note(message as KeyEvent)],
  ]
  // A subscriber that throws would end the process: Node treats it as an uncaught exception.
  const safe = listeners.map(([channel, listener]) => [channel, quiet(listener)] as const)
  for (const [channel, listener] of safe) subscribe(channel, listener)
  return {
    stop: () => {
      for (const [channel, listener] of safe) unsubscribe(channel, listener)
      keys.stop()
    },
  }
}

function quiet(listener: (message: unknown) => void): (message: unknown) => void {
  return (message) => {
    try {
      listener(message)
    } catch {
      // What cannot be counted must not cost more than its count.
    }
  }
}
