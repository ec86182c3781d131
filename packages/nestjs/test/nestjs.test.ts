import 'reflect-metadata'
import {
  Body,
  Catch,
  type ArgumentsHost,
  Controller,
  type ExceptionFilter,
  Get,
  HttpException,
  type INestApplication,
  Inject,
  Injectable,
  Logger,
  Module,
  Post,
  SetMetadata,
  type Type,
} from '@nestjs/common'
import { APP_FILTER, NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger'
import { Test } from '@nestjs/testing'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  type AccessToken,
  ConfigError,
  Public,
  RefusedException,
  RequireActor,
  RequireAnyScope,
  RequireAudience,
  RequireAuthentication,
  RequireClaim,
  RequireClient,
  RequireDelegated,
  RequireDirect,
  RequirePermission,
  RequirePolicy,
  RequireRole,
  RequireScope,
  RequireStepUp,
  ResourceServer,
  ResourceServerModule,
  type ResourceServerOptions,
  Token,
} from '../src/index.ts'
import { keycloak } from '../src/providers.ts'
import { ResourceServerTestingModule } from '../src/testing.ts'

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const realm = await createTestIssuer({ path: '/realms/shop', provider: 'keycloak' })
afterAll(() => realm.close())
const audience = 'order-service'
const good = issuer.token({ aud: audience, scope: 'orders:read', sub: 'user-1' })

@Controller('orders')
class OrdersController {
  @Get()
  list(@Token() token: AccessToken): object {
    return { owner: token.subject }
  }

  @Post()
  @RequireScope('orders:read')
  @RequireScope('orders:write')
  create(@Body() body: object): object {
    return body
  }

  @Public()
  @Get('health')
  health(): string {
    return 'ok'
  }

  @Public()
  @Get('forgotten')
  forgotten(@Token() token: AccessToken): object {
    return token
  }
}

@RequireScope('stock:read')
@RequireAudience('stock-service')
@Controller('stock')
class StockController {
  @Get()
  list(): string {
    return 'stock'
  }

  @RequireActor('agent')
  @Get('agent')
  agent(): string {
    return 'agent'
  }

  @Public()
  @Get('open')
  open(): string {
    return 'open'
  }
}

const platforms = [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter({ forceCloseConnections: true })],
] as const

type Options = Partial<ResourceServerOptions>

function appModule(controllers: readonly Type[], options: Options = {}, more: object = {}): Type {
  @Module({
    imports: [
      ResourceServerModule.forRoot({
        issuer: issuer.url,
        clock: issuer.clock,
        audience,
        log: 'off',
        ...options,
      }),
    ],
    controllers: [...controllers],
    ...more,
  })
  class AppModule {}
  return AppModule
}

async function start(
  module: Type,
  adapter: () => ExpressAdapter | FastifyAdapter = platforms[0][1],
  prepare: (app: INestApplication) => unknown = () => undefined,
): Promise<string> {
  const app = await NestFactory.create(module, adapter(), {
    abortOnError: false,
    logger: ['error'],
  })
  onTestFinished(() => app.close())
  await prepare(app)
  await app.listen(0, '127.0.0.1')
  return (await app.getUrl()).replace('[::1]', '127.0.0.1')
}

const send = (url: string, token?: string, method = 'GET'): Promise<Response> =>
  fetch(url, { method, headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } })

/** The error that keeps an app from starting. */
const startError = async (module: Type): Promise<unknown> => {
  try {
    const app = await NestFactory.create(module, { abortOnError: false, logger: false })
    await app.close()
    return undefined
  } catch (error) {
    return error
  }
}

