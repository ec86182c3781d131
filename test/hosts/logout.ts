import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Router } from '@koa/router'
import express5 from 'express'
import express4 from 'express-4'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa3 from 'koa'
import Koa2 from 'koa-2'
import type { LogoutHandlers } from '@resource-server/revocation'
import type { RunningHost } from '@resource-server/testing/conformance'
import { listening } from './listen.ts'

/** Starts an app of a host that serves back-channel logout at `/backchannel-logout`. */
type StartLogout = (handlers: LogoutHandlers) => Promise<RunningHost>

export const logoutPath = '/backchannel-logout'

const onExpress =
  (express: typeof express5, ...middleware: readonly express5.RequestHandler[]): StartLogout =>
  ({ node }) => {
    const app = express()
    for (const handler of middleware) app.use(handler)
    app.post(logoutPath, (req, res) => void node(req, res))
    return listening(app.listen(0, '127.0.0.1'))
  }

const onKoa =
  (Koa: typeof Koa3): StartLogout =>
  ({ koa }) => {
    const router = new Router()
    router.post(logoutPath, koa)
    return listening(new Koa().use(router.routes()).listen(0, '127.0.0.1'))
  }

const onFastify: StartLogout = async (handlers) => {
  const app = fastify({ forceCloseConnections: true })
  app.post(logoutPath, { onRequest: handlers.fastify }, () => {})
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
}

const onHono: StartLogout = (handlers) => {
  const app = new Hono()
  app.post(logoutPath, (context) => handlers.fetch(context.req.raw))
  return listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server)
}

const onNode: StartLogout = ({ node }) =>
  listening(createServer((req, res) => void node(req, res)).listen(0, '127.0.0.1'))

/** By the names of the hosts. */
export const logoutHosts: Readonly<Record<string, StartLogout>> = {
  'Express 5': onExpress(express5),
  'Express 4': onExpress(express4),
  'Koa 3': onKoa(Koa3),
  'Koa 2': onKoa(Koa2),
  'Fastify 5': onFastify,
  'fetch with Hono': onHono,
  'Hono 4': onHono,
  // These adapters run on the servers of others, which serve routes without a guard.
  'MCP on node:http': onNode,
  'MCP on a fetch host': onHono,
  'NestJS 12 on Express': onExpress(express5),
  'NestJS 12 on Fastify': onFastify,
}

/** Apps that a user may have, in addition to those of the hosts. */
export const otherLogoutHosts: Readonly<Record<string, StartLogout>> = {
  'Express 5 with a form parser': onExpress(express5, express5.urlencoded({ extended: false })),
}
