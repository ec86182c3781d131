import { advise } from './advise.ts'
import type { AudienceRule } from './audience.ts'
import { checkClaims } from './claims.ts'
import { readDelegation, readMayAct } from './delegation.ts'
import { claimedIdentity, identityOf, unverifiedIdentity } from './identity.ts'
import { parseJws, type Unverified } from './jws.ts'
import { createKeySource } from './keys/create.ts'
import type { KeySource } from './keys/source.ts'
import { type Operations, operationsOn } from './operations.ts'
import type { Policy } from './policy.ts'
import type { Identity } from './record.ts'
import { ConfigError, Refusal, refuse } from './refusal.ts'
import { type Soon, whenKnown } from './soon.ts'
import { type Verified, verifySignature } from './signature.ts'
import { type AccessToken, createToken, readContent, type TokenContent } from './token.ts'
import { type CacheStatistics, createTokenCache } from './token-cache.ts'
import { checkHeader, trustedIssuer } from './trust.ts'

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
  judge(token: string, audience?: AudienceRule): Soon<Judgement>
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
  readonly #cache: ReturnType<typeof createTokenCache>

  constructor(policy: Policy) {
    this.#policy = policy
    this.#sources = new Map(
      [...policy.issuers].map(([name, issuer]) => [name, createKeySource(issuer, policy)]),
    )
    this.#cache = createTokenCache(policy)
  }

  get cache(): CacheStatistics | undefined {
    return this.#cache?.statistics
  }

  get operations(): Operations {
    return operationsOn(
      () => [...this.#sources.values()],
      () => this.cache,
    )
  }

  judge(token: string, audience: AudienceRule | undefined): Soon<Judgement> {
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
  ): Soon<Judgement> {
    const evidence: Evidence = { ...(id !== undefined && { cached: false }) }
    const fail = (error: unknown): Judgement => this.#judged(broken(error), evidence)
    try {
      const told = whenKnown(this.#tell(token, audience, id, evidence), (result) => {
        const { unverified } = evidence
        const refused = result instanceof Refusal
        return this.#judged(refused ? advise(result, unverified, this.#policy) : result, evidence)
      })
      return told instanceof Promise ? told.catch(fail) : told
    } catch (error) {
      return fail(error)
    }
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
  ): Soon<AccessToken | Refusal> {
    const policy = this.#policy
    const unverified = parseJws(token, policy.maxTokenBytes)
    if (unverified instanceof Refusal) return unverified
    evidence.unverified = unverified

    const issuer = trustedIssuer(unverified, policy)
    if (issuer instanceof Refusal) return issuer
    const wrongHeader = checkHeader(unverified.header, issuer)
    if (wrongHeader) return wrongHeader

    const source = this.#sources.get(issuer.issuer)!
    return whenKnown(source.find(unverified.header), (key) => {
      if (key instanceof Refusal) return key

      const outcome = verifySignature(unverified, key, policy.cryptography)
      return whenKnown(outcome, (verified) => {
        if (verified instanceof Refusal) return verified
        evidence.verified = verified

        const content = accept(verified, policy, audience)
        if (content instanceof Refusal) return content
        const { header } = verified
        if (id !== undefined) this.#cache?.keep(id, token, { content, header, key, source, issuer })
        return createToken(content, token)
      })
    })
  }
}

/** The second half of the story: whether these words are an access token for this service, now. */
function accept(
  verified: Verified,
  policy: Policy,
  replacement: AudienceRule | undefined,
): TokenContent | Refusal {
  const issuer = policy.issuers.get(verified.key.issuer)!
  const audience = (replacement ?? issuer.audience)!
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
    const { unverified, verified, recalled } = this.#evidence
    const token = this.result instanceof Refusal ? recalled : this.result
    if (token) return identityOf(token, this.#policy)
    if (verified) return claimedIdentity(verified, this.#policy)
    // What is no token may be anything, a password too: not even its hash is recorded.
    return unverified ? unverifiedIdentity(unverified) : {}
  }
}
