import { type Attributes, trace } from '@opentelemetry/api'
import { type DecisionRecord, formatActorChain } from '@resource-server/core'
import { codeOf, outcomeOf } from './decision-metrics.ts'

/** Adds the decision to the active span, if a span is active and still recording. */
export function addSpanEvent(record: DecisionRecord, identities: boolean): void {
  const span = trace.getActiveSpan()
  if (!span?.isRecording()) return
  span.addEvent('resource_server.decision', {
    'resource_server.outcome': outcomeOf(record),
    ...codeOf(record),
    ...definedOnly({
      'resource_server.guard': record.guard,
      'resource_server.issuer': record.issuer,
      'resource_server.cached': record.cached,
      'resource_server.chain.depth': record.chain?.depth,
      'resource_server.anomalies': record.anomalies?.join(' '),
    }),
    ...(identities ? identityAttributes(record) : {}),
  })
}

function identityAttributes(record: DecisionRecord): Attributes {
  const { subject, clientId, actor } = record
  return definedOnly({
    'resource_server.subject': subject,
    'resource_server.client': clientId,
    'resource_server.actor': actor?.clientId ?? actor?.subject,
    'resource_server.chain': subject === undefined ? undefined : formatActorChain(record),
  })
}

function definedOnly(
  attributes: Readonly<Record<string, string | number | boolean | undefined>>,
): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined))
}
