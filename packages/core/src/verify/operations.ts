import type { KeyHealth, KeySource } from '../jwks/key-source.ts'
import { ownMembers } from '../lib/json.ts'
import { ConfigError } from '../errors/refusal.ts'
import type { IntrospectionHealth } from '../options/introspection.ts'
import { kindOf } from '../options/option-table.ts'
import type { RevocationChecker, RevocationHealth } from '../options/revocation.ts'
import type { AccessToken } from '../token/access-token.ts'
import type { IntrospectedIssuers } from './introspection.ts'
import type { CacheStatistics } from './token-cache.ts'
import type { TokenEnd, TokenWatch, TokenWatcher } from './token-watcher.ts'

/** The state of the key sets and the cache, for a health endpoint. Contains no secrets. */
export interface Health {
  readonly issuers: readonly KeyHealth[]
  /** Absent if the cache is off. */
  readonly cache?: CacheStatistics
  /** Absent if no issuer is introspected. */
  readonly introspection?: readonly IntrospectionHealth[]
  /** Absent if `revocation` is not set. */
  readonly revocation?: RevocationHealth
}

/**
 * Methods for operating a running service. They can be destructured, because none of them depends on `this`.
 */
export interface Operations {
  /**
   * Fetches the keys of all configured issuers, so that the first request does not wait for them. Each fetch takes at
   * most five seconds, and the keys of at most 64 issuers are fetched at a time. If a fetch fails, it is retried in
   * the background.
   *
   * @throws ConfigError if an issuer's metadata is invalid
   * @throws VerificationError if an issuer is unavailable
   */
  readonly warmUp: () => Promise<void>
  /**
   * Whether every configured issuer has usable keys, for a readiness probe. Never waits. If keys are
   * missing, starts to fetch them, at most 64 issuers at a time.
   */
  readonly ready: () => boolean
  /** Returns the state of the key sets and the cache. Never waits. */
  readonly health: () => Health
  /**
   * Fetches the keys of all issuers now, even if the current ones are fresh: for example, after a
   * compromised key was removed. A key that is missing from the response is no longer used.
   *
   * @throws ConfigError or VerificationError if a key set cannot be fetched; its previous keys stay in use
   */
  readonly refreshKeys: () => Promise<void>
  /**
   * Refuses the key with this `kid` of this issuer until the process restarts, even if the issuer still
   * publishes it. Keys of other issuers are not affected, because a `kid` is unique only within its issuer.
   *
   * @throws ConfigError if the issuer is unknown, so that a misspelled one does not go unnoticed
   *
   * @example
   * ```ts
   * import { createVerifier } from '@resource-server/core'
   *
   * const issuer = 'https://as.example.com'
   * const verifier = createVerifier({ issuer, audience: 'order-service' })
   *
   * verifier.blockKey({ issuer, kid: 'key-7' })
   * ```
   */
  readonly blockKey: (key: { readonly issuer: string; readonly kid: string }) => void
  /**
   * Calls `onEnd` once, when an open connection must end because its token ends: within a second after `exp` plus
   * the clock tolerance, or within a second after a revocation reaches this process. For WebSockets, event
   * streams, and other responses that outlive the check of their token.
   *
   * An error that `onEnd` throws is printed as a warning. Blocking or removing a key does not end a watched token,
   * and a token ends as `revoked` only if it is known to be revoked: while revocations are stale, a connection
   * stays open.
   *
   * @throws ConfigError if `token` is not a verified token
   *
   * @example
   * ```ts
   * import { createVerifier } from '@resource-server/core'
   *
   * interface Socket {
   *   close(code: number): void
   *   on(event: 'close', listener: () => void): unknown
   * }
   *
   * const verifier = createVerifier({ issuer: 'https://as.example.com', audience: 'order-service' })
   *
   * export async function onConnection(socket: Socket, jwt: string): Promise<void> {
   *   const watch = verifier.watch(await verifier.verify(jwt), () => socket.close(4401))
   *   socket.on('close', watch.stop)
   * }
   * ```
   */
  readonly watch: (token: AccessToken, onEnd: (reason: TokenEnd) => void) => TokenWatch
  /** Stops all background work. The current keys remain usable until they expire. */
  readonly close: () => void
}

