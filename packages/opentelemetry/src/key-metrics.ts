import type { Meter, ObservableResult } from '@opentelemetry/api'

/** The part of a key event that is counted. */
export interface KeyEvent {
  readonly issuer: string
  readonly event: string
}

interface KeyMetrics {
  readonly note: (event: KeyEvent) => void
  readonly stop: () => void
}

const fetches = ['fetched', 'failed']

/** Issuers are configured, not sent. Should somebody configure more than this, the rest share a label. */
const maxIssuers = 100

export function keyMetrics(meter: Meter): KeyMetrics {
  const fetched = meter.createCounter('resource_server.key_set.fetches', {
    description: 'Attempts to fetch a key set',
    unit: '{fetch}',
  })
  const age = meter.createObservableGauge('resource_server.key_set.age', {
    description: 'Time since the key set was last fetched well',
    unit: 's',
  })
  const lastFetch = new Map<string, number>()
  const labels = new Set<string>()
  const observe = (result: ObservableResult): void => {
    for (const [issuer, at] of lastFetch)
      result.observe((performance.now() - at) / 1000, { 'resource_server.issuer': issuer })
  }
  age.addCallback(observe)
  return {
    note: ({ issuer, event }) => {
      if (!fetches.includes(event)) return
      const known = labels.has(issuer) || labels.size < maxIssuers
      const label = known ? issuer : 'other'
      labels.add(label)
      if (event === 'fetched') lastFetch.set(label, performance.now())
      fetched.add(1, { 'resource_server.issuer': label, 'resource_server.fetch': event })
    },
    stop: () => age.removeCallback(observe),
  }
}
