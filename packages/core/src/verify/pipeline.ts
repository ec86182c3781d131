import type { VerificationTrace } from '../audit/build-record.ts'
import { BindingCheck } from '../binding/binding-check.ts'
import type { Presentation } from '../binding/presentation.ts'
import type { AudienceRule } from '../config/audience.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { ConfigError, Refusal, refuse } from '../errors/refusal.ts'
import type { Requirements } from '../guards/guards.ts'
import { type JoseHeader, parseJws, type Unverified } from '../jose/jws.ts'
import { type Verified, verifySignature } from '../jose/signature.ts'
import { createKeySource } from '../jwks/create-key-source.ts'
import type { KeySource } from '../jwks/key-source.ts'
import { own } from '../lib/json.ts'
import { andThen, type MaybePromise } from '../lib/maybe-promise.ts'
import { nameOfThrown } from '../lib/quote.ts'
import {
  type AccessToken,
  createToken,
  readContent,
  type TokenContent,
} from '../token/access-token.ts'
import { checkClaims, type ClaimContext, recheckClaims } from '../token/claims.ts'
import { checkDelegation, readDelegation, readMayAct } from '../token/delegation.ts'
import type { Introspected } from '../token/introspected.ts'
import { hidden, IntrospectedIssuers, needsKeys } from './introspection.ts'
import { type Operations, operationsOn } from './operations.ts'
import { otherJwtVerifier } from './other-jwt.ts'
import { ResolvedIssuers } from './resolved-issuers.ts'
import { createRevocationCheck, type RevocationCheck } from './revocation-check.ts'
import { withClockHint, withSetupHint } from './setup-hints.ts'
import { SetupWarnings } from './setup-warnings.ts'
import { type CachedToken, type CacheStatistics, createTokenCache } from './token-cache.ts'
import { TokenWatcher } from './token-watcher.ts'
import { checkHeader, type TrustedIssuer, untrustedIssuer } from './trusted-issuer.ts'

/** Verifies one token from start to finish. Knows nothing about requests. */
export class Pipeline {
  readonly policy: Policy
  readonly operations: Operations
  readonly #sources: ReadonlyMap<string, KeySource>
  /** By the issuer's name. Any value of a claim can be looked up. */
  readonly #trusted: ReadonlyMap<unknown, TrustedIssuer>
  readonly #resolved: ResolvedIssuers | undefined
  readonly #cache: ReturnType<typeof createTokenCache>
  readonly #binding: BindingCheck
  readonly #introspection: IntrospectedIssuers | undefined
  readonly #revocation: RevocationCheck | undefined
  readonly #hasAudience: boolean
  readonly #warnings: SetupWarnings

