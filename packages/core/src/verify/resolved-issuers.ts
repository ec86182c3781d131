import { GenerationalMap } from '../lib/generational-map.ts'
import { hasExtras, isSecure, parseUrl } from '../lib/url.ts'
import { createKeySource } from '../jwks/create-key-source.ts'
import type { KeySource } from '../jwks/key-source.ts'
import { minutes } from '../jwks/freshness.ts'
import type { IssuerPolicy, Policy } from '../config/policy.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'

/** An issuer whose tokens are taken, and its keys. */
export interface TrustedIssuer {
  readonly issuer: IssuerPolicy
  readonly source: KeySource
}

interface Live extends TrustedIssuer {
  /** When the rule last said yes, by the monotonic clock. */
  asked: number
}

/** So long an answer of the rule counts: a new issuer gets in, and a removed one is out, after that. */
const answerFor = 1 * minutes
/** Answers that were no, and questions that are open. */
const maxRefused = 10_000
const maxAsking = 1_000

const refusedByRule = refuse('issuer_not_trusted', "resolveIssuer refuses the token's iss", {
  claim: 'iss',
})

/**
 * Issuers that are not known in advance. The rule decides before anything is fetched. The least recently
 * used is dropped when there are too many, first among those that never had keys: what a token names
 * costs its sender nothing.
 */
export class ResolvedIssuers {
  readonly #policy: Policy
  readonly #resolve: NonNullable<Policy['resolveIssuer']>
  readonly #live = new Map<string, Live>()
  readonly #asking = new Map<string, Promise<Live | Refusal>>()
  readonly #refused = new GenerationalMap<number>({ entries: maxRefused, bytes: maxRefused * 512 })
  readonly #blocked = new Set<string>()
  #closed = false

  constructor(policy: Policy, resolve: NonNullable<Policy['resolveIssuer']>) {
    this.#policy = policy
    this.#resolve = resolve
  }

  get sources(): readonly KeySource[] {
    return [...this.#live.values()].map(({ source }) => source)
  }

  find(iss: string): TrustedIssuer | Refusal | Promise<TrustedIssuer | Refusal> {
    if (!isPlainlySpelled(iss, this.#policy.allowInsecureHttp)) {
      return refuse('issuer_not_trusted', "the token's iss is no plainly spelled issuer", {
        claim: 'iss',
      })
    }
    const live = this.#live.get(iss)
    if (live && this.#isRecent(live.asked)) return this.#use(iss, live)
    if (this.#isRecent(this.#refused.get(iss) ?? -Infinity)) return refusedByRule
    return this.#ask(iss)
  }

  blockKey(kid: string): void {
    this.#blocked.add(kid)
    for (const source of this.sources) source.blockKey(kid)
  }

  close(): void {
    this.#closed = true
    for (const source of this.sources) source.close()
  }

  #isRecent(time: number): boolean {
    return this.#policy.clock.monotonic() - time < answerFor
  }

  /** To the end of the line of those that are dropped. */
  #use(iss: string, live: Live): Live {
    this.#live.delete(iss)
    this.#live.set(iss, live)
    return live
  }

  /** One question at a time for each issuer. */
  #ask(iss: string): Promise<Live | Refusal> {
    const open = this.#asking.get(iss)
    if (open) return open
    if (this.#asking.size >= maxAsking) return Promise.resolve(noAnswer('too many are asked about'))
    const asked = this.#answer(iss).finally(() => this.#asking.delete(iss))
    this.#asking.set(iss, asked)
    return asked
  }

  async #answer(iss: string): Promise<Live | Refusal> {
    const now = this.#policy.clock.monotonic()
    try {
      const issuer = await this.#resolve(iss)
      return issuer ? this.#admit(iss, issuer, now) : this.#refuse(iss, now)
    } catch (error) {
      // A rule that cannot decide is an outage: the token may be good.
      return noAnswer(error instanceof ConfigError ? error.message : 'it failed')
    }
  }

  #refuse(iss: string, now: number): Refusal {
    this.#drop(iss)
    this.#refused.set(iss, now, iss.length)
    return refusedByRule
  }

  /** What is as before keeps its keys. Anything else starts anew, and remembered tokens go. */
  #admit(iss: string, issuer: IssuerPolicy, now: number): Live {
    this.#refused.delete(iss)
    const before = this.#live.get(iss)
    if (before && same(before.issuer, issuer)) {
      before.asked = now
      return this.#use(iss, before)
    }
    this.#drop(iss)
    this.#makeRoom()
    const live = { issuer, source: this.#sourceOf(iss, issuer), asked: now }
    this.#live.set(iss, live)
    return live
  }

  /** Holds keys only while it is live and the rule's answer counts, and so do remembered tokens. */
  #sourceOf(iss: string, issuer: IssuerPolicy): KeySource {
    const source = createKeySource(issuer, this.#policy)
    for (const kid of this.#blocked) source.blockKey(kid)
    if (this.#closed) source.close()
    const counts = (): boolean => {
      const live = this.#live.get(iss)
      return live?.source === wrapped && this.#isRecent(live.asked)
    }
    const wrapped: KeySource = {
      find: (header) => source.find(header),
      holds: (key) => counts() && source.holds(key),
      warmUp: () => source.warmUp(),
      ready: () => source.ready(),
      health: () => source.health(),
      refreshKeys: () => source.refreshKeys(),
      blockKey: (kid) => source.blockKey(kid),
      close: () => source.close(),
    }
    return wrapped
  }

  #makeRoom(): void {
    if (this.#live.size < this.#policy.maxResolvedIssuers) return
    const line = [...this.#live.keys()]
    const empty = line.find((iss) => this.#live.get(iss)!.source.health().state === 'none')
    this.#drop(empty ?? line[0]!)
  }

  #drop(iss: string): void {
    this.#live.get(iss)?.source.close()
    this.#live.delete(iss)
  }
}

function noAnswer(why: string): Refusal {
  return refuse('verification_failed', `resolveIssuer gave no answer: ${why}`, { retryAfter: 1 })
}

/** All of it is data, but for hints and the like, which decide nothing. */
function same(one: IssuerPolicy, other: IssuerPolicy): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Longer than any issuer that somebody types into a configuration. */
const maxLength = 512

/**
 * Whether this is an issuer in its one spelling: a URL that a parser leaves as it is, letter by letter.
 * So what a rule looks at is what is fetched from. No user, port that goes without saying, upper case or
 * foreign letters in the host, dot at its end, dot segments, empty segments, escapes, backslashes, query or
 * fragment.
 */
export function isPlainlySpelled(iss: string, insecure: boolean): boolean {
  const url = iss.length <= maxLength && !hasOddities(iss) ? parseUrl(iss) : undefined
  if (!url || hasExtras(iss, url) || !isSecure(url, insecure)) return false
  return url.href === iss || (url.pathname === '/' && url.href === `${iss}/`)
}

function hasOddities(iss: string): boolean {
  return /[^\x21-\x7e]|[%\\]|[^:]\/\/|\.(?:[:/]|$)/.test(iss)
}
