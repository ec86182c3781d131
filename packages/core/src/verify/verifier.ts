import { createReporter, endOf, type Lap } from '../audit/reporter.ts'
import type { Code } from '../errors/codes.ts'
import { checkDelegation } from '../token/delegation.ts'
import { createJudge, type Judgement, requireAudience } from './pipeline.ts'
import type { VerifierOptions } from '../options/options.ts'
import type { Operations } from './operations.ts'
import { createPolicy, optionNames, type Policy } from '../config/policy.ts'
import { Refusal, VerificationError } from '../errors/refusal.ts'
import type { AccessToken } from '../token/access-token.ts'
import { namesOf, timeOf } from '../http/request-state.ts'

/** What `check` found. Only `ok: true` lets anybody in. */
export type VerificationResult<C extends object = object> =
  | { readonly ok: true; readonly outcome: 'granted'; readonly token: AccessToken<C> }
  | {
      readonly ok: false
      /** `unavailable`: the token could not be judged; try again later. */
      readonly outcome: 'refused' | 'unavailable'
      readonly code: Code
      /** For the operator's log, not for the caller. */
      readonly reason: string
    }

/** Judges access tokens where there is no HTTP request: a WebSocket upgrade, gRPC, a queue. */
export interface Verifier<C extends object = object> extends Operations {
  /**
   * Resolves to the access token, or throws: who forgets to look at a result lets nobody in.
   *
   * @throws VerificationError with a `code`; category `refused`, or `unavailable` for no verdict
   */
  readonly verify: (jwt: string) => Promise<AccessToken<C>>
  /** The same, as a result to look at. Never rejects. */
  readonly check: (jwt: string) => Promise<VerificationResult<C>>
}

/**
 * Creates a verifier for one audience. It checks signature, issuer, audience, lifetime and the shape
 * of every claim it knows (RFC 9068 section 4, RFC 8725). It does not know whether a token was
 * revoked, or is used for the first time.
 *
 * @typeParam C The claims that the issuer adds. An assertion: they are not checked.
 * @throws ConfigError for a missing audience and for any option that cannot be right
 */
export function createVerifier<C extends object = object>(options: VerifierOptions): Verifier<C> {
  const judge = createJudge(createPolicy(options, optionNames.verifier))
  const { policy } = judge
  requireAudience(policy)
  const reporter = createReporter(policy)
  const recorded = (judgement: Judgement, lap: Lap | undefined): Judgement['result'] => {
    const result = delegated(judgement.result, policy)
    reporter.reportLater(() => ({
      time: timeOf(lap, policy),
      ...endOf(result),
      checks: [],
      ...(lap && { durationMs: lap.took, verificationMs: lap.took }),
      requiredAudience: namesOf([...policy.issuers.values()].map(({ audience }) => audience)),
      ...judgement.identity,
    }))
    return result
  }
  // Not waited for where there is nothing to wait for: a remembered token is judged at once.
  const decide = (jwt: string): Judgement['result'] | Promise<Judgement['result']> => {
    const lap = reporter.stopwatch()
    const judgement = judge.judge(jwt)
    if (!(judgement instanceof Promise)) return recorded(judgement, lap())
    return judgement.then((settled) => recorded(settled, lap()))
  }
  return Object.freeze({
    verify: async (jwt: string) => {
      const decided = decide(jwt)
      const result = decided instanceof Promise ? await decided : decided
      if (result instanceof Refusal) throw new VerificationError(result)
      return result as AccessToken<C>
    },
    check: async (jwt: string) => verdictOf<C>(await decide(jwt)),
    ...judge.operations,
  })
}

function delegated(result: AccessToken | Refusal, { delegation }: Policy): AccessToken | Refusal {
  if (result instanceof Refusal) return result
  return checkDelegation(result.actor, delegation) ?? result
}

function verdictOf<C extends object>(result: AccessToken | Refusal): VerificationResult<C> {
  if (!(result instanceof Refusal))
    return { ok: true, outcome: 'granted', token: result as AccessToken<C> }
  const { category, code, reason } = result
  return { ok: false, outcome: category === 'refused' ? 'refused' : 'unavailable', code, reason }
}
