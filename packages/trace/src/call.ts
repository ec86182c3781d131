import { type DecisionRecord, formatActorChain } from '@resource-server/core'
import type { ExchangeRecord } from '@resource-server/core/client'

/** A record of a decision, or of a token exchange (`@resource-server/exchange`). */
export type TracedRecord = DecisionRecord | ExchangeRecord

/** What a diagram shows in addition to the records. */
export interface TraceOptions {
  /**
   * The step of a test, a script, or a customer journey that caused the record, such as `2.1`. Records of the same step
   * are drawn as a group. Default: no steps.
   */
  readonly stepOf?: (record: TracedRecord) => string | undefined
}

/** A record as an arrow in the diagram. */
export interface Call {
  /** Empty without steps. */
  readonly step: string
  /** Milliseconds since the epoch. */
  readonly time: number
  /** The actor, client, or subject of the token. The real sender of the request is not known. */
  readonly from: string
  /** The service that decided: its first required audience. For an exchange, the authorization server. */
  readonly to: string
  readonly request: string
  /** The subject, actors and scopes of a verified token, or the claimed issuer of an unverified one. */
  readonly token: string
  readonly outcome: DecisionRecord['outcome']
  /** The code, or the outcome if there is no code. */
  readonly result: string
}

/** The name of a caller without a verified token. */
export const unknown = 'unknown'

/** Converts records of one or more services to calls, sorted by time. */
export function callsOf(
  records: readonly TracedRecord[],
  { stepOf = () => undefined }: TraceOptions = {},
): Call[] {
  return records
    .map((record) => ({
      step: stepOf(record) ?? '',
      time: Date.parse(record.time),
      ...('kind' in record ? exchangeOf(record) : callOf(record)),
    }))
    .toSorted((a, b) => a.time - b.time)
}

type Arrow = Omit<Call, 'step' | 'time'>

/** A token from the cache is drawn as well, because it belongs to the request. */
function exchangeOf(record: ExchangeRecord): Arrow {
  const { clientId, issuer, target, subject, scopes, outcome, code } = record
  const isIssued = outcome === 'exchanged' || outcome === 'cached'
  return {
    from: clientId,
    to: hostOf(issuer),
    request: `exchange for ${target.join(' ')}`.trim(),
    token: [subject, scopes?.join(' ')].filter(Boolean).join(' · '),
    outcome: isIssued ? 'granted' : outcome,
    result: code ?? outcome,
  }
}

/** The name of an authorization server: the host of its URL, because the URL is too long for a box. */
function hostOf(issuer: string): string {
  return /^https?:\/\/([^/]+)/.exec(issuer)?.[1] ?? issuer
}

function callOf(record: DecisionRecord): Arrow {
  const { actor, clientId, subject, requiredAudience, request, outcome, code } = record
  return {
    from: actor?.clientId ?? actor?.subject ?? clientId ?? subject ?? unknown,
    to: requiredAudience?.[0] ?? unknown,
    request: request ? `${request.method} ${request.route ?? request.path ?? ''}`.trim() : '',
    token: tokenOf(record),
    outcome,
    result: code ?? outcome,
  }
}

function tokenOf(record: DecisionRecord): string {
  const { subject, scopes, unverified, code } = record
  if (subject !== undefined)
    return [formatActorChain(record), scopes?.join(' ')].filter(Boolean).join(' · ')
  if (unverified) return `unverified: ${unverified.issuer ?? '?'} · ${unverified.alg ?? '?'}`
  return code === 'credential_missing' || !code ? 'no token' : 'no readable token'
}

/** The names of all callers and services. Names that are only callers come first. */
export function participantsOf(calls: readonly Call[]): string[] {
  const all = new Set(calls.flatMap(({ from, to }) => [from, to]))
  const callersOnly = [...all].filter((name) => !calls.some(({ to }) => to === name))
  return [...callersOnly, ...[...all].filter((name) => !callersOnly.includes(name))]
}