interface Parts {
  /** Whether the keys of a configured issuer are needed. */
  readonly needsKeys: (issuer: string) => boolean
  readonly introspection: Pick<IntrospectedIssuers, 'health' | 'close'> | undefined
  readonly revocation: RevocationChecker | undefined
  readonly watcher: Pick<TokenWatcher, 'watch' | 'close'>
  /** The key sources of configured issuers. The service is ready when all of them are. */
  readonly configured: ReadonlyMap<string, KeySource>
  /** The key sources of the issuers that `resolveIssuer` accepted. */
  readonly resolved: () => readonly KeySource[]
  readonly cache: () => CacheStatistics | undefined
  /** Blocks a key of an issuer that is or may be resolved. Returns `false` if the issuer cannot be one. */
  readonly blockKey: (issuer: string, kid: string) => boolean
  /** Closes the key sources of resolved issuers. */
  readonly close: () => void
}

export function operationsOn(parts: Parts): Operations {
  const { configured, resolved, cache, blockKey, close } = parts
  const { introspection, revocation, watcher } = parts
  const fixed = [...configured]
    .filter(([name]) => parts.needsKeys(name))
    .map(([, source]) => source)
  const sources = (): readonly KeySource[] => [...fixed, ...resolved()]
  const areReady = readiness(fixed)
  return {
    warmUp: () => all([...fixed, ...(revocation ? [revocation] : [])], (one) => one.warmUp()),
    ready: () => areReady() && (revocation?.ready() ?? true),
    health: () => {
      const statistics = cache()
      return {
        issuers: sources().map((source) => source.health()),
        ...(statistics && { cache: statistics }),
        ...(introspection && { introspection: introspection.health() }),
        ...(revocation && { revocation: revocation.health() }),
      }
    },
    refreshKeys: () => all(sources(), (source) => source.refreshKeys()),
    blockKey: (key) => {
      const { issuer, kid } = checkKey(key)
      const source = configured.get(issuer)
      if (source) source.blockKey(kid)
      else if (!blockKey(issuer, kid)) throw unknownIssuer([...configured.keys()])
    },
    watch: (token, onEnd) => watcher.watch(token, onEnd),
    close: () => {
      for (const source of configured.values()) source.close()
      for (const part of [introspection, revocation, watcher]) part?.close()
      close()
    },
  }
}

function checkKey(key: unknown): { readonly issuer: string; readonly kid: string } {
  const { issuer, kid } = ownMembers(key)
  if (typeof issuer === 'string' && typeof kid === 'string') return { issuer, kid }
  const given = typeof key === 'object' && key !== null ? 'other members' : kindOf(key)
  throw new ConfigError(
    `blockKey() requires an issuer and a kid that are strings, got ${given}.`,
    "Write blockKey({ issuer: 'https://as.example.com', kid: 'key-7' }).",
  )
}

function unknownIssuer(configured: readonly string[]): ConfigError {
  return new ConfigError(
    'blockKey() was called with an unknown issuer.',
    configured.length === 0
      ? 'Pass the exact iss value of its tokens.'
      : `Pass one of ${configured.map((issuer) => `'${issuer}'`).join(', ')}.`,
  )
}

/** How many key sets are fetched at the same time. */
const maxConcurrent = 64

/** Starts to fetch missing keys. With many issuers, only a part of them at a time. */
function readiness(sources: readonly KeySource[]): () => boolean {
  if (sources.length <= maxConcurrent) {
    return () => sources.map((source) => source.ready()).every(Boolean)
  }
  let isFetching = false
  return () => {
    const missing = sources.filter((source) => source.health().state === 'none')
    if (!isFetching) {
      isFetching = true
      const fetched = all(missing, (source) => source.warmUp())
      // The errors are in health().
      void fetched.catch(() => {}).finally(() => (isFetching = false))
    }
    return missing.length === 0
  }
}

/** Waits for all of them. Throws a ConfigError first, because a retry does not fix it. */
async function all<Source>(
  sources: readonly Source[],
  work: (source: Source) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = []
  const remaining = sources.values()
  const workers = Array.from({ length: Math.min(maxConcurrent, sources.length) }, async () => {
    for (const source of remaining) {
      await work(source).catch((error: unknown) => errors.push(error))
    }
  })
  await Promise.all(workers)
  if (errors.length > 0) throw errors.find((error) => error instanceof ConfigError) ?? errors[0]
}
