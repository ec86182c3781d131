import type { Meter, ObservableResult } from '@opentelemetry/api'

/** The members of a key event that the metrics use. */
export interface KeyEvent {
  readonly issuer: string
  readonly event: string
}

interface KeyMetrics {
  readonly count: (event: KeyEvent) => void
  readonly stop: () => void
}

const countedEvents = ['fetched', 'failed']

/** If more issuers than this are configured, the others share the value `other`. */
const maxIssuers = 100

export function keyMetrics(meter: Meter): KeyMetrics {
  const fetches = meter.createCounter('resource_server.key_set.fetches', {
    description: 'Successful and failed fetches of a key set',
    unit: '{fetch}',
  })
  const age = meter.createObservableGauge('resource_server.key_set.age', {
    description: 'Time since the last successful fetch of the key set',
    unit: 's',
  })
  const lastFetch = new Map<string, number>()
  const issuers = new Set<string>()
  const observe = (result: ObservableResult): void => {
    for (const [issuer, at] of lastFetch)
      result.observe((performance.now() - at) / 1000, { 'resource_server.issuer': issuer })
  }
  age.addCallback(observe)
  return {
    count: ({ issuer, event }) => {
      if (!countedEvents.includes(event)) return
      const withinLimit = issuers.has(issuer) || issuers.size < maxIssuers
      const value = withinLimit ? issuer : 'other'
      issuers.add(value)
      if (event === 'fetched') lastFetch.set(value, performance.now())
      fetches.add(1, { 'resource_server.issuer': value, 'resource_server.fetch': event })
    },
    stop: () => age.removeCallback(observe),
  }
}