describe.each(platforms)('on %s', (_platform, adapter) => {
  test('every route requires a token, unless it is public', async () => {
    const url = await start(appModule([OrdersController]), adapter)
    const refused = await send(`${url}/orders`)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="api"')
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect(await (await send(`${url}/orders`, good)).json()).toEqual({ owner: 'user-1' })
    expect(await (await send(`${url}/orders/health`)).text()).toBe('ok')
  })

  test('the decorators of a class and of its method apply, the audience first', async () => {
    const url = await start(appModule([StockController]), adapter)
    const stock = { aud: 'stock-service', scope: 'stock:read' }
    const statuses = async (path: string, ...tokens: readonly string[]): Promise<number[]> =>
      Promise.all(tokens.map(async (token) => (await send(`${url}/stock${path}`, token)).status))
    const [plain, agent] = [issuer.token(stock), issuer.token({ ...stock, actors: ['agent'] })]
    expect(await statuses('', plain, good, issuer.token({ aud: 'stock-service' }))).toEqual([
      200, 401, 403,
    ])
    expect(await statuses('/agent', plain, agent)).toEqual([403, 200])
    expect(await statuses('/open', 'garbage')).toEqual([200])
  })

  test('a challenge names the scopes of all decorators so far', async () => {
    const url = await start(appModule([OrdersController]), adapter)
    const { status, headers } = await send(`${url}/orders`, good, 'POST')
    expect(status).toBe(403)
    expect(headers.get('www-authenticate')).toContain('scope="orders:read orders:write"')
  })

  test('a refusal is not logged as an error, and an exception is', async () => {
    const logged = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined)
    const staticLog = vi.spyOn(Logger, 'error').mockImplementation(() => undefined)
    const url = await start(appModule([OrdersController]), adapter)
    await send(`${url}/orders`)
    await send(`${url}/orders`, good, 'POST')
    expect([...logged.mock.calls, ...staticLog.mock.calls]).toEqual([])
    // A public route has no token: this is a bug of the app.
    const { status } = await send(`${url}/orders/forgotten`, good)
    expect(status).toBe(500)
    expect(String([...logged.mock.calls, ...staticLog.mock.calls])).toContain('No guard ran')
  })

  test('a global filter can send its own body, and the headers are kept', async () => {
    @Catch()
    class EverythingFilter implements ExceptionFilter {
      catch(exception: unknown, host: ArgumentsHost): void {
        const status = exception instanceof HttpException ? exception.getStatus() : 500
        const response = host.switchToHttp().getResponse<{
          status(code: number): { send(body: object): void }
        }>()
        response.status(status).send({ mine: exception instanceof RefusedException })
      }
    }
    const url = await start(appModule([OrdersController]), adapter, (app) =>
      app.useGlobalFilters(new EverythingFilter()),
    )
    const response = await send(`${url}/orders`)
    expect([response.status, await response.json()]).toEqual([401, { mine: true }])
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="api"')
  })

  test('the metadata is served at its path, without a token and without the global prefix', async () => {
    const options = { resource: 'https://orders.example.com/v1', dpop: 'off' } as const
    const url = await start(
      appModule([OrdersController, StockController], options),
      adapter,
      (app) => app.setGlobalPrefix('api'),
    )
    const response = await send(`${url}/.well-known/oauth-protected-resource/v1`)
    expect(await response.json()).toMatchObject({
      resource: 'https://orders.example.com/v1',
      scopes_supported: ['orders:read', 'orders:write', 'stock:read'],
    })
    expect((await send(`${url}/api/orders`)).status).toBe(401)
  })

  test('DPoP works, also the nonce', async () => {
    const options = {
      publicUrl: 'https://api.example.com',
      dpop: { nonceSecret: 'a'.repeat(32) },
    } as const
    const url = await start(appModule([OrdersController], options), adapter)
    const client = issuer.dpopClient()
    const token = client.token({ aud: audience })
    const call = (nonce?: string): Promise<Response> => {
      const proof = {
        token,
        url: 'https://api.example.com/orders',
        ...(nonce !== undefined && { nonce }),
      }
      return fetch(`${url}/orders`, { headers: client.headers(proof) as Record<string, string> })
    }
    const first = await call()
    expect(first.status).toBe(401)
    expect((await call(first.headers.get('dpop-nonce')!)).status).toBe(200)
  })
})

describe('each decorator', () => {
  const claims = {
    resource_access: { 'order-service': { roles: ['editor'] } },
    tenant: 'acme',
    acr: 'mfa',
  }
  const token = realm.token({
    aud: audience,
    scope: 'a',
    clientId: 'web',
    actors: ['agent'],
    claims,
  })

  test.each([
    ['RequireAudience', RequireAudience(audience), RequireAudience('other'), 401],
    ['RequireScope', RequireScope('a'), RequireScope('b'), 403],
    ['RequireAnyScope', RequireAnyScope('b', 'a'), RequireAnyScope('b'), 403],
    ['RequireRole', RequireRole('editor'), RequireRole('admin'), 403],
    ['RequireActor', RequireActor('agent'), RequireActor('other'), 403],
    ['RequireDelegated', RequireDelegated(), RequireDirect(), 403],
    ['RequireClaim', RequireClaim('tenant', 'acme'), RequireClaim('tenant', 'other'), 403],
    ['RequirePolicy', RequirePolicy(() => true), RequirePolicy(() => false), 403],
    ['RequireStepUp', RequireStepUp({ acr: 'mfa' }), RequireStepUp({ acr: 'other' }), 401],
    ['RequireClient', RequireClient('web'), RequireClient('other'), 403],
    ['RequireAuthentication', RequireAuthentication(), RequireScope('x'), 403],
  ])('%s', async (_name, passes, fails, status) => {
    @Controller()
    class EachController {
      @passes
      @Get('passes')
      passes(): string {
        return 'ok'
      }

      @fails
      @Get('fails')
      fails(): string {
        return 'ok'
      }
    }
    const url = await start(
      appModule([EachController], {
        issuer: keycloak(realm.url, { rolesOf: 'order-service' }),
        clock: realm.clock,
      }),
    )
    const results = await Promise.all(
      ['passes', 'fails'].map((path) => send(`${url}/${path}`, token)),
    )
    expect(results.map((result) => result.status)).toEqual([200, status])
  })
})

