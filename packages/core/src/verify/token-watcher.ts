import { attempt } from '../lib/attempt.ts'
import type { Policy } from '../config/policy.ts'
import { ConfigError } from '../errors/refusal.ts'
import { nameOfThrown } from '../lib/quote.ts'
import { warnUnlessOff } from '../lib/warning-limiter.ts'
import type { RevocableToken, RevocationChecker } from '../options/revocation.ts'
import { type AccessToken, isAccessToken } from '../token/access-token.ts'

/**
 * Why a watched token ended. `expired`: `exp` plus the clock tolerance has passed. `revoked`: the source of
 * revocations refuses it.
 */
export type TokenEnd = 'expired' | 'revoked'

/** A token that is watched on behalf of an open connection. */
export interface TokenWatch {
  /** Stops watching. Call it when the connection closes. Further calls do nothing. */
  readonly stop: () => void
  /**
   * Continues with a new token that has the same issuer, subject, client, and current actor. Returns `false`, and
   * changes nothing, if one of them differs or the watch has ended or was stopped. Verify the token first; its scopes
   * may differ.
   *
   * @throws ConfigError if the argument is not a verified token
   */
  readonly renew: (token: AccessToken) => boolean
  /** Whether the token is still watched: it has not ended, and `stop` was not called. */
  readonly isActive: () => boolean
}

/** How often tokens are compared with the time, in milliseconds. */
const tick = 1000
/** How long revocations are collected before the watched tokens are checked, in milliseconds. */
const sweepDelay = 100

/** What an entry can do with the watcher that it belongs to. */
interface Slots {
  readonly remove: (entry: Entry) => void
  readonly renew: (entry: Entry, token: AccessToken) => boolean
}

/** One for each connection, so it has no functions of its own: they are created when they are read. */
class Entry implements TokenWatch {
  token: RevocableToken
  /** The second after which the token is no longer accepted. 0 if nothing is watched any more. */
  second = 0
  readonly onEnd: (reason: TokenEnd) => void
  readonly #slots: Slots

  constructor(token: AccessToken, onEnd: (reason: TokenEnd) => void, slots: Slots) {
    this.token = token
    this.onEnd = onEnd
    this.#slots = slots
  }

  get stop(): TokenWatch['stop'] {
    return () => this.#slots.remove(this)
  }

  get renew(): TokenWatch['renew'] {
    return (token) => this.#slots.renew(this, token)
  }

  get isActive(): TokenWatch['isActive'] {
    return () => this.second !== 0
  }
}

/**
 * Watches the tokens of open connections. Tokens are grouped by the second in which they end, and a single timer
 * runs while there are any, so that the cost of a token is one entry in a set.
 */
export class TokenWatcher {
  readonly #policy: Policy
  readonly #revocations: RevocationChecker | undefined
  readonly #slots = new Map<number, Set<Entry>>()
  readonly #entries: Slots = {
    remove: (entry) => this.#remove(entry),
    renew: (entry, token) => this.#renew(entry, token),
  }
  #cancelTick: (() => void) | undefined
  #cancelSweep: (() => void) | undefined
  #unsubscribe: (() => void) | undefined

  constructor(policy: Policy, revocations: RevocationChecker | undefined) {
    this.#policy = policy
    this.#revocations = revocations
  }

  /** @throws ConfigError if the argument is not a verified token, or `onEnd` is not a function */
  watch(token: AccessToken, onEnd: (reason: TokenEnd) => void): TokenWatch {
    requireToken(token, 'watch')
    if (typeof onEnd !== 'function') {
      throw new ConfigError(
        'watch() needs a function that ends the connection.',
        'Write watch(token, () => socket.close(4401)).',
      )
    }
    const entry = new Entry(token, onEnd, this.#entries)
    this.#add(entry, token)
    return entry
  }

  close(): void {
    for (const slot of this.#slots.values()) for (const entry of slot) entry.second = 0
    this.#slots.clear()
    this.#stopIfIdle()
  }

  #add(entry: Entry, token: AccessToken): void {
    entry.token = token
    entry.second = Math.ceil(token.claims.exp + this.#policy.clockTolerance)
    const slot = this.#slots.get(entry.second)
    if (slot) slot.add(entry)
    else this.#slots.set(entry.second, new Set([entry]))
    this.#start()
    // It may have been revoked since it was verified.
    if (this.#isRevoked(token)) this.#sweepSoon()
  }

  #renew(entry: Entry, token: AccessToken): boolean {
    requireToken(token, 'renew')
    if (entry.second === 0 || !isSameParty(entry.token, token)) return false
    this.#remove(entry)
    this.#add(entry, token)
    return true
  }

  #remove(entry: Entry): void {
    const slot = this.#slots.get(entry.second)
    slot?.delete(entry)
    if (slot?.size === 0) this.#slots.delete(entry.second)
    entry.second = 0
    this.#stopIfIdle()
  }

  #start(): void {
    this.#cancelTick ??= this.#policy.schedule(tick, () => this.#tick())
    this.#unsubscribe ??= this.#revocations?.subscribe(() => this.#sweepSoon())
  }

  #stopIfIdle(): void {
    if (this.#slots.size > 0) return
    for (const stop of [this.#cancelTick, this.#cancelSweep, this.#unsubscribe]) stop?.()
    this.#cancelTick = this.#cancelSweep = this.#unsubscribe = undefined
  }

  #tick(): void {
    this.#cancelTick = this.#policy.schedule(tick, () => this.#tick())
    const now = Math.floor(this.#policy.clock.now() / 1000)
    const due: Set<Entry>[] = []
    for (const [second, slot] of this.#slots) if (second <= now) due.push(slot)
    for (const entry of entriesOf(due)) {
      if (entry.second !== 0 && entry.second <= now) this.#end(entry, 'expired')
    }
    this.#stopIfIdle()
  }

  #sweepSoon(): void {
    this.#cancelSweep ??= this.#policy.schedule(sweepDelay, () => {
      this.#cancelSweep = undefined
      for (const entry of entriesOf(this.#slots.values())) {
        if (entry.second !== 0 && this.#isRevoked(entry.token)) this.#end(entry, 'revoked')
      }
      this.#stopIfIdle()
    })
  }

  #isRevoked(token: RevocableToken): boolean {
    // If the check throws, new requests get 503. An open connection keeps its token until it is known to be revoked.
    return attempt(() => this.#revocations?.check(token)?.outcome) === 'revoked'
  }

  #end(entry: Entry, reason: TokenEnd): void {
    this.#remove(entry)
    try {
      entry.onEnd(reason)
    } catch (error) {
      warnUnlessOff(this.#policy, `The callback of watch() threw ${nameOfThrown(error)}.`)
    }
  }
}

/** A copy, because a callback may stop, renew, or add entries, and close the watcher. */
function entriesOf(slots: Iterable<ReadonlySet<Entry>>): readonly Entry[] {
  return [...slots].flatMap((slot) => [...slot])
}

function requireToken(token: AccessToken, call: string): void {
  if (isAccessToken(token)) return
  throw new ConfigError(
    `${call}() needs a verified access token.`,
    'Pass the token that api.token() or verify() returned.',
  )
}

type Party = Pick<RevocableToken, 'issuer' | 'subject' | 'clientId' | 'actor'>

/** Whether two tokens have the same issuer, subject, client, and current actor. */
export function isSameParty(one: Party, other: Party): boolean {
  return (
    one.issuer === other.issuer &&
    one.subject === other.subject &&
    one.clientId === other.clientId &&
    one.actor?.issuer === other.actor?.issuer &&
    one.actor?.subject === other.actor?.subject
  )
}
