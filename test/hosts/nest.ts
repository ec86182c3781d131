import 'reflect-metadata'
import type { IncomingMessage, Server } from 'node:http'
import {
  Controller,
  Get,
  Header,
  type INestApplication,
  Module,
  Options,
  Post,
  Req,
} from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ExpressAdapter } from '@nestjs/platform-express'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import type { Guards } from '@resource-server/core'
import * as nest from '@resource-server/nestjs'
import type { Host, HostSetup, Route } from '@resource-server/testing/conformance'
import { listening } from './listen.ts'

const methods = { GET: Get, POST: Post, OPTIONS: Options }

/** The decorators, called like the factories of the other adapters. */
const decorators = Object.fromEntries(
  Object.entries(nest)
    .filter(([name]) => name.startsWith('Require'))
    .map(([name, decorator]) => [name.replace(/^R/, 'r'), decorator]),
) as unknown as Guards<nest.RouteDecorator>

/** A controller for one route, without decorator syntax because the route is data. */
function controllerFor(route: Route): new () => object {
  class RouteController {
    handle(request: object): string {
      const server = RouteController.server!
      return route.respond(() => server.token(request))
    }

    static server: nest.ResourceServer | undefined
  }
  const target = RouteController.prototype
  const handle = Object.getOwnPropertyDescriptor(target, 'handle')!
  const guards = route.guards(decorators)
  const all: readonly MethodDecorator[] = [
    methods[route.method](route.path),
    Header('Content-Type', 'text/plain; charset=utf-8'),
    ...(guards.length > 0 ? guards : [nest.Public()]),
  ]
  Controller()(RouteController)
  Req()(target, 'handle', 0)
  // As a compiler does it: the last one first.
  for (const decorate of all.toReversed()) decorate(target, 'handle', handle)
  return RouteController
}

async function create(
  adapter: ExpressAdapter | FastifyAdapter,
  { options, routes }: HostSetup,
): Promise<INestApplication> {
  const controllers = routes.map(controllerFor)
  class AppModule {}
  Module({ imports: [nest.ResourceServerModule.forRoot(options)], controllers })(AppModule)
  const app = await NestFactory.create(AppModule, adapter, { logger: false, abortOnError: false })
  const server = app.get(nest.ResourceServer)
  for (const controller of controllers) Object.assign(controller, { server })
  return app
}

export const nestHosts: readonly Host[] = [
  {
    name: 'NestJS 12 on Express',
    async start(setup) {
      const app = await create(new ExpressAdapter(), setup)
      const { spoofedAuth } = setup
      if (spoofedAuth) {
        app.use((request: IncomingMessage, _response: unknown, next: () => void) => {
          Object.defineProperty(request, 'auth', { value: spoofedAuth, configurable: true })
          next()
        })
      }
      await app.listen(0, '127.0.0.1')
      return { ...(await running(app)), close: () => app.close() }
    },
  },
  {
    name: 'NestJS 12 on Fastify',
    async start(setup) {
      const adapter = new FastifyAdapter({ forceCloseConnections: true })
      const app = (await create(adapter, setup)) as NestFastifyApplication
      await app.listen(0, '127.0.0.1')
      return { ...(await running(app)), close: () => app.close() }
    },
  },
]

async function running(app: INestApplication): Promise<{ readonly port: number }> {
  const server = app.getHttpServer() as Server
  if (server.listening) return { port: (server.address() as { readonly port: number }).port }
  return listening(server)
}
