import type { OnModuleDestroy } from '@nestjs/common'
import type { AccessToken, OpenApi, Operations } from '@resource-server/core'

/**
 * The resource server of the app, for injection: operations such as `ready()`, the token of a request, and the
 * security schemes for an OpenAPI document.
 *
 * @example
 * ```ts
 * import { Controller, Get, Inject } from '@nestjs/common'
 * import { Public, ResourceServer } from '@resource-server/nestjs'
 *
 * @Controller('ready')
 * export class ReadyController {
 *   @Inject(ResourceServer) private readonly resourceServer!: ResourceServer
 *
 *   @Public()
 *   @Get()
 *   isReady(): boolean {
 *     return this.resourceServer.ready()
 *   }
 * }
 * ```
 */
export abstract class ResourceServer implements Operations, OnModuleDestroy {
  abstract readonly warmUp: Operations['warmUp']
  abstract readonly ready: Operations['ready']
  abstract readonly health: Operations['health']
  abstract readonly refreshKeys: Operations['refreshKeys']
  abstract readonly blockKey: Operations['blockKey']
  abstract readonly watch: Operations['watch']
  abstract readonly close: Operations['close']
  /** For `DocumentBuilder.addSecurity()`. The operations already have their `security`. */
  abstract readonly securitySchemes: OpenApi<unknown>['securitySchemes']
  /** @throws ConfigError unless the guard let the request through */
  abstract readonly token: (request: object) => AccessToken | undefined
  /** Nest calls it when the app closes. */
  abstract readonly onModuleDestroy: () => void
}
