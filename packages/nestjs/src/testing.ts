import { type DynamicModule, Module } from '@nestjs/common'
import type { Clock, ResourceServerOptions } from '@resource-server/core'
import { overrides } from './tokens.ts'

/** The part of a test issuer that is used. */
interface TestIssuerLike {
  readonly url: string
  readonly clock: Clock
}

/**
 * For tests: replaces the issuers and the clock of the app with those of a test issuer. Everything else stays as in
 * production: the guards, the audience, and the decorators. Import it alongside the root module of the app.
 *
 * @example
 * ```ts
 * import { Module } from '@nestjs/common'
 * import { Test } from '@nestjs/testing'
 * import { ResourceServerTestingModule } from '@resource-server/nestjs/testing'
 * import { createTestIssuer } from '@resource-server/testing'
 *
 * export async function createTestApp(AppModule: new () => object) {
 *   const issuer = await createTestIssuer()
 *   const testing = ResourceServerTestingModule.forIssuer(issuer)
 *   const module = await Test.createTestingModule({ imports: [AppModule, testing] }).compile()
 *   return { issuer, app: module.createNestApplication() }
 * }
 * ```
 */
export class ResourceServerTestingModule {
  /** @param options replace other options, such as `{ issuer: keycloak(issuer.url) }` */
  static forIssuer(
    issuer: TestIssuerLike,
    options: Partial<ResourceServerOptions> = {},
  ): DynamicModule {
    const value = { issuer: issuer.url, clock: issuer.clock, ...options }
    return {
      module: ResourceServerTestingModule,
      global: true,
      providers: [{ provide: overrides, useValue: value }],
      exports: [overrides],
    }
  }
}

// Without decorator syntax, which Node cannot strip from a source.
Module({})(ResourceServerTestingModule)
