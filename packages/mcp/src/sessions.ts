import type { AccessToken } from '@resource-server/core'

const defaultLimits = {
  /** Sessions that a caller may have at the same time. Opening more ends its oldest. */
  maxPerOwner: 1000,
  /** All sessions. Opening more ends the oldest. */
  maxSessions: 100_000,
}

/** The sessions of one resource server, and whose they are. Like the sessions of the SDK, they are in memory. */
export interface Sessions {
  /** Remembers a session. One that exists already keeps its owner. */
  readonly open: (id: string, owner: string) => void
  readonly belongsTo: (id: string, owner: string) => boolean
  readonly end: (id: string) => void
}

export function createSessions(
  limits: { readonly maxPerOwner: number; readonly maxSessions: number } = defaultLimits,
): Sessions {
  // Maps and sets keep the order of insertion, so the first entry is the oldest.
  const owners = new Map<string, string>()
  const sessionsOf = new Map<string, Set<string>>()
  const end = (id: string): void => {
    const owner = owners.get(id)
    if (owner === undefined) return
    const own = sessionsOf.get(owner)!
    owners.delete(id)
    own.delete(id)
    if (own.size === 0) sessionsOf.delete(owner)
  }
  return {
    open: (id, owner) => {
      if (owners.has(id)) return
      const own = sessionsOf.get(owner) ?? new Set()
      if (own.size >= limits.maxPerOwner) end(firstOf(own))
      if (owners.size >= limits.maxSessions) end(firstOf(owners.keys()))
      owners.set(id, owner)
      sessionsOf.set(owner, own.add(id))
    },
    belongsTo: (id, owner) => owners.get(id) === owner,
    end,
  }
}

function firstOf(values: Iterable<string>): string {
  const [first] = values
  return first!
}

/**
 * Who opened a session: the issuer, the subject, and the client. Not the token, because a client that refreshes its
 * token keeps its session. All anonymous callers are one owner, and no caller with a token is that owner.
 */
export function ownerOf(token: AccessToken | undefined): string {
  return JSON.stringify(token ? [token.issuer, token.subject, token.clientId ?? null] : null)
}
