import type { BindingTrace } from '../binding/binding-check.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { claimOf, type Refusal } from '../errors/refusal.ts'
import type { Guard } from '../guards/guards.ts'
import { namesOf } from '../guards/scope.ts'
import type { Unverified } from '../jose/jws.ts'
import type { Verified } from '../jose/signature.ts'
import type { DecisionRecord, Identity, RecordBody } from '../options/decision-record.ts'
import { type AccessToken, decisionIdOf } from '../token/access-token.ts'
import { hasUnknownMembers } from '../token/confirmation.ts'
import { claimedIdentity, identityOf, unverifiedIdentity, unverifiedProof } from './identity.ts'
import type { Timing } from './reporter.ts'

/** How far the verification of a token got. The pipeline fills it in; records are built from it. */
export interface VerificationTrace {
  /** Whether the token was found in the cache. Absent if the cache is off. */
  cached?: boolean
  /** Set once the token is parsed. */
  unverified?: Unverified
  /** Set once the token's issuer is known and trusted. */
  issuer?: IssuerPolicy
  /** Set once the signature is verified. */
  verified?: Verified
  /** Set once the claims are accepted, even if the token is refused afterwards. */
  token?: AccessToken
  /** Set if the token is bound, or was sent with the DPoP scheme. */
  binding?: BindingTrace
  /** Set if the token passed although revocations may be missing. */
  revocations?: 'stale'
  /** Set if the answer about the token is older than allowed. */
  introspection?: 'stale'
  /** The issuer that was asked about the token. */
  introspectedBy?: string
}

/** What one guard decided about a request. */
export interface GuardDecision {
  readonly guard: Guard
  readonly passed: boolean
  /** Absent if there was no listener when the guard ran. */
  readonly timing: Timing | undefined
}

/** Everything a record is built from. */
export interface Decision {
  /** Absent if access was granted. */
  readonly refusal: Refusal | undefined
  readonly guards: readonly GuardDecision[]
  readonly request?: NonNullable<RecordBody['request']>
  readonly trace: VerificationTrace
  /** One for each guard; a single one if there was no request. */
  readonly timings: readonly Timing[]
  readonly verificationMs: number | undefined
}

/** Builds the record of a decision. Unknown members are absent. */
export function buildRecord(decision: Decision, policy: Policy): RecordBody {
  const { refusal, guards, request, trace, timings, verificationMs } = decision
  const deciding = guards.at(-1)?.guard
  const audience = requiredAudience(guards, policy)
  const scopes = guards.flatMap(({ guard }) => (guard.scopeNeed ? namesOf(guard.scopeNeed) : []))
  const id = trace.token && decisionIdOf(trace.token)
  return {
    time: decidedAt(timings.at(-1), policy),
    ...(id !== undefined && { id }),
    ...outcomeOf(refusal),
    ...(deciding && { guard: deciding.name }),
    checks: guards.map(({ guard, passed }) => ({ guard: guard.name, passed })),
    ...(request && { request }),
    ...(timings.length > 0 && { durationMs: total(timings) }),
    ...(verificationMs !== undefined && { verificationMs }),
    ...(audience.length > 0 && { requiredAudience: audience }),
    ...(scopes.length > 0 && { requiredScopes: [...new Set(scopes)] }),
    ...recordedIdentity(trace, policy),
    ...recordedBinding(trace, refusal, policy),
    ...(trace.revocations && { revocations: trace.revocations }),
    ...(trace.introspection && { introspection: trace.introspection }),
  }
}

function outcomeOf(
  refusal: Refusal | undefined,
): Pick<DecisionRecord, 'outcome' | 'code' | 'reason' | 'claim'> {
  if (!refusal) return { outcome: 'granted' }
  const { category, code, reason, detail } = refusal
  return { outcome: category, code, reason, ...claimOf(detail) }
}

/** A grant is recorded after the response, and the wall clock may have been moved in between. */
function decidedAt(timing: Timing | undefined, { clock }: Policy): string {
  const elapsed = timing ? clock.monotonic() - timing.at : 0
  return new Date(clock.now() - elapsed).toISOString()
}

function requiredAudience(
  guards: readonly GuardDecision[],
  { issuers }: Policy,
): readonly string[] {
  const required = guards.map(({ guard }) => guard.audience).filter((rule) => rule !== undefined)
  const configured = [...issuers.values()].map(({ audience }) => audience)
  const rules = required.length > 0 ? required : configured
  return [...new Set(rules.flatMap((rule) => rule?.names ?? []))]
}

function recordedIdentity(trace: VerificationTrace, policy: Policy): Identity {
  const { cached } = trace
  return { ...(cached !== undefined && { cached }), ...tokenIdentity(trace, policy) }
}

/** A credential that could not be parsed may be anything, even a password: not even its hash is recorded. */
function tokenIdentity(trace: VerificationTrace, policy: Policy): Identity {
  const { token, verified, issuer, unverified } = trace
  if (token) return identityOf(token, policy)
  if (verified && issuer) return claimedIdentity(verified, issuer, policy)
  // The token is not recorded, not even its claims: it may be a JWT that was not verified.
  if (trace.introspectedBy !== undefined) return { issuer: trace.introspectedBy }
  return unverified ? unverifiedIdentity(unverified) : {}
}

/** How the token is bound, and the target that a refused proof names. */
function recordedBinding(
  { binding, token }: VerificationTrace,
  refusal: Refusal | undefined,
  policy: Policy,
): Pick<RecordBody, 'binding' | 'unverified' | 'anomalies'> {
  if (!binding) return {}
  const { scheme, confirmation, proof, checkedBy } = binding
  const isBadProof = refusal?.code.startsWith('proof_') && proof
  return {
    binding: { scheme, ...confirmation, ...(checkedBy && { checkedBy }) },
    ...(isBadProof && { unverified: unverifiedProof(proof, policy) }),
    ...(token &&
      hasUnknownMembers(token.claims['cnf']) && {
        anomalies: [
          ...(identityOf(token, policy).anomalies ?? []),
          'confirmation_ignored',
        ] as const,
      }),
  }
}

function total(timings: readonly Timing[]): number {
  const sum = timings.reduce((milliseconds, { took }) => milliseconds + took, 0)
  return Math.round(sum * 1000) / 1000
}
