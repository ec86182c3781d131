import { within } from '../lib/clock.ts'
import { GenerationalMap } from '../lib/generational-map.ts'
import { describeThrown, quote } from '../lib/quote.ts'
import { hasExtras, isSecure, parseUrl } from '../lib/url.ts'
import { createKeySource } from '../jwks/create-key-source.ts'
import type { KeySource } from '../jwks/key-source.ts'
import { minutes, seconds } from '../jwks/freshness.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'
import { type AcceptedIssuer, IssuerPool } from './issuer-pool.ts'
import { describeMismatch } from './issuer-mismatch.ts'
import { busy, NewIssuerLimiter } from './new-issuer-limiter.ts'
import type { TrustedIssuer } from './trusted-issuer.ts'

/** How long a result of `resolveIssuer` is used. Added and removed issuers take effect after that. */
const resultLifetime = 1 * minutes
/** How long `resolveIssuer` may take. */
const deadline = 5 * seconds
/** How many refused issuers are remembered. */
const maxRefused = 10_000
/** How many calls of `resolveIssuer` may be pending for issuers that are not accepted yet. */
const maxPending = 1_000

/**
 * Issuers that are not known in advance. `resolveIssuer` decides before anything is fetched. Anyone can send a
 * token with any `iss`, so the number of issuers and of new ones per second is limited.
 */
export class ResolvedIssuers {
  readonly #policy: Policy
  readonly #resolve: NonNullable<Policy['resolveIssuer']>
  readonly #accepted: IssuerPool
  readonly #newIssuers: NewIssuerLimiter
  readonly #pending = new Map<string, Promise<TrustedIssuer | Refusal>>()
  readonly #refused = new GenerationalMap<number>({ entries: maxRefused, bytes: maxRefused * 512 })
  /** The blocked `kid` values of each issuer, including issuers that are not accepted yet. */
  readonly #blocked = new Map<string, Set<string>>()
  #closed = false

  constructor(policy: Policy, resolve: NonNullable<Policy['resolveIssuer']>) {
    this.#policy = policy
    this.#resolve = resolve
    this.#accepted = new IssuerPool(policy.maxResolvedIssuers)
    this.#newIssuers = new NewIssuerLimiter(policy)
  }

  get sources(): readonly KeySource[] {
    return this.#accepted.active.map(({ source }) => source)
  }

  find(iss: string): TrustedIssuer | Refusal | Promise<TrustedIssuer | Refusal> {
    if (!isNormalizedIssuer(iss, this.#policy.allowInsecureHttp)) {
      const reason = `the token's iss is ${quote(iss)}, which is not a normalized issuer URL`
      return refuse('issuer_not_trusted', reason, { claim: 'iss' })
    }
    const accepted = this.#accepted.get(iss)
    if (accepted && this.#isRecent(accepted.resolvedAt)) return this.#accepted.use(accepted)
    if (this.#isRecent(this.#refused.get(iss) ?? -Infinity)) return this.#notAccepted(iss)
    return this.#resolveOnce(iss)
  }

  /** Returns `false` if no token of this issuer is accepted. */
  blockKey(iss: string, kid: string): boolean {
    if (!isNormalizedIssuer(iss, this.#policy.allowInsecureHttp)) return false
    this.#blocked.set(iss, (this.#blocked.get(iss) ?? new Set()).add(kid))
    this.#accepted.get(iss)?.source.blockKey(kid)
    return true
  }

  close(): void {
    this.#closed = true
    this.#accepted.close()
  }

  #isRecent(time: number): boolean {
    return this.#policy.clock.monotonic() - time < resultLifetime
  }

  /** Calls `resolveIssuer`, once at a time for each issuer. Unknown issuers do not keep accepted ones waiting. */
  #resolveOnce(iss: string): Promise<TrustedIssuer | Refusal> {
    const pending = this.#pending.get(iss)
    if (pending) return pending
    if (this.#pending.size >= maxPending && !this.#accepted.get(iss)) {
      return Promise.resolve(unresolved(`${maxPending} calls are pending`))
    }
    const result = this.#resolveNow(iss).finally(() => this.#pending.delete(iss))
    this.#pending.set(iss, result)
    return result
  }

  async #resolveNow(iss: string): Promise<TrustedIssuer | Refusal> {
    const now = this.#policy.clock.monotonic()
    try {
      const issuer = await within(
        deadline,
        this.#resolve(iss),
        () => new DeadlineError(),
        this.#policy.schedule,
      )
      return issuer ? await this.#accept(iss, issuer, now) : this.#refuse(iss, now)
    } catch (error) {
      // The token may be valid, so this is an outage and not a refusal.
      const isExplained = error instanceof ConfigError || error instanceof DeadlineError
      return unresolved(isExplained ? error.message : `it threw ${describeThrown(error)}`)
    }
  }

  #refuse(iss: string, now: number): Refusal {
    this.#accepted.delete(iss)
    this.#refused.set(iss, now, iss.length)
    return this.#notAccepted(iss)
  }

  #notAccepted(iss: string): Refusal {
    const { issuers } = this.#policy
    const reason = `${describeMismatch(iss, issuers)}. resolveIssuer does not accept it either`
    const resolvedOnly = `resolveIssuer does not accept the token's iss ${quote(iss)}`
    const shown = issuers.size > 0 ? reason : resolvedOnly
    return refuse('issuer_not_trusted', shown, { claim: 'iss' })
  }

