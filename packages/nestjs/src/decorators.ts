import { createParamDecorator, type ExecutionContext } from '@nestjs/common'
import type {
  ActorRule,
  Audience,
  ClaimRule,
  ClientRule,
  StepUp,
  TokenView,
} from '@resource-server/core'
import { publicRoute, requirement, type RouteDecorator } from './requirements.ts'
import { tokenOf } from './tokens.ts'

/**
 * Opens a class or a method to every caller. Without it, every route requires a token. Decorators on a method
 * override a `@Public()` on its class.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { Public } from '@resource-server/nestjs'
 *
 * @Controller('health')
 * export class HealthController {
 *   @Public()
 *   @Get()
 *   check(): string {
 *     return 'ok'
 *   }
 * }
 * ```
 */
export function Public(): RouteDecorator {
  return publicRoute()
}

/**
 * The verified token of the request, as a parameter. With `optional: true`, it is `undefined` for anonymous requests.
 * On a `@Public()` route, it throws a `ConfigError`, because no guard has verified a token.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { type AccessToken, Token } from '@resource-server/nestjs'
 *
 * @Controller('me')
 * export class MeController {
 *   @Get()
 *   find(@Token() token: AccessToken): string {
 *     return token.subject
 *   }
 * }
 * ```
 */
export const Token: () => ParameterDecorator = createParamDecorator(
  (_data: unknown, context: ExecutionContext) =>
    tokenOf(context.switchToHttp().getRequest<object>()),
)

/**
 * The token must be issued for this service. Replaces the configured audience.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { RequireAudience } from '@resource-server/nestjs'
 *
 * @RequireAudience('order-service')
 * @Controller('orders')
 * export class OrdersController {
 *   @Get()
 *   list(): readonly string[] {
 *     return []
 *   }
 * }
 * ```
 */
export function RequireAudience(audience: Audience): RouteDecorator {
  return requirement('requireAudience', [audience])
}

/**
 * Refuses anonymous requests, even if `optional` allows them elsewhere.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { RequireAuthentication } from '@resource-server/nestjs'
 *
 * @RequireAuthentication()
 * @Controller('orders')
 * export class OrdersController {
 *   @Get()
 *   list(): readonly string[] {
 *     return []
 *   }
 * }
 * ```
 */
export function RequireAuthentication(): RouteDecorator {
  return requirement('requireAuthentication', [])
}

/**
 * The token must have all of the scopes. Otherwise 403; the challenge names the scopes (RFC 6750 section 3.1).
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { RequireScope } from '@resource-server/nestjs'
 *
 * @RequireScope('orders:read')
 * @Controller('orders')
 * export class OrdersController {
 *   @Get()
 *   list(): readonly string[] {
 *     return []
 *   }
 * }
 * ```
 */
export function RequireScope(...scopes: readonly string[]): RouteDecorator {
  return requirement('requireScope', scopes)
}

/**
 * The token must have one of the scopes. Otherwise 403; the challenge names all of them.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { RequireAnyScope } from '@resource-server/nestjs'
 *
 * @RequireAnyScope('orders:read', 'orders:write')
 * @Controller('orders')
 * export class OrdersController {
 *   @Get()
 *   list(): readonly string[] {
 *     return []
 *   }
 * }
 * ```
 */
export function RequireAnyScope(...scopes: readonly string[]): RouteDecorator {
  return requirement('requireAnyScope', scopes)
}

/**
 * The token must have all of the roles. Otherwise 403. Configure a provider, such as `issuer: keycloak(url)`.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { RequireRole } from '@resource-server/nestjs'
 *
 * @RequireRole('editor')
 * @Controller('orders')
 * export class OrdersController {
 *   @Get()
 *   list(): readonly string[] {
 *     return []
 *   }
 * }
 * ```
 */
export function RequireRole(...roles: readonly string[]): RouteDecorator {
  return requirement('requireRole', roles)
}

