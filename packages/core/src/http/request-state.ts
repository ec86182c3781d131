import { endOf, type Lap } from '../audit/reporter.ts'
import type { AudienceRule } from '../config/audience.ts'
import type { readCredential } from './bearer-token.ts'
import type { Guard } from '../guards/guards.ts'
import type { Judgement } from '../verify/pipeline.ts'
import type { Policy } from '../config/policy.ts'
import type { RecordBody } from '../options/decision-record.ts'
import { Refusal } from '../errors/refusal.ts'
import { type HttpRequest, pathOf } from './request.ts'
import type { RequestRefusedError, Reply } from './challenge.ts'
import type { AccessToken } from '../token/access-token.ts'
import type { Turns } from './turns.ts'

/** What a guard came to: go on, answer, or hand an error to the host. */
export type GuardResult =
  | { readonly action: 'proceed' }
  | { readonly action: 'reply'; readonly reply: Reply }
  | { readonly action: 'throw'; readonly error: RequestRefusedError }

export type Decided = { readonly token: AccessToken | undefined } | Refusal

/** What is known of one request. Kept where the gate alone can reach it: see `beside.ts`. */
export class Visit implements Turns {
  readonly request: HttpRequest
  readonly checks: Check[] = []
  /** Read once. */
  credential: ReturnType<typeof readCredential> | 'unread' = 'unread'
  judgement: Judgement | undefined = undefined
  /** Where somebody listened. */
  verificationMs: number | undefined = undefined
  state: 'pending' | 'preflight' | Decided = 'pending'
  undecided = 0
  waiting: Turns['waiting'] = undefined
  recorded = false

  /** Runs work in the asynchronous context of the first guard. */
  readonly inContext: (work: () => void) => void

  constructor(request: HttpRequest, inContext: Visit['inContext']) {
    this.request = request
    this.inContext = inContext
  }
}

interface Check {
  readonly guard: Guard
  readonly passed: boolean
  /** Where somebody listened. */
  readonly lap: Lap | undefined
}

/** What a guard decided is what the request has come to. */
export function note(
  visit: Visit,
  guard: Guard,
  decided: Decided,
  lap: Lap | undefined,
): Refusal | undefined {
  const refusal = decided instanceof Refusal ? decided : undefined
  visit.checks.push({ guard, passed: !refusal, lap })
  visit.state = decided
  return refusal
}

/** The record of a visit that is over. */
export function bodyOf(
  { request, checks, state, judgement, verificationMs }: Visit,
  policy: Policy,
): RecordBody {
  const last = checks.at(-1)
  const laps = checks.map(({ lap }) => lap).filter((lap) => lap !== undefined)
  const audience = requiredAudience(checks, policy)
  const scopes = checks.flatMap(({ guard }) => guard.scopes ?? [])
  return {
    time: timeOf(laps.at(-1), policy),
    ...endOf(state),
    ...(last && { guard: last.guard.name }),
    checks: checks.map(({ guard, passed }) => ({ guard: guard.name, passed })),
    request: requestOf(request),
    ...(laps.length > 0 && { durationMs: sum(laps.map(({ took }) => took)) }),
    ...(verificationMs !== undefined && { verificationMs }),
    ...(audience.length > 0 && { requiredAudience: audience }),
    ...(scopes.length > 0 && { requiredScopes: [...new Set(scopes)] }),
    ...judgement?.identity,
  }
}

/** When it was decided: what is granted is recorded later, and a wall clock may be moved meanwhile. */
export function timeOf(decided: Lap | undefined, { clock }: Policy): string {
  const since = decided ? clock.monotonic() - decided.at : 0
  return new Date(clock.now() - since).toISOString()
}

function requestOf(request: HttpRequest): NonNullable<RecordBody['request']> {
  const pattern = request.route?.()
  return {
    method: request.method,
    path: pathOf(request),
    ...(pattern !== undefined && { route: pattern }),
  }
}

function requiredAudience(checks: readonly Check[], { issuers }: Policy): readonly string[] {
  const asked = checks.map(({ guard }) => guard.audience).filter((rule) => rule !== undefined)
  const configured = [...issuers.values()].map(({ audience }) => audience)
  return namesOf(asked.length > 0 ? asked : configured)
}

export function namesOf(rules: readonly (AudienceRule | undefined)[]): readonly string[] {
  return [...new Set(rules.flatMap((rule) => rule?.names ?? []))]
}

function sum(numbers: readonly number[]): number {
  return Math.round(numbers.reduce((total, each) => total + each, 0) * 1000) / 1000
}
