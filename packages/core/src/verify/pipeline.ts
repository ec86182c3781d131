import { advise } from './setup-hints.ts'
import type { AudienceRule } from '../config/audience.ts'
import { checkClaims } from '../token/claims.ts'
import { readDelegation, readMayAct } from '../token/delegation.ts'
import { claimedIdentity, identityOf, unverifiedIdentity } from '../audit/identity.ts'
import { own } from '../lib/json.ts'
import { parseJws, type Unverified } from '../jose/jws.ts'
import { createKeySource } from '../jwks/create-key-source.ts'
import type { KeySource } from '../jwks/key-source.ts'
import { type Operations, operationsOn } from './operations.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { ResolvedIssuers, type Trusted } from './resolved-issuers.ts'
import type { Identity } from '../options/decision-record.ts'
import { ConfigError, Refusal, refuse } from '../errors/refusal.ts'
import { type MaybePromise, andThen } from '../lib/maybe-promise.ts'
import { type Verified, verifySignature } from '../jose/signature.ts'
import {
  type AccessToken,
  createToken,
  readContent,
  type TokenContent,
} from '../token/access-token.ts'
import { type CacheStatistics, createTokenCache } from './token-cache.ts'
import { checkHeader, trustedIssuer } from './trusted-issuer.ts'

/** What became of a token: its outcome, and as much of it as may be recorded. */
export interface Judgement {
  readonly result: AccessToken | Refusal
  /** Put together when it is read: most judgements are never recorded. */
  readonly identity: Identity
}

/** The pipeline without a host: judges one token for one audience. */
export interface Judge {
  readonly policy: Policy
  /**
   * `audience` stands in for the configured one. Never rejects. A token that is remembered is judged at
   * once.
   *
   * @throws ConfigError where there is neither
   */
  judge(token: string, audience?: AudienceRule): MaybePromise<Judgement>
  readonly operations: Operations
  /** `undefined` where nothing is remembered. */
  readonly cache: CacheStatistics | undefined
}

export function createJudge(policy: Policy): Judge {
  const pipeline = new Pipeline(policy)
  const complete = !issuerWithoutAudience(policy)
  return {
    policy,
    judge: (token, audience) => {
      if (!complete) requireAudience(policy, audience)
      return pipeline.judge(token, audience)
    },
    operations: pipeline.operations,
    get cache() {
      return pipeline.cache
    },
  }
}

class Pipeline {
  readonly #policy: Policy
  readonly #sources: ReadonlyMap<string, KeySource>
  readonly #resolved: ResolvedIssuers | undefined
  readonly #cache: ReturnType<typeof createTokenCache>

  constructor(policy: Policy) {
    this.#policy = policy
    this.#sources = new Map(
      [...policy.issuers].map(([name, issuer]) => [name, createKeySource(issuer, policy)]),
    )
    const { resolveIssuer } = policy
    this.#resolved = resolveIssuer && new ResolvedIssuers(policy, resolveIssuer)
    this.#cache = createTokenCache(policy)
  }

  get cache(): CacheStatistics | undefined {
    return this.#cache?.statistics
  }

  get operations(): Operations {
    const resolved = this.#resolved
    return operationsOn({
      configured: () => [...this.#sources.values()],
      resolved: () => resolved?.sources ?? [],
      cache: () => this.cache,
      blockKey: (kid) => resolved?.blockKey(kid),
      close: () => resolved?.close(),
    })
  }

  judge(token: string, audience: AudienceRule | undefined): MaybePromise<Judgement> {
    const id = this.#idOf(token)
    const recalled = id === undefined ? undefined : this.#recall(id, token, audience)
    return recalled ?? this.#judgeAnew(token, audience, id)
  }

  /** No token that is too long was ever remembered, and none is hashed to find that out. */
  #idOf(token: unknown): string | undefined {
    if (typeof token !== 'string' || token.length > this.#policy.maxTokenBytes) return undefined
    return this.#cache?.idOf(token)
  }

  #recall(id: string, token: string, audience: AudienceRule | undefined): Judgement | undefined {
    try {
      const recalled = this.#cache?.recall(id, audience)
      if (!recalled) return undefined
      if (recalled.refusal) {
        const refusal = advise(recalled.refusal, recalled, this.#policy)
        return this.#judged(refusal, {
          cached: true,
          recalled: createToken(recalled.content, token),
        })
      }
      return this.#judged(createToken(recalled.content, token), { cached: true })
    } catch (error) {
      return this.#judged(broken(error), {})
    }
  }

  #judgeAnew(
    token: string,
    audience: AudienceRule | undefined,
    id: string | undefined,
  ): MaybePromise<Judgement> {
    const evidence: Evidence = { ...(id !== undefined && { cached: false }) }
    const fail = (error: unknown): Judgement => this.#judged(broken(error), evidence)
    try {
      const told = andThen(this.#tell(token, audience, id, evidence), (result) => {
        const { unverified } = evidence
        const refused = result instanceof Refusal
        return this.#judged(refused ? advise(result, unverified, this.#policy) : result, evidence)
      })
      return told instanceof Promise ? told.catch(fail) : told
    } catch (error) {
      return fail(error)
    }
  }

  /** Of the configured ones, or one that the user's rule takes. Nothing was fetched for it by then. */
  #trusted(unverified: Unverified): MaybePromise<Trusted | Refusal> {
    const issuer = trustedIssuer(unverified, this.#policy)
    if (!(issuer instanceof Refusal)) {
      return { issuer, source: this.#sources.get(issuer.issuer)! }
    }
    const iss = own(unverified.claims, 'iss')
    return this.#resolved && typeof iss === 'string' ? this.#resolved.find(iss) : issuer
  }

  #judged(result: AccessToken | Refusal, evidence: Evidence): Judgement {
    return new Judged(result, evidence, this.#policy)
  }

  /** A token's story, top to bottom; it waits only for keys to come, and for slow mathematics. */
  #tell(
    token: string,
    audience: AudienceRule | undefined,
    id: string | undefined,
    evidence: Evidence,
  ): MaybePromise<AccessToken | Refusal> {
    const unverified = parseJws(token, this.#policy.maxTokenBytes)
    if (unverified instanceof Refusal) return unverified
    evidence.unverified = unverified

    return andThen(this.#trusted(unverified), (trusted) => {
      if (trusted instanceof Refusal) return trusted
      const { issuer, source } = trusted
      evidence.issuer = issuer
      return andThen(this.#verified(unverified, trusted), (verified) => {
        if (verified instanceof Refusal) return verified
        evidence.verified = verified

        const content = accept(verified, { policy: this.#policy, issuer }, audience)
        if (content instanceof Refusal) return content
        const { header, key } = verified
        if (id !== undefined) this.#cache?.keep(id, token, { content, header, key, source, issuer })
        return createToken(content, token)
      })
    })
  }

  /** Whether that issuer signed it, with one of its keys of now. */
  #verified(unverified: Unverified, { issuer, source }: Trusted): MaybePromise<Verified | Refusal> {
    const wrongHeader = checkHeader(unverified.header, issuer)
    if (wrongHeader) return wrongHeader
    return andThen(source.find(unverified.header), (key) =>
      key instanceof Refusal ? key : verifySignature(unverified, key, this.#policy.cryptography),
    )
  }
}

