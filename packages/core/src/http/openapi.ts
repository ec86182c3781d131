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
 * OpenAPI 3.1, section "Security Requirement Object": the scopes of one scheme. An empty object allows
 * anonymous requests. OpenAPI 3.0 requires an empty list of scopes for this type of scheme.
 */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>

/** The security definitions of this resource server, for an OpenAPI document. */
export interface OpenApi<Handler> {
  /** For `components.securitySchemes`. */
  readonly securitySchemes: { readonly accessToken: SecurityScheme }
  /**
   * For an operation's `security`: one entry for each way to satisfy the guards' scopes.
   *
   * @throws ConfigError if an argument is not a guard of this resource server, or if there are no
   *   arguments
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
      const guards = handlers.map((handler) => guardOf(handler) ?? notGuards())
      if (guards.length === 0) notGuards()
      const needs = guards.flatMap(({ scopeNeed }) => scopeNeed ?? [])
      const anonymous = optional && guards.every(({ admitsAnonymous }) => admitsAnonymous)
      return [
        ...alternatives(needs).map((scopes) => ({ accessToken: scopes })),
        ...(anonymous ? [{}] : []),
      ]
    },
  }
}

function notGuards(): never {
  throw new ConfigError(
    'openapi.security accepts only guards of this resource server, at least one.',
    "Pass the values that its requireAudience('…'), requireScope('…') and other factories return.",
  )
}