  constructor(policy: Policy) {
    this.policy = policy
    this.#sources = new Map(
      [...policy.issuers].map(([name, issuer]) => [name, createKeySource(issuer, policy)]),
    )
    this.#trusted = new Map(
      [...policy.issuers].map(([name, issuer]) => [
        name,
        Object.freeze({ issuer, source: this.#sources.get(name)! }),
      ]),
    )
    const { resolveIssuer } = policy
    const resolved = resolveIssuer && new ResolvedIssuers(policy, resolveIssuer)
    this.#resolved = resolved
    this.#cache = createTokenCache(policy)
    this.#binding = new BindingCheck(policy)
    const verifyJwt = otherJwtVerifier(policy, (unverified) => this.#trustedIssuer(unverified))
    const isIntrospected = [...policy.issuers.values()].some((issuer) => issuer.introspection)
    const introspection = isIntrospected ? new IntrospectedIssuers(policy, verifyJwt) : undefined
    this.#introspection = introspection
    this.#revocation = createRevocationCheck(policy, verifyJwt)
    this.#hasAudience = !issuerWithoutAudience(policy)
    this.#warnings = new SetupWarnings(policy)
    this.operations = operationsOn({
      configured: this.#sources,
      needsKeys: (name) => needsKeys(policy.issuers.get(name)!),
      introspection,
      revocation: this.#revocation?.checker,
      watcher: new TokenWatcher(policy, this.#revocation?.checker),
      resolved: () => resolved?.sources ?? [],
      cache: () => this.cacheStatistics,
      blockKey: (issuer, kid) => resolved?.blockKey(issuer, kid) ?? false,
      close: () => resolved?.close(),
    })
  }

  /** `undefined` if the cache is off. */
  get cacheStatistics(): CacheStatistics | undefined {
    return this.#cache?.statistics
  }

  /**
   * Returns the access token or the reason it was refused. Synchronous if the token is in the cache. The promise
   * never rejects.
   *
   * @param presentation how the request presents the token
   * @param trace receives how far the verification got, for the decision record
   * @throws ConfigError immediately if no audience is known
   */
  verify(
    jwt: string,
    requirements: Requirements,
    presentation: Presentation,
    trace: VerificationTrace,
  ): MaybePromise<AccessToken | Refusal> {
    if (!this.#hasAudience) requireAudience(this.policy, requirements.audience)
    const cached = this.#verifyCached(jwt, requirements, presentation, trace)
    if (cached) return cached
    return this.#verifyNew(jwt, requirements, presentation, trace)
  }

  /** Repeats the checks whose result changes with the time or the route. */
  #verifyCached(
    jwt: string,
    requirements: Requirements,
    presentation: Presentation,
    trace: VerificationTrace,
  ): MaybePromise<AccessToken | Refusal> | undefined {
    // A token over the size limit is never cached, so it is not looked up either.
    if (!this.#cache || typeof jwt !== 'string' || jwt.length > this.policy.maxTokenBytes) {
      return undefined
    }
    trace.cached = false
    try {
      const cached = this.#cache.get(jwt)
      if (!cached) return undefined
      const { content, header, issuer } = cached
      const token = createToken(content, jwt)
      trace.cached = true
      trace.token = token
      const context = claimContext(header, issuer, requirements, this.policy)
      if (context instanceof Refusal) return context
      const refusal = recheckClaims(content.claims, content.audience, context)
      if (refusal?.code === 'token_expired') this.#cache.delete(jwt)
      const result = refusal ?? this.#checkUse(token, requirements, presentation, trace)
      if (!(result instanceof Promise)) return this.#withHint(result, cached, jwt)
      return result.then((settled) => this.#withHint(settled, cached, jwt), unexpected)
    } catch (error) {
      return unexpected(error)
    }
  }

  #withHint(
    result: AccessToken | Refusal,
    { content, header }: CachedToken,
    jwt: string,
  ): AccessToken | Refusal {
    if (!(result instanceof Refusal)) return result
    return withSetupHint(result, { parsed: { header, claims: content.claims }, jwt }, this.policy)
  }

  /**
   * Verifies a new token. Waits for keys, for `resolveIssuer`, and for slow algorithms, but not for a value that
   * is available: that would take a turn of the microtask queue.
   */
  async #verifyNew(
    jwt: string,
    requirements: Requirements,
    presentation: Presentation,
    trace: VerificationTrace,
  ): Promise<AccessToken | Refusal> {
    const introspect = (issuer: IssuerPolicy, verified?: Verified) =>
      this.#introspect(jwt, issuer, requirements, presentation, trace, verified)
    try {
      const opaqueIssuer = this.#introspection?.issuerOf(jwt)
      if (opaqueIssuer) return this.#explained(await introspect(opaqueIssuer), jwt, trace)
      const unverified = parseJws(jwt, this.policy.maxTokenBytes)
      if (unverified instanceof Refusal) return this.#explained(unverified, jwt, trace)
      trace.unverified = unverified

      const found = this.#trustedIssuer(unverified)
      const trusted = found instanceof Promise ? await found : found
      if (trusted instanceof Refusal) return this.#explained(trusted, jwt, trace)
      const { issuer, source } = trusted
      if (issuer.introspection?.jwts === 'introspect') {
        return this.#explained(await introspect(issuer), jwt, trace)
      }
      trace.issuer = issuer

      const pending = this.#checkSignature(unverified, trusted)
      const verified = pending instanceof Promise ? await pending : pending
      if (verified instanceof Refusal) return this.#explained(verified, jwt, trace)
      trace.verified = verified
      trusted.recordVerified?.()

      const context = claimContext(verified.header, issuer, requirements, this.policy)
      if (context instanceof Refusal) return this.#explained(context, jwt, trace)
      const content = acceptClaims(verified, context, false)
      if (content instanceof Refusal) {
        return this.#explained(withClockHint(content, source.health().clockSkew), jwt, trace)
      }
      if (issuer.introspection?.jwts === 'verify-and-introspect') {
        return this.#explained(await introspect(issuer, verified), jwt, trace)
      }
      const { header, key } = verified
      this.#cache?.keep(jwt, { content, header, key, source, issuer })

      trace.token = createToken(content, jwt)
      const use = this.#checkUse(trace.token, requirements, presentation, trace)
      return this.#explained(use instanceof Promise ? await use : use, jwt, trace)
    } catch (error) {
      return this.#explained(unexpected(error), jwt, trace)
    }
  }

  #checkSignature(
    unverified: Unverified,
    { issuer, source }: TrustedIssuer,
  ): MaybePromise<Verified | Refusal> {
    const { header } = unverified
    const refusedHeader = checkHeader(header, issuer)
    if (refusedHeader) return refusedHeader
    return andThen(source.find(header), (key) =>
      key instanceof Refusal ? key : verifySignature(unverified, key, this.policy.cryptography),
    )
  }