/** The second half of the story: whether these words are an access token for this service, now. */
function accept(
  verified: Verified,
  { policy, issuer }: { readonly policy: Policy; readonly issuer: IssuerPolicy },
  replacement: AudienceRule | undefined,
): TokenContent | Refusal {
  const audience = replacement ?? issuer.audience
  // Only a resolved issuer can come so far without one: the others were looked at before.
  if (!audience)
    return refuse('verification_failed', 'resolveIssuer gave no audience', { retryAfter: 1 })
  const now = policy.clock.now() / 1000
  const wrongClaim = checkClaims(verified.claims, { policy, issuer, audience, now })
  if (wrongClaim) return wrongClaim

  const delegation = readDelegation(verified.claims, issuer, policy.maxActorDepth)
  if (delegation instanceof Refusal) return delegation
  const mayAct = readMayAct(verified.claims)
  if (mayAct instanceof Refusal) return mayAct

  return readContent({
    ...{ verified, delegation, mayAct },
    ...{ profile: issuer.profile, impliedScopes: issuer.impliedScopes },
  })
}

/** @throws ConfigError where an issuer has no audience and nothing stands in for it */
export function requireAudience(policy: Policy, replacement?: AudienceRule): void {
  const without = replacement ? undefined : issuerWithoutAudience(policy)
  if (!without) return
  throw new ConfigError(
    `There is no audience for '${without.issuer}'.`,
    "Set audience: 'order-service', or let requireAudience('order-service') run first.",
  )
}

function issuerWithoutAudience({ issuers }: Policy): { readonly issuer: string } | undefined {
  return [...issuers.values()].find(({ audience }) => !audience)
}

/** Whatever is thrown below is no verdict, and never a crash of the host. */
function broken(error: unknown): Refusal {
  const what = error instanceof Error ? error.name : typeof error
  return refuse('verification_failed', `the verification broke down: ${what}`, { retryAfter: 1 })
}

/** How far a token came, for the record. */
interface Evidence {
  unverified?: Unverified
  issuer?: IssuerPolicy
  /** Once the signature holds. */
  verified?: Verified
  /** What was remembered of a token that is refused now. */
  readonly recalled?: AccessToken
  readonly cached?: boolean
}

class Judged implements Judgement {
  readonly result: AccessToken | Refusal
  readonly #evidence: Evidence
  readonly #policy: Policy

  constructor(result: AccessToken | Refusal, evidence: Evidence, policy: Policy) {
    this.result = result
    this.#evidence = evidence
    this.#policy = policy
  }

  get identity(): Identity {
    const { cached } = this.#evidence
    return { ...(cached !== undefined && { cached }), ...this.#words() }
  }

  #words(): Identity {
    const { unverified, issuer, verified, recalled } = this.#evidence
    const token = this.result instanceof Refusal ? recalled : this.result
    if (token) return identityOf(token, this.#policy)
    if (verified && issuer) return claimedIdentity(verified, issuer, this.#policy)
    // What is no token may be anything, a password too: not even its hash is recorded.
    return unverified ? unverifiedIdentity(unverified) : {}
  }
}
