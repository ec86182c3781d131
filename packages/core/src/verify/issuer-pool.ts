import type { TrustedIssuer } from './trusted-issuer.ts'

/** An issuer that `resolveIssuer` accepted. */
export interface AcceptedIssuer extends TrustedIssuer {
  /** When `resolveIssuer` last accepted the issuer, by the monotonic clock. */
  resolvedAt: number
  /** How many tokens are waiting for its keys. */
  waiting: number
  /** Whether the signature of a token was verified. Otherwise the issuer may be one that an attacker named. */
  isVerified: boolean
  readonly recordVerified: () => void
}

/** How many paused issuers are kept, as a multiple of the active ones. */
const pausedPerActive = 10

/**
 * The accepted issuers. If there are too many, the least recently used one is paused, starting with those without a
 * verified token. An issuer that tokens are waiting for is never paused. The keys of a paused issuer are not
 * refreshed, but they are used until they expire. A paused issuer also keeps its retry delay.
 */
export class IssuerPool {
  readonly #max: number
  readonly #verified = new Generations()
  readonly #unverified = new Generations()

  /** @param max the number of active issuers */
  constructor(max: number) {
    this.#max = max
  }

  get active(): readonly AcceptedIssuer[] {
    return [...this.#verified.active.values(), ...this.#unverified.active.values()]
  }

  get(iss: string): AcceptedIssuer | undefined {
    return this.#verified.get(iss) ?? this.#unverified.get(iss)
  }

  /** Makes the issuer the most recently used one: a map keeps the order in which keys were added. */
  use(accepted: AcceptedIssuer): AcceptedIssuer {
    const { issuer } = accepted.issuer
    const { active, paused } = this.#generationsOf(accepted)
    active.delete(issuer)
    if (paused.delete(issuer)) this.#makeRoom()
    active.set(issuer, accepted)
    return accepted
  }

  /** Whether an issuer can be added. If not, tokens are waiting for all of the issuers. */
  hasRoom(): boolean {
    return this.#size < this.#max || this.#leastUsed() !== undefined
  }

  add(accepted: AcceptedIssuer): void {
    this.#makeRoom()
    this.#generationsOf(accepted).active.set(accepted.issuer.issuer, accepted)
  }

  delete(iss: string): void {
    const accepted = this.get(iss)
    if (!accepted) return
    accepted.source.close()
    const { active, paused } = this.#generationsOf(accepted)
    active.delete(iss)
    paused.delete(iss)
  }

  recordVerified(accepted: AcceptedIssuer): void {
    const { issuer } = accepted.issuer
    if (accepted.isVerified || this.get(issuer) !== accepted) return
    this.#unverified.active.delete(issuer)
    this.#unverified.paused.delete(issuer)
    accepted.isVerified = true
    this.#verified.active.set(issuer, accepted)
  }

  close(): void {
    for (const { active, paused } of [this.#verified, this.#unverified])
      for (const accepted of [...active.values(), ...paused.values()]) accepted.source.close()
  }

  get #size(): number {
    return this.#verified.active.size + this.#unverified.active.size
  }

  #generationsOf({ isVerified }: AcceptedIssuer): Generations {
    return isVerified ? this.#verified : this.#unverified
  }

  #makeRoom(): void {
    const least = this.#size >= this.#max ? this.#leastUsed() : undefined
    if (!least) return
    least.source.pause()
    const { active, paused } = this.#generationsOf(least)
    active.delete(least.issuer.issuer)
    paused.set(least.issuer.issuer, least)
    const [oldest] = paused.keys()
    if (paused.size > pausedPerActive * this.#max) this.delete(oldest!)
  }

  #leastUsed(): AcceptedIssuer | undefined {
    return this.#unverified.leastUsed() ?? this.#verified.leastUsed()
  }
}

/** Issuers in the order of their last use. */
class Generations {
  readonly active = new Map<string, AcceptedIssuer>()
  readonly paused = new Map<string, AcceptedIssuer>()

  get(iss: string): AcceptedIssuer | undefined {
    return this.active.get(iss) ?? this.paused.get(iss)
  }

  /** The least recently used active issuer that no token is waiting for. */
  leastUsed(): AcceptedIssuer | undefined {
    for (const accepted of this.active.values()) if (accepted.waiting === 0) return accepted
    return undefined
  }
}