describe('decorators stay in force', () => {
  test('if another decorator replaces the method', async () => {
    const wrap: MethodDecorator = (_target, _name, descriptor) => {
      const original = descriptor.value as unknown as (...given: unknown[]) => unknown
      descriptor.value = function wrapped(this: unknown, ...given: unknown[]) {
        return original.apply(this, given)
      } as never
    }
    @Controller()
    class WrappedController {
      @Get()
      @wrap
      @RequireScope('admin')
      find(): string {
        return 'ok'
      }
    }
    const url = await start(appModule([WrappedController]))
    expect((await send(url, good)).status).toBe(403)
  })

  test('in a class that inherits them, and a method of its own replaces them', async () => {
    @RequireScope('admin')
    @Controller('base')
    class BaseController {
      @RequireScope('more')
      @Get()
      find(): string {
        return 'base'
      }
    }
    @Controller('derived')
    class DerivedController extends BaseController {
      @Get('own')
      own(): string {
        return 'own'
      }
    }
    const url = await start(appModule([DerivedController]))
    const admin = issuer.token({ aud: audience, scope: 'admin' })
    expect((await send(`${url}/derived`, admin)).status).toBe(403)
    expect((await send(`${url}/derived/own`, admin)).status).toBe(200)
    expect((await send(`${url}/derived/own`, good)).status).toBe(403)
  })

  test('a handler that is not a method is an error, not an open route', async () => {
    @Controller()
    class BoundController {
      @RequireScope('admin')
      @Get()
      find(): string {
        return 'ok'
      }

      constructor() {
        this.find = this.find.bind(this)
      }
    }
    const url = await start(appModule([BoundController]), undefined, (app) => app.useLogger(false))
    expect((await send(url, good)).status).toBe(500)
  })
})

describe('the app refuses to start', () => {
  @Controller()
  class InvalidScopeController {
    @RequireScope('a b')
    @Get()
    find(): void {}
  }

  @RequirePermission('orders:write')
  @Controller()
  class PermissionController {
    @Get()
    find(): void {}
  }

  @Public()
  @RequireScope('a')
  @Controller()
  class BothController {
    @Get()
    find(): void {}
  }

  const marked = (key: string, value: unknown): Type => {
    class MarkedHandler {
      handle(): void {}
    }
    SetMetadata(key, value)(
      MarkedHandler.prototype,
      'handle',
      Object.getOwnPropertyDescriptor(MarkedHandler.prototype, 'handle')!,
    )
    Injectable()(MarkedHandler)
    return MarkedHandler
  }
  class Gateway {}
  SetMetadata('websockets:is_gateway', true)(Gateway)

  test.each([
    ['invalid options', appModule([], { audience: '' }), /audience/],
    ['an unknown option', appModule([], { scope: 'a' } as Options), /scope/],
    [
      'an invalid argument of a decorator',
      appModule([InvalidScopeController]),
      /requireScope accepts scopes only/,
    ],
    [
      'a permission of a provider that has none',
      appModule([PermissionController]),
      /requirePermission would refuse every request/,
    ],
    [
      '@Public() next to another decorator',
      appModule([BothController]),
      /@Public\(\) and @RequireScope are on the same/,
    ],
    [
      'a GraphQL resolver',
      appModule([], {}, { providers: [marked('graphql:resolver_type', 'Query')] }),
      /GraphQL resolver/,
    ],
    ['a WebSocket gateway', appModule([], {}, { providers: [Gateway] }), /WebSocket gateway/],
    [
      'a handler of a microservice',
      appModule([marked('microservices:handler_type', 1)]),
      /handler of a microservice/,
    ],
  ])('with %s', async (_what, module, message) => {
    const error = await startError(module)
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).toMatch(message)
  })

  test('but not if a resolver or a gateway is public', async () => {
    const [resolver, gateway] = [marked('graphql:resolver_type', 'Query'), class {} as Type]
    SetMetadata('websockets:is_gateway', true)(gateway)
    for (const one of [resolver, gateway]) Public()(one)
    expect(await startError(appModule([], {}, { providers: [resolver, gateway] }))).toBe(undefined)
  })
})

