import type { VerificationTrace } from '../audit/build-record.ts'
import type { Policy } from '../config/policy.ts'
import { type Refusal, refuse } from '../errors/refusal.ts'
import { warnUnlessOff } from '../lib/warning-limiter.ts'
import { nameOfThrown } from '../lib/quote.ts'
import type { JwtVerifier } from '../options/other-jwt.ts'
import type { RevocationChecker, RevocationFinding } from '../options/revocation.ts'
import type { AccessToken } from '../token/access-token.ts'

/** Whether a token that passed every other check was revoked. Runs for every request, cached or not. */
export class RevocationCheck {
  readonly checker: RevocationChecker

  constructor(checker: RevocationChecker) {
    this.checker = checker
  }

  check(token: AccessToken, trace: VerificationTrace): Refusal | undefined {
    const finding = this.#find(token)
    if (finding === undefined) return undefined
    if (finding.outcome === 'stale') {
      trace.revocations = 'stale'
      return undefined
    }
    if (finding.outcome === 'revoked') {
      return refuse('token_revoked', `the token was revoked: ${finding.reason}`)
    }
    const { reason, retryAfter = 1 } = finding
    return refuse('revocations_unavailable', reason, { retryAfter })
  }

  /** An exception does not mean that the token was not revoked. */
  #find(token: AccessToken): RevocationFinding | undefined {
    try {
      return this.checker.check(token)
    } catch (error) {
      const reason = `the check for revocation threw ${nameOfThrown(error)}`
      return { outcome: 'unavailable', reason }
    }
  }
}

/**
 * `undefined` if the option is not set.
 *
 * @throws ConfigError if the options don't fit
 */
export function createRevocationCheck(
  policy: Policy,
  verifyJwt: JwtVerifier,
): RevocationCheck | undefined {
  const { revocation, clock, schedule, clockTolerance, maxLifetime } = policy
  if (!revocation) return undefined
  const context = {
    warn: (message: string) => warnUnlessOff(policy, message),
    trusts: (issuer: string) => policy.issuers.has(issuer) || policy.resolveIssuer !== undefined,
    clock: { now: () => clock.now(), monotonic: () => clock.monotonic(), schedule },
    clockTolerance,
    maxLifetime,
    verifyJwt,
  }
  return new RevocationCheck(revocation.connect(context))
}
