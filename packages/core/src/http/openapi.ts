import type { Guard } from '../guards/guards.ts'
import type { Policy } from '../config/policy.ts'
import { ConfigError } from '../errors/refusal.ts'
import { algorithmNames } from '../options/algorithms.ts'
import { alternatives } from '../guards/scope.ts'

/** OpenAPI 3.1, section "Security Scheme Object". */
export type SecurityScheme =
  | {
      readonly type: 'http'
      readonly scheme: 'bearer' | 'DPoP'
      readonly bearerFormat: 'JWT'
      /** Names what else a client needs. */
      readonly description?: string
    }
  /** With the option `credential`. */
  | {
      readonly type: 'apiKey'
      readonly in: 'cookie' | 'header'
      readonly name: string
      readonly description: string
    }

/**
 * OpenAPI 3.1, section "Security Requirement Object": the scopes of one scheme. An empty object allows
 * anonymous requests. OpenAPI 3.0 requires an empty list of scopes for this type of scheme.
 */
export type SecurityRequirement = Readonly<Record<string, readonly string[]>>

/** The security definitions of this resource server, for an OpenAPI document. */
export interface OpenApi<Handler> {
  /** For `components.securitySchemes`. */
  readonly securitySchemes: {
    /** Absent if every token must be bound with DPoP. */
    readonly accessToken?: SecurityScheme
    /** Tokens that are bound with DPoP. Absent if DPoP is off. */
    readonly dpopAccessToken?: SecurityScheme
  }
  /**
   * For an operation's `security`: one entry for each way to satisfy the guards' scopes.
   *
   * @throws ConfigError if an argument is not a guard of this resource server, or if there are no
   *   arguments
   */
  readonly security: (...guards: readonly [Handler, ...Handler[]]) => readonly SecurityRequirement[]
}

type Schemes = OpenApi<unknown>['securitySchemes']

/** The security schemes, in the order of preference. */
function schemesOf({ dpop, mtls, credential }: Policy): Schemes {
  if (credential && credential.from !== 'subprotocol') {
    const { from, name } = credential
    const description = 'An OAuth 2.0 access token.'
    return { accessToken: { type: 'apiKey', in: from, name, description } }
  }
  const format = { type: 'http', bearerFormat: 'JWT' } as const
  const certificate =
    'Tokens that are bound to a client certificate require that certificate (RFC 8705).'
  const accessToken = {
    ...format,
    scheme: 'bearer',
    ...(mtls && { description: certificate }),
  } as const
  if (!dpop) return { accessToken }
  const names = algorithmNames(dpop.algorithms).join(', ')
  const dpopAccessToken = {
    ...format,
    scheme: 'DPoP',
    description: `Requires a DPoP proof (RFC 9449), signed with ${names}.`,
  } as const
  return dpop.mode === 'required' ? { dpopAccessToken } : { accessToken, dpopAccessToken }
}

export function describeOpenApi<Handler>(
  policy: Policy,
  guardOf: (handler: Handler) => Guard | undefined,
): OpenApi<Handler> {
  const { optional } = policy
  const securitySchemes = schemesOf(policy)
  return {
    securitySchemes,
    security: (...handlers) => {
      const guards = handlers.map((handler) => guardOf(handler) ?? notGuards())
      if (guards.length === 0) notGuards()
      const needs = guards.flatMap(({ scopeNeed }) => scopeNeed ?? [])
      const anonymous = optional && guards.every(({ admitsAnonymous }) => admitsAnonymous)
      return [
        ...Object.keys(securitySchemes).flatMap((scheme) =>
          alternatives(needs).map((scopes) => ({ [scheme]: scopes })),
        ),
        ...(anonymous ? [{}] : []),
      ]
    },
  }
}

function notGuards(): never {
  throw new ConfigError(
    'openapi.security needs at least one guard, and accepts only guards of this resource server.',
    "Pass the values that its requireAudience('…'), requireScope('…') and other factories return.",
  )
}