test('forRootAsync gets its options from other providers', async () => {
  @Module({ providers: [{ provide: 'audience', useValue: audience }], exports: ['audience'] })
  class SettingsModule {}

  @Module({
    imports: [
      ResourceServerModule.forRootAsync({
        imports: [SettingsModule],
        inject: ['audience'],
        useFactory: async (name: string) => ({
          issuer: issuer.url,
          clock: issuer.clock,
          audience: name,
        }),
      }),
    ],
    controllers: [OrdersController],
  })
  class AppModule {}
  const url = await start(AppModule)
  expect((await send(`${url}/orders`, good)).status).toBe(200)
})

test('ResourceServer is injectable, and closes with the app', async () => {
  const seen: unknown[] = []
  @Controller()
  class ReadyController {
    @Inject(ResourceServer) private readonly server!: ResourceServer

    @Public()
    @Get()
    ready(): boolean {
      return this.server.ready()
    }
  }
  const url = await start(appModule([ReadyController]), undefined, async (app) => {
    const server = app.get(ResourceServer)
    await server.warmUp()
    seen.push(server.ready(), Object.keys(server.securitySchemes))
  })
  expect(seen).toEqual([true, ['accessToken']])
  expect(await (await send(url)).json()).toBe(true)
})

test("onRefusal: 'throw' gives a filter the code and the reason", async () => {
  const causes: unknown[] = []
  @Catch(RefusedException)
  class Filter implements ExceptionFilter {
    catch(exception: RefusedException, host: ArgumentsHost): void {
      causes.push((exception.cause as { readonly code?: string }).code)
      host.switchToHttp().getResponse<{ status(code: number): { end(): void } }>().status(418).end()
    }
  }
  const providers = [{ provide: APP_FILTER, useClass: Filter }]
  const url = await start(appModule([OrdersController], { onRefusal: 'throw' }, { providers }))
  expect((await send(`${url}/orders`)).status).toBe(418)
  expect(causes).toEqual(['credential_missing'])
})

test('the OpenAPI document has the scopes of each operation', async () => {
  const app = await NestFactory.create(appModule([OrdersController, StockController]), {
    logger: false,
  })
  onTestFinished(() => app.close())
  const builder = new DocumentBuilder()
  for (const [name, scheme] of Object.entries(app.get(ResourceServer).securitySchemes)) {
    builder.addSecurity(name, { ...scheme })
  }
  const { paths, components } = SwaggerModule.createDocument(app, builder.build())
  expect(components?.securitySchemes).toEqual({
    accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  })
  expect(paths['/orders']).toMatchObject({
    get: { security: [{ accessToken: [] }] },
    post: { security: [{ accessToken: ['orders:read', 'orders:write'] }] },
  })
  expect(paths['/orders/health']?.get).not.toHaveProperty('security')
  expect(paths['/stock/agent']).toMatchObject({
    get: { security: [{ accessToken: ['stock:read'] }] },
  })
})

describe('ResourceServerTestingModule', () => {
  async function startTestApp(production: Options, other: TestIssuer): Promise<string> {
    const module = await Test.createTestingModule({
      imports: [
        appModule([OrdersController], production),
        ResourceServerTestingModule.forIssuer(other),
      ],
    }).compile()
    const app = module.createNestApplication()
    onTestFinished(() => app.close())
    await app.listen(0, '127.0.0.1')
    return (await app.getUrl()).replace('[::1]', '127.0.0.1')
  }

  test('replaces the issuer, and nothing else', async () => {
    const other = await createTestIssuer({ algorithm: 'ES256' })
    onTestFinished(() => other.close())
    const url = await startTestApp({ issuer: 'https://as.example.com' }, other)
    const statusOf = async (token: string): Promise<number> =>
      (await send(`${url}/orders`, token)).status
    expect(await statusOf(other.token({ aud: audience }))).toBe(200)
    expect(await statusOf(other.token({ aud: 'other-service' }))).toBe(401)
    expect(await statusOf(good)).toBe(401)
  })
})
