import { type DecisionRecord, formatActorChain } from '@resource-server/core'

/** A record as an arrow. */
export interface Call {
  /** Whose token it was: its actor, its client or its subject. Who sent it, nobody can know. */
  readonly from: string
  readonly to: string
  readonly request: string
  /** Who acts for whom, and with which scopes; or what the token said of itself. */
  readonly token: string
  readonly outcome: DecisionRecord['outcome']
  /** `granted`, or the code. */
  readonly result: string
}

/** Whoever cannot be named: there was no token, or nobody vouches for it. */
export const unknown = 'unknown'

/** Records of any number of services, in the order of their decisions. */
export function callsOf(records: readonly DecisionRecord[]): Call[] {
  return records.toSorted((one, other) => Date.parse(one.time) - Date.parse(other.time)).map(callOf)
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

/** Everybody who calls or is called, callers first, in the order they appear. */
export function partiesOf(calls: readonly Call[]): string[] {
  const all = new Set(calls.flatMap(({ from, to }) => [from, to]))
  const first = [...all].filter((name) => !calls.some(({ to }) => to === name))
  return [...first, ...[...all].filter((name) => !first.includes(name))]
}
