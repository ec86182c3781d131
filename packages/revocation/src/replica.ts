import type { RevocableToken } from '@resource-server/core'
import type { EntryKind, RevocationEntry } from './revocation-entry.ts'

/** A stored entry. It is replaced by a later one for the same value. */
interface Stored {
  /** In seconds. */
  readonly before: number
  /** In milliseconds since the epoch. */
  readonly expiresAt: number
  readonly map: Map<string, Stored>
  readonly key: string
}

type Maps = Readonly<Record<EntryKind, Map<string, Stored>>>

/**
 * The revocations that this process knows. Entries are found by a lookup for each kind, and the number of entries is
 * limited: an entry that still matters is never dropped for a newer one.
 */
export class Replica {
  readonly #maxEntries: number
  readonly #issuers = new Map<string, Maps>()
  /** In the order in which they expire, apart from the differences between clocks. */
  readonly #order = new Set<Stored>()

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#order.size
  }

  /** What the token matches, for the operator, or `undefined`. This runs for every request. */
  find(token: RevocableToken): string | undefined {
    if (this.#order.size === 0) return undefined
    const { issuer, actor } = token
    const maps = this.#issuers.get(issuer)
    if (maps !== undefined) {
      const { claims } = token
      const { iat, jti, sid } = claims
      if (maps.jti.size > 0 && isRevoked(maps.jti, jti, iat)) return 'its jti'
      if (maps.sid.size > 0 && isRevoked(maps.sid, sid, iat)) return 'its session (sid)'
      if (maps.subject.size > 0 && isRevoked(maps.subject, token.subject, iat)) return 'its subject'
      if (maps.client.size > 0 && isRevoked(maps.client, token.clientId, iat)) return 'its client'
      if (maps.issuer.size > 0 && isRevoked(maps.issuer, '', iat)) return 'all tokens of its issuer'
    }
    if (actor === undefined) return undefined
    const actors = this.#issuers.get(actor.issuer)?.actor
    return actors && isRevoked(actors, actor.subject, token.claims.iat) ? 'its actor' : undefined
  }

  /** Whether the entry can be added: there is room, or one for the same value. */
  hasRoomFor({ issuer, kind, value }: RevocationEntry, now: number): boolean {
    this.dropExpired(now)
    if (this.#order.size < this.#maxEntries) return true
    return this.#issuers.get(issuer)?.[kind].has(value) ?? false
  }

  /**
   * Adds an entry, or extends the one for the same value.
   *
   * @param expiresAt in milliseconds since the epoch
   * @returns false if there is no room
   */
  add(entry: RevocationEntry, expiresAt: number, now: number): boolean {
    if (expiresAt <= now) return true
    if (!this.hasRoomFor(entry, now)) return false
    const maps = this.#mapsOf(entry.issuer)
    const map = maps[entry.kind]
    const { value: key, before = Infinity } = entry
    const previous = map.get(key)
    const stored = {
      before: Math.max(before, previous?.before ?? -Infinity),
      expiresAt: Math.max(expiresAt, previous?.expiresAt ?? -Infinity),
      map,
      key,
    }
    if (previous) this.#order.delete(previous)
    map.set(key, stored)
    this.#order.add(stored)
    return true
  }

  /** All tokens that these entries match have expired. */
  dropExpired(now: number): void {
    for (const stored of this.#order) {
      if (stored.expiresAt > now) return
      this.#order.delete(stored)
      stored.map.delete(stored.key)
    }
  }

  #mapsOf(issuer: string): Maps {
    const known = this.#issuers.get(issuer)
    if (known) return known
    const maps: Maps = {
      jti: new Map(),
      sid: new Map(),
      subject: new Map(),
      client: new Map(),
      actor: new Map(),
      issuer: new Map(),
    }
    this.#issuers.set(issuer, maps)
    return maps
  }
}

function isRevoked(map: ReadonlyMap<unknown, Stored>, value: unknown, iat: number): boolean {
  const stored = map.get(value)
  return stored !== undefined && iat <= stored.before
}
