import type { Policy } from '../config/policy.ts'
import { brand } from '../errors/refusal.ts'

/** The settings of a resource server that decide what its handlers do, for tools that examine an app. */
export interface ServerDescription {
  /** The configured issuers. Those that `resolveIssuer` accepts are not known in advance. */
  readonly issuers: readonly string[]
  /** Whether an audience is configured for every issuer. If not, every route needs `requireAudience`. */
  readonly hasAudience: boolean
  /** The option `optional`. */
  readonly optional: boolean
  /** The option `allowPreflight`. */
  readonly allowPreflight: boolean
  /** The option `onRefusal`. */
  readonly onRefusal: 'reply' | 'throw'
  /** The path at which clients look for the metadata (RFC 9728 section 3.1). Absent without `resource`. */
  readonly metadataPath?: string
}

/** What a handler of a resource server does. Contains no secrets. */
export interface HandlerDescription {
  readonly kind: 'guard' | 'metadata'
  /** The name of the guard in decision records, such as `requireScope(orders:read)`, or `metadata()`. */
  readonly name: string
  /** Whether anonymous requests pass. */
  readonly admitsAnonymous: boolean
  /** Whether it names an audience. */
  readonly setsAudience: boolean
  /** The same object for all handlers of one resource server. */
  readonly server: ServerDescription
}

/** Two copies of this package in one process understand each other, because a tool may have its own copy. */
const key = brand('handler')

/** Describes a handler, if it is a function. Returns the handler. */
export function describeHandler<Handler>(
  handler: Handler,
  description: HandlerDescription,
): Handler {
  if (typeof handler !== 'function' || !Object.isExtensible(handler)) return handler
  return Object.defineProperty(handler, key, { value: Object.freeze(description) })
}

/**
 * Returns what a handler does, without calling it. `undefined` if it is not a handler of a resource server. For tools
 * that list the routes of an app. Any code can describe its own functions like this, so never use it to decide
 * whether a request may pass.
 *
 * @example
 * ```ts
 * import { descriptionOf } from '@resource-server/core/adapter'
 *
 * export const guardsIn = (handlers: readonly unknown[]): readonly string[] =>
 *   handlers.flatMap((handler) => descriptionOf(handler)?.name ?? [])
 * ```
 */
export function descriptionOf(handler: unknown): HandlerDescription | undefined {
  if (typeof handler !== 'function' || !Object.hasOwn(handler, key)) return undefined
  return (handler as unknown as Record<symbol, HandlerDescription>)[key]
}

export function describeServer(policy: Policy): ServerDescription {
  const { issuers, resolveIssuer, optional, allowPreflight, onRefusal, resource } = policy
  const known = [...issuers.values()]
  return Object.freeze({
    issuers: [...issuers.keys()],
    hasAudience: !resolveIssuer && known.every(({ audience }) => audience !== undefined),
    optional,
    allowPreflight,
    onRefusal,
    ...(resource && { metadataPath: resource.metadataPath }),
  })
}
