import * as platform from '#platform'

const channel = platform.channel('resource-server:keys')

type KeyEventName =
  | 'fetched'
  | 'failed'
  | 'rotated'
  | 'stale'
  | 'empty'
  | 'blocked'
  | 'restored'
  | 'not-stored'

/** What happened to an issuer's key set. Goes to `diagnostics_channel`, `resource-server:keys`. */
export interface KeyEvent {
  readonly version: 1
  /** RFC 3339, UTC. */
  readonly time: string
  readonly issuer: string
  /**
   * `fetched`: a set came, or was said to be unchanged. `failed`: none came; what was held serves.
   * `rotated`: the set that came has other keys. `stale`: an outage outlasts the set's freshness.
   * `empty`: a set without usable keys came; for a while the one before serves on. `blocked`: a key was
   * taken out by hand. `restored`: at the start a set from the key store serves. `not-stored`: the key
   * store failed.
   */
  readonly event: KeyEventName
  /** Why, where something is not as it should be. */
  readonly reason?: string
  /** Usable keys after the event. */
  readonly keys: number
  /** Keys of the set that are not used, with the reasons: one that holds private members is among them. */
  readonly skipped: readonly string[]
  /** Milliseconds that the attempt took; with `fetched` and `failed`. */
  readonly duration?: number
}

/** Tells whoever subscribed, and builds nothing where nobody did. What a subscriber throws is dropped. */
export function publishKeyEvent(build: () => KeyEvent): void {
  if (!channel.hasSubscribers) return
  try {
    channel.publish(Object.freeze(build()))
  } catch {
    // A subscriber must not be able to stop a refresh.
  }
}
