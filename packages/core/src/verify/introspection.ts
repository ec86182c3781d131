import type { VerificationTrace } from '../audit/build-record.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { Refusal, refuse } from '../errors/refusal.ts'
import { mayBeOpaque } from '../jose/jws.ts'
import type { JsonObject } from '../lib/json.ts'
import { nameOfThrown } from '../lib/quote.ts'
import { warnUnlessOff } from '../lib/warning-limiter.ts'
import type {
  IntrospectionAnswer,
  IntrospectionHealth,
  Introspector,
} from '../options/introspection.ts'
import type { JwtVerifier } from '../options/other-jwt.ts'
import { type Introspected, readIntrospected } from '../token/introspected.ts'

/** The issuers that are asked about their tokens. Only the issuer of a token sees it. */
export class IntrospectedIssuers {
  readonly #policy: Policy
  readonly #introspectors: ReadonlyMap<string, Introspector>

  /** @throws ConfigError if an issuer's options don't fit its introspection */
  constructor(policy: Policy, verifyJwt: JwtVerifier) {
    this.#policy = policy
    this.#introspectors = new Map(
      introspectedIssuers(policy).map((issuer) => [
        issuer.issuer,
        connect(issuer, policy, verifyJwt),
      ]),
    )
  }

  health(): readonly IntrospectionHealth[] {
    return [...this.#introspectors.values()].map((introspector) => introspector.health())
  }

  close(): void {
    for (const introspector of this.#introspectors.values()) introspector.close()
  }

  /**
   * The issuer of an opaque token, by its prefix. `undefined` if the text is not an opaque token, or has no known
   * prefix: then no server is asked.
   */
  issuerOf(text: string): IssuerPolicy | undefined {
    if (text.length > this.#policy.maxTokenBytes || !mayBeOpaque(text)) return undefined
    for (const name of this.#introspectors.keys()) {
      const issuer = this.#policy.issuers.get(name)!
      if (text.startsWith(issuer.introspection!.prefix ?? '')) return issuer
    }
    return undefined
  }

  /**
   * Asks the issuer about a token.
   *
   * @param verified the claims of the token, if it is a JWT that was verified
   */
  async ask(
    text: string,
    issuer: IssuerPolicy,
    trace: VerificationTrace,
    verified?: JsonObject,
  ): Promise<Introspected | Refusal> {
    trace.introspectedBy = issuer.issuer
    const answer = await this.#answer(text, issuer.issuer)
    if (answer.outcome === 'unavailable') {
      const { reason, retryAfter = 1 } = answer
      return refuse('introspection_unavailable', reason, { retryAfter })
    }
    trace.cached = answer.cached
    if (answer.outcome === 'inactive') {
      return refuse('token_inactive', `'${issuer.issuer}' says that the token is not active`)
    }
    if (answer.stale) trace.introspection = 'stale'
    const { missingAudience } = issuer.introspection!
    const audience = missingAudience === 'accept' ? issuer.audience?.names : undefined
    return readIntrospected(answer.claims, { issuer: issuer.issuer, audience, verified })
  }

  async #answer(text: string, issuer: string): Promise<IntrospectionAnswer> {
    try {
      return await this.#introspectors.get(issuer)!.introspect(text)
    } catch (error) {
      return { outcome: 'unavailable', reason: `introspection threw ${nameOfThrown(error)}` }
    }
  }
}

/** Whether the keys of an issuer are needed at all. */
export function needsKeys({ introspection }: IssuerPolicy): boolean {
  return introspection?.jwts !== 'introspect' || introspection.signedResponses
}

/**
 * The caller sees the same response for every refused token. Otherwise, the response would reveal what the issuer
 * says about a token that is not for this service.
 */
export function hidden<Result>(result: Result | Refusal): Result | Refusal {
  if (!(result instanceof Refusal) || result.category !== 'refused') return result
  return refuse(result.code, result.reason, { ...result.detail, hidden: true })
}

function introspectedIssuers({ issuers }: Policy): readonly IssuerPolicy[] {
  return [...issuers.values()].filter(({ introspection }) => introspection)
}

function connect(issuer: IssuerPolicy, policy: Policy, verifyJwt: JwtVerifier): Introspector {
  const { clock, schedule, clockTolerance, allowInsecureHttp, fetch } = policy
  return issuer.introspection!.connect({
    issuer: issuer.issuer,
    metadataUri: issuer.metadataUri,
    discovery: issuer.profile.discovery,
    allowInsecureHttp,
    clock: { now: () => clock.now(), monotonic: () => clock.monotonic(), schedule },
    clockTolerance,
    fetch,
    verifyJwt,
    warn: (message) => warnUnlessOff(policy, message),
  })
}
