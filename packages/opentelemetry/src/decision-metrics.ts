import type { Attributes, Meter } from '@opentelemetry/api'
import { codes, type DecisionRecord } from '@resource-server/core'

/** In seconds. The smallest values fit cached tokens, the largest a slow fetch of the key set. */
const bucketBoundaries = [
  0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5,
]

interface DecisionMetrics {
  readonly count: (record: DecisionRecord) => void
  readonly countLost: () => void
}

export function decisionMetrics(meter: Meter): DecisionMetrics {
  const decisions = meter.createCounter('resource_server.decisions', {
    description: 'Access decisions: granted, refused, or unavailable',
    unit: '{decision}',
  })
  const verification = meter.createHistogram('resource_server.verification.duration', {
    description: 'Duration of token verification, including any wait for keys',
    unit: 's',
    advice: { explicitBucketBoundaries: bucketBoundaries },
  })
  const lost = meter.createCounter('resource_server.records.lost', {
    description: 'Decision records that onDecision failed to process',
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

/** Returns `other` for an unknown outcome, because any code in the process can publish to the channel. */
export function outcomeOf({ outcome }: DecisionRecord): string {
  return outcomes.includes(outcome) ? outcome : 'other'
}

/** Returns the code as an attribute, `other` for an unknown code, or no attribute without a code. */
export function codeOf({ code }: DecisionRecord): Attributes {
  if (code === undefined) return {}
  return { 'resource_server.code': Object.hasOwn(codes, code) ? code : 'other' }
}
