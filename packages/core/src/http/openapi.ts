import type { Guard } from '../guards/guards.ts'
import type { Policy } from '../config/policy.ts'
import { ConfigError } from '../errors/refusal.ts'
import { alternatives } from '../guards/scope.ts'

/** OpenAPI 3.1, section "Security Scheme Object". */
export interface SecurityScheme {
  readonly type: 'http'
  readonly scheme: 'bearer'
  readonly bearerFormat: 'JWT'
}

/**
 * OpenAPI 3.1, section "Security Requirement Object": the scopes of one scheme. An empty object stands
 * for an anonymous request. OpenAPI 3.0 wants an empty list for this type of scheme.
 */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>

/** What an OpenAPI document needs to know of this resource server, as data. */
export interface OpenApi<Handler> {
  /** For `components.securitySchemes`. */
  readonly securitySchemes: { readonly accessToken: SecurityScheme }
  /**
   * For an operation's `security`: one entry for each way to satisfy the guards' scopes.
   *
   * @throws ConfigError for what is no guard of this resource server
   */
  readonly security: (...guards: readonly [Handler, ...Handler[]]) => readonly SecurityRequirement[]
}

const accessToken: SecurityScheme = Object.freeze({
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
})

export function describeOpenApi<Handler>(
  { optional }: Policy,
  guardOf: (handler: Handler) => Guard | undefined,
): OpenApi<Handler> {
  return {
    securitySchemes: { accessToken },
    security: (...handlers) => {
      const guards = handlers.map((handler) => guardOf(handler) ?? noGuard())
      if (guards.length === 0) noGuard()
      const needs = guards.flatMap(({ scopeNeed }) => scopeNeed ?? [])
      const anonymous = optional && guards.every(({ admitsAnonymous }) => admitsAnonymous)
      return [
        ...alternatives(needs).map((scopes) => ({ accessToken: scopes })),
        ...(anonymous ? [{}] : []),
      ]
    },
  }
}

function noGuard(): never {
  throw new ConfigError(
    'openapi.security got something that is no guard of this resource server.',
    "Hand over what its requireAudience('…'), requireScope('…') and others returned.",
  )
}