  /**
   * Asks the issuer about the token, and checks the claims that it returns as if they were those of a JWT. What the
   * token itself contains counts only if it was verified.
   */
  async #introspect(
    text: string,
    issuer: IssuerPolicy,
    requirements: Requirements,
    presentation: Presentation,
    trace: VerificationTrace,
    verified?: Verified,
  ): Promise<AccessToken | Refusal> {
    const answer = await this.#introspection!.ask(text, issuer, trace, verified?.claims)
    if (answer instanceof Refusal) return hidden(answer)
    const header = verified?.header ?? noHeader
    const context = claimContext(header, issuer, requirements, this.policy)
    if (context instanceof Refusal) return hidden(context)
    const content = acceptClaims(answer, context, verified === undefined)
    if (content instanceof Refusal) return hidden(content)
    const token = createToken(content, text)
    trace.token = token
    return this.#checkUse(token, requirements, presentation, trace)
  }

  /**
   * Whether this request may use a valid token. Never cached. The proof of a request is used up even if the
   * token's actor is refused afterwards.
   */
  #checkUse(
    token: AccessToken,
    requirements: Requirements,
    presentation: Presentation,
    trace: VerificationTrace,
  ): MaybePromise<AccessToken | Refusal> {
    const bound = this.#binding.check(token, presentation, trace)
    if (!(bound instanceof Promise)) return bound ?? this.#checkRest(token, requirements, trace)
    return bound.then((refusal) => refusal ?? this.#checkRest(token, requirements, trace))
  }

  #checkRest(
    token: AccessToken,
    requirements: Requirements,
    trace: VerificationTrace,
  ): MaybePromise<AccessToken | Refusal> {
    const refusal = this.#checkDelegation(token, requirements)
    return refusal ?? this.#revocation?.check(token, trace) ?? token
  }

  /** A configured issuer, or one that the user's rule accepts. Nothing has been fetched for it yet. */
  #trustedIssuer(unverified: Unverified): MaybePromise<TrustedIssuer | Refusal> {
    const iss = own(unverified.claims, 'iss')
    const configured = this.#trusted.get(iss)
    if (configured) return configured
    return this.#resolved && typeof iss === 'string'
      ? this.#resolved.find(iss)
      : untrustedIssuer(iss, this.policy)
  }

  #checkDelegation({ actor }: AccessToken, { delegation }: Requirements): Refusal | undefined {
    return checkDelegation(actor, delegation ?? this.policy.delegation)
  }

  /** Adds a hint to the reason of a refusal, and warns the operator if every token may be refused. */
  #explained(
    result: AccessToken | Refusal,
    jwt: string,
    { unverified, issuer }: VerificationTrace,
  ): AccessToken | Refusal {
    if (!(result instanceof Refusal)) {
      this.#warnings.accepted()
      return result
    }
    const refusal = withSetupHint(result, { parsed: unverified, jwt }, this.policy)
    this.#warnings.refused(refusal, issuer)
    return refusal
  }
}

/** Whether the claims are those of an access token for this service that is valid now, and what they say. */
export function acceptClaims(
  authentic: Verified | Introspected,
  context: ClaimContext,
  isIntrospected: boolean,
): TokenContent | Refusal {
  const { issuer, policy } = context
  const checked = checkClaims(authentic, context)
  if (checked instanceof Refusal) return checked
  const delegation = readDelegation(checked.claims, issuer, policy.maxActorDepth)
  if (delegation instanceof Refusal) return delegation
  const mayAct = readMayAct(checked.claims)
  if (mayAct instanceof Refusal) return mayAct
  const { profile, impliedScopes } = issuer
  return readContent({ checked, delegation, mayAct, profile, impliedScopes, isIntrospected })
}

/** An introspection response has no header. */
const noHeader: Pick<JoseHeader, 'typ'> = Object.freeze({ typ: undefined })

const audienceFix =
  "Set audience: 'order-service', or let requireAudience('order-service') run first."

/** Only a resolved issuer can lack an audience here: configured issuers are checked before. */
export function claimContext(
  { typ }: Pick<JoseHeader, 'typ'>,
  issuer: IssuerPolicy,
  requirements: Requirements,
  policy: Policy,
): ClaimContext | Refusal {
  const audience = requirements.audience ?? issuer.audience
  if (!audience) return unavailable('resolveIssuer returned no audience')
  return { policy, issuer, audience, typ, now: policy.clock.now() / 1000 }
}

/**
 * @param fix what to do, for callers that have no guards
 * @throws ConfigError if an issuer has no audience and no guard supplies one
 */
export function requireAudience(
  policy: Policy,
  audience?: AudienceRule,
  fix: string = audienceFix,
): void {
  const issuer = audience ? undefined : issuerWithoutAudience(policy)
  if (!issuer) return
  throw new ConfigError(`No audience is configured for the issuer '${issuer.issuer}'.`, fix)
}

function issuerWithoutAudience({ issuers }: Policy): IssuerPolicy | undefined {
  return [...issuers.values()].find(({ audience }) => !audience)
}

/** An unexpected exception says nothing about the token, and must not crash the host. */
function unexpected(error: unknown): Refusal {
  return unavailable(`unexpected error during verification: ${nameOfThrown(error)}`)
}

function unavailable(reason: string): Refusal {
  return refuse('verification_failed', reason, { retryAfter: 1 })
}