/**
 * The token must have all of the permissions. Otherwise 403. Configure a provider, such as `issuer: keycloak(url)`.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { RequirePermission } from '@resource-server/nestjs'
 *
 * @RequirePermission('orders:write')
 * @Controller('orders')
 * export class OrdersController {
 *   @Get()
 *   list(): readonly string[] {
 *     return []
 *   }
 * }
 * ```
 */
export function RequirePermission(...permissions: readonly string[]): RouteDecorator {
  return requirement('requirePermission', permissions)
}

/**
 * The current actor must be one of these (RFC 8693 section 4.1). Otherwise 403.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { RequireActor } from '@resource-server/nestjs'
 *
 * @RequireActor('user-service')
 * @Controller('orders')
 * export class OrdersController {
 *   @Get()
 *   list(): readonly string[] {
 *     return []
 *   }
 * }
 * ```
 */
export function RequireActor(...actors: readonly ActorRule[]): RouteDecorator {
  return requirement('requireActor', actors)
}

/**
 * The token must not name an actor. Otherwise 403.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { RequireDirect } from '@resource-server/nestjs'
 *
 * @RequireDirect()
 * @Controller('orders')
 * export class OrdersController {
 *   @Get()
 *   list(): readonly string[] {
 *     return []
 *   }
 * }
 * ```
 */
export function RequireDirect(): RouteDecorator {
  return requirement('requireDirect', [])
}

/**
 * The token must name an actor. Otherwise 403.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { RequireDelegated } from '@resource-server/nestjs'
 *
 * @RequireDelegated()
 * @Controller('orders')
 * export class OrdersController {
 *   @Get()
 *   list(): readonly string[] {
 *     return []
 *   }
 * }
 * ```
 */
export function RequireDelegated(): RouteDecorator {
  return requirement('requireDelegated', [])
}

/**
 * The client that obtained the token must be one of these. Otherwise 403.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { RequireClient } from '@resource-server/nestjs'
 *
 * @RequireClient('user-service')
 * @Controller('orders')
 * export class OrdersController {
 *   @Get()
 *   list(): readonly string[] {
 *     return []
 *   }
 * }
 * ```
 */
export function RequireClient(...clients: readonly ClientRule[]): RouteDecorator {
  return requirement('requireClient', clients)
}

/**
 * The claim must be present, and satisfy the rule if there is one. Otherwise 403.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { RequireClaim } from '@resource-server/nestjs'
 *
 * @RequireClaim('tenant', 'acme')
 * @Controller('orders')
 * export class OrdersController {
 *   @Get()
 *   list(): readonly string[] {
 *     return []
 *   }
 * }
 * ```
 */
export function RequireClaim(name: string, ...expected: readonly [ClaimRule?]): RouteDecorator {
  return requirement('requireClaim', [name, ...expected])
}

/**
 * The function must return `true`, or a promise that resolves to it. Otherwise 403.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { RequirePolicy } from '@resource-server/nestjs'
 *
 * @RequirePolicy((token) => token.claims['tenant'] === 'acme')
 * @Controller('orders')
 * export class OrdersController {
 *   @Get()
 *   list(): readonly string[] {
 *     return []
 *   }
 * }
 * ```
 */
export function RequirePolicy(
  policy: (token: TokenView) => boolean | Promise<boolean>,
): RouteDecorator {
  return requirement('requirePolicy', [policy])
}

/**
 * The user must have authenticated strongly and recently enough. Otherwise 401 (RFC 9470 section 3).
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common'
 * import { RequireStepUp } from '@resource-server/nestjs'
 *
 * @RequireStepUp({ acr: 'mfa' })
 * @Controller('orders')
 * export class OrdersController {
 *   @Get()
 *   list(): readonly string[] {
 *     return []
 *   }
 * }
 * ```
 */
export function RequireStepUp(required: StepUp): RouteDecorator {
  return requirement('requireStepUp', [required])
}
