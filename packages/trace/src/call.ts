import { type DecisionRecord, formatActorChain } from '@resource-server/core'

/** A decision record as an arrow in the diagram. */
export interface Call {
  /** The actor, client, or subject of the token. The real sender of the request is not known. */
  readonly from: string
  /** The service that decided: its first required audience. */
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
export function callsOf(records: readonly DecisionRecord[]): Call[] {
  return records.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time)).map(callOf)
}

function callOf(record: DecisionRecord): Call {
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
