import type { Attributes, Meter } from '@opentelemetry/api'
import { codes, type DecisionRecord } from '@resource-server/core'

/** Seconds. From a remembered token, through a signature check, to an issuer that has to be asked. */
const boundaries = [0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]

interface DecisionMetrics {
  readonly count: (record: DecisionRecord) => void
  readonly countLost: () => void
}

export function decisionMetrics(meter: Meter): DecisionMetrics {
  const decisions = meter.createCounter('resource_server.decisions', {
    description: 'Requests that were let in, refused, or could not be judged',
    unit: '{decision}',
  })
  const verification = meter.createHistogram('resource_server.verification.duration', {
    description: 'Time that went into the token: keys, signature, claims',
    unit: 's',
    advice: { explicitBucketBoundaries: boundaries },
  })
  const lost = meter.createCounter('resource_server.records.lost', {
    description: 'Decision records that onDecision did not take',
    unit: '{record}',
  })
  return {
    count: (record) => {
      const outcome = { 'resource_server.outcome': outcomeOf(record) }
      decisions.add(1, { ...outcome, ...codeOf(record) })
      const { verificationMs, cached = false } = record
      if (verificationMs !== undefined)
        verification.record(verificationMs / 1000, { ...outcome, 'resource_server.cached': cached })
    },
    countLost: () => lost.add(1),
  }
}

const outcomes = ['granted', 'refused', 'unavailable']

/** Anybody in the process can publish on a channel. What is not of the list is one value, not many. */
export function outcomeOf({ outcome }: DecisionRecord): string {
  return outcomes.includes(outcome) ? outcome : 'other'
}

export function codeOf({ code }: DecisionRecord): Attributes {
  if (code === undefined) return {}
  return { 'resource_server.code': Object.hasOwn(codes, code) ? code : 'other' }
}
