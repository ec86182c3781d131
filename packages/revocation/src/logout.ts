import type { JwtVerifier } from '@resource-server/core'
import { type JsonObject, own, sha256 } from '@resource-server/core/client'
import { RevocationError } from './revocation-error.ts'
import type { RevocationTarget } from './revocation-entry.ts'

/** The result of a request to a back-channel logout handler, for the operator. It contains no token. */
export interface LogoutEvent {
  readonly outcome: 'accepted' | 'refused' | 'unavailable'
  /** Why the logout token was not accepted. Do not send it to the caller. */
  readonly reason?: string
  /** The issuer that signed the logout token. Absent if it was not accepted. */
  readonly issuer?: string
  /** The session that ended. Absent if all sessions of the subject ended. */
  readonly sid?: string
  /** Absent if the logout token names only a session. */
  readonly subject?: string
}

interface Parts {
  readonly verifyJwt: JwtVerifier
  readonly clients: readonly string[]
  readonly revoke: (target: RevocationTarget) => Promise<void>
  /** In milliseconds since the epoch. */
  readonly now: () => number
}

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
/** How long a logout token can be accepted, in milliseconds: core's maximum age, and twice the largest tolerance. */
const lifetime = (600 + 2 * 600) * 1000
/** How many used logout tokens are remembered. Only an issuer's tokens count, because they are verified first. */
const maxUsed = 100_000

/** Ends the sessions that logout tokens name (OpenID Connect Back-Channel Logout section 2.6). */
export class LogoutReceiver {
  readonly #parts: Parts
  /** The logout tokens that were used or are in progress, and when they are forgotten. */
  readonly #used = new Map<string, number>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Never rejects. */
  async receive(token: unknown): Promise<LogoutEvent> {
    const { verifyJwt, clients, now } = this.#parts
    const result = await verifyJwt(token, 'logout token', { audience: clients })
    if (!result.ok) return { outcome: result.outcome, reason: result.reason }
    const { issuer, claims } = result
    const problem = problemWith(claims)
    if (problem !== undefined) return { outcome: 'refused', reason: problem }
    const id = sha256(JSON.stringify([issuer, own(claims, 'jti')]))
    this.#forget(now())
    if (this.#used.has(id)) return { outcome: 'refused', reason: 'it was used before' }
    if (this.#used.size >= maxUsed)
      return { outcome: 'unavailable', reason: 'too many logout tokens' }
    this.#used.set(id, now() + lifetime)
    const event = await this.#end(issuer, claims)
    // The issuer sends it again.
    if (event.outcome === 'unavailable') this.#used.delete(id)
    return event
  }

  async #end(issuer: string, claims: JsonObject): Promise<LogoutEvent> {
    const sid = own(claims, 'sid') as string | undefined
    const subject = own(claims, 'sub') as string | undefined
    // The issuer's clock may be ahead by the clock tolerance.
    const before = new Date(Math.min((own(claims, 'iat') as number) * 1000, this.#parts.now()))
    try {
      await this.#parts.revoke(
        sid === undefined ? { issuer, subject: subject!, before } : { issuer, sid },
      )
    } catch (error) {
      const reason = error instanceof RevocationError ? error.message : 'it could not be stored'
      return { outcome: 'unavailable', reason }
    }
    return {
      outcome: 'accepted',
      issuer,
      ...(sid !== undefined && { sid }),
      ...(subject !== undefined && { subject }),
    }
  }

  #forget(now: number): void {
    for (const [id, until] of this.#used) {
      if (until > now) return
      this.#used.delete(id)
    }
  }
}

/** What its kind requires in addition to the claims that core checks. */
function problemWith(claims: JsonObject): string | undefined {
  const event: unknown = own(own(claims, 'events') as JsonObject, logoutEvent)
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    return 'its events do not contain a logout'
  }
  const hasTarget = Object.hasOwn(claims, 'sid') || Object.hasOwn(claims, 'sub')
  return hasTarget ? undefined : 'it has neither sid nor sub'
}
