import type { AudienceRule } from '../config/audience.ts'
import { recheckClaims } from '../token/claims.ts'
import { type Bounds, GenerationalMap } from '../lib/generational-map.ts'
import type { VerificationKey } from '../jose/jwk.ts'
import type { JoseHeader } from '../jose/jws.ts'
import type { KeySource } from '../jwks/key-source.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import type { Refusal } from '../errors/refusal.ts'
import { Doorkeeper } from '../lib/doorkeeper.ts'
import type { TokenContent } from '../token/access-token.ts'
import { digest } from '#crypto'

/** A token that was found valid, and all that its validity hangs on. */
export interface Accepted {
  readonly content: TokenContent
  readonly header: JoseHeader
  readonly key: VerificationKey
  readonly source: KeySource
  readonly issuer: IssuerPolicy
}

/** For health data. Counted since the start. */
export interface CacheStatistics {
  readonly hits: number
  readonly misses: number
  /** Tokens that are remembered now. */
  readonly tokens: number
  /** What they take up, estimated. */
  readonly bytes: number
}

/**
 * What a token takes up, from its length: the objects of its claims, and the entry itself. Measured, and
 * rounded up: decisions/051.
 */
const sizeOf = (raw: string): number => 1024 + 2 * raw.length

/**
 * Remembers tokens that were valid, so that one which comes again costs no signature check. Found by the
 * SHA-256 of the whole token: no other token has it, and the token itself is not kept. A token is
 * remembered when it comes for the second time: one that comes once costs no memory and pushes nothing
 * out.
 *
 * What it gives out was judged at that very moment: nothing leaves it unless the key is still the
 * issuer's, and time and audience are right now.
 */
export class TokenCache {
  readonly #policy: Policy
  readonly #digest: (text: string) => string
  readonly #entries: GenerationalMap<Accepted>
  readonly #sightings: Doorkeeper
  #hits = 0
  #misses = 0

  constructor(policy: Policy, bounds: Bounds, hash: (text: string) => string) {
    this.#policy = policy
    this.#entries = new GenerationalMap(bounds)
    this.#sightings = new Doorkeeper(bounds.entries)
    this.#digest = hash
  }

  /** What a token is remembered by. */
  idOf(raw: string): string {
    return this.#digest(raw)
  }

  /** The token's content, judged for now and for this audience; `undefined` where it is not known. */
  recall(id: string, replacement: AudienceRule | undefined): Recalled | undefined {
    const accepted = this.#entries.get(id)
    // A key that is not the issuer's just now may be so again once its set was refreshed.
    if (!accepted?.source.holds(accepted.key)) {
      this.#misses += 1
      return undefined
    }
    this.#hits += 1
    const { content, header, issuer } = accepted
    const audience = (replacement ?? issuer.audience)!
    const now = this.#policy.clock.now() / 1000
    const refusal = recheckClaims(content.claims, { policy: this.#policy, issuer, audience, now })
    if (!refusal) return { content }
    if (refusal.code === 'token_expired') this.#entries.delete(id)
    return { refusal, header, claims: content.claims, content }
  }

  /** Call with tokens that were found valid, and nothing else. */
  keep(id: string, raw: string, accepted: Accepted): void {
    if (this.#sightings.seenBefore(id)) this.#entries.set(id, accepted, sizeOf(raw))
  }

  get statistics(): CacheStatistics {
    return {
      ...{ hits: this.#hits, misses: this.#misses },
      ...{ tokens: this.#entries.size, bytes: this.#entries.bytes },
    }
  }
}

export type Recalled =
  | { readonly content: TokenContent; readonly refusal?: undefined }
  | {
      readonly refusal: Refusal
      readonly header: JoseHeader
      readonly claims: TokenContent['claims']
      readonly content: TokenContent
    }

/** `undefined` where the policy wants none, or the runtime has no synchronous hash. */
export function createTokenCache(policy: Policy): TokenCache | undefined {
  if (!policy.cache || !digest) return undefined
  return new TokenCache(policy, policy.cache, digest)
}