  /** Keeps the keys of an issuer whose options are unchanged. Otherwise drops its keys and cached tokens. */
  async #accept(iss: string, issuer: IssuerPolicy, now: number): Promise<TrustedIssuer | Refusal> {
    this.#refused.delete(iss)
    const previous = this.#accepted.get(iss)
    if (previous && same(previous.issuer, issuer)) {
      previous.resolvedAt = now
      return this.#accepted.use(previous)
    }
    this.#accepted.delete(iss)
    const refused = issuer.jwks ? undefined : await this.#newIssuers.wait()
    if (refused) return refused
    if (!this.#accepted.hasRoom()) return busy('tokens of other issuers are waiting for keys')
    const accepted = this.#acceptedIssuer(iss, issuer, now)
    this.#accepted.add(accepted)
    return accepted
  }

  /** A key source whose keys, and the cached tokens that depend on them, count only while the result does. */
  #acceptedIssuer(iss: string, issuer: IssuerPolicy, resolvedAt: number): AcceptedIssuer {
    const source = createKeySource(issuer, this.#policy, 'while used')
    for (const kid of this.#blocked.get(iss) ?? []) source.blockKey(kid)
    if (this.#closed) source.close()
    const isCurrent = (): boolean =>
      this.#accepted.get(iss) === accepted && this.#isRecent(accepted.resolvedAt)
    const wrapped: KeySource = {
      find: (header) => {
        const found = source.find(header)
        if (!(found instanceof Promise)) return found
        accepted.waiting += 1
        return found.finally(() => (accepted.waiting -= 1))
      },
      holds: (key) => isCurrent() && source.holds(key),
      warmUp: () => source.warmUp(),
      ready: () => source.ready(),
      health: () => source.health(),
      refreshKeys: () => source.refreshKeys(),
      blockKey: (kid) => source.blockKey(kid),
      pause: () => source.pause(),
      close: () => source.close(),
    }
    const accepted: AcceptedIssuer = {
      issuer,
      source: wrapped,
      resolvedAt,
      waiting: 0,
      isVerified: false,
      recordVerified: () => this.#accepted.recordVerified(accepted),
    }
    return accepted
  }
}

class DeadlineError extends Error {
  override readonly message: string = `it did not settle within ${deadline} ms`
}

function unresolved(cause: string): Refusal {
  return refuse('verification_failed', `resolveIssuer failed: ${cause}`, { retryAfter: 1 })
}

/** Compares all data. Functions, such as those in hints, are ignored, because they do not affect decisions. */
function same(one: IssuerPolicy, other: IssuerPolicy): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** In characters. Longer than the issuers of known providers. */
const maxLength = 512

/**
 * Whether this is a normalized issuer URL: one that the URL parser does not change. So the string that
 * `resolveIssuer` receives and the URL that is fetched cannot differ. It must not contain user information,
 * the default port, a query or a fragment. The host must not contain uppercase or non-ASCII letters, or end
 * with a dot. The path must not contain dot segments, empty segments, escapes, or backslashes.
 */
export function isNormalizedIssuer(iss: string, insecure: boolean): boolean {
  const url = iss.length <= maxLength && !hasOddities(iss) ? parseUrl(iss) : undefined
  if (!url || hasExtras(iss, url) || !isSecure(url, insecure)) return false
  return url.href === iss || (url.pathname === '/' && url.href === `${iss}/`)
}

function hasOddities(iss: string): boolean {
  return /[^\x21-\x7e]|[%\\]|[^:]\/\/|\.(?:[:/]|$)/.test(iss)
}
