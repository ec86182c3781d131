import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { DecisionRecord } from '@resource-server/express'
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../authorization-server/authorization-server.ts'
import { listen } from '../listen.ts'
import { type ExchangeToken, tokenExchange } from '../services/exchange.ts'
import { catalogService } from '../services/catalog-service.ts'
import { inventoryService } from '../services/inventory-service.ts'
import { orderService } from '../services/order-service.ts'
import { userService } from '../services/user-service.ts'
import { DecisionLog } from './decision-log.ts'
import { MovableClock } from './movable-clock.ts'

interface RunningService {
  readonly url: string
  readonly decisions: DecisionLog
}

/** The servers that the demo runs, and what they record. */
export interface Environment {
  readonly server: AuthorizationServer
  /** A second authorization server. It works like the first, but no service trusts it. */
  readonly untrustedServer: AuthorizationServer
  readonly user: RunningService
  readonly order: RunningService
  readonly inventory: RunningService
  readonly catalog: RunningService
  /** The clock of inventory-service. */
  readonly clock: MovableClock
  /** The decision records of all services, in the order they were written. */
  readonly records: readonly DecisionRecord[]
  /** Exchanges a token as user-service or as order-service. */
  readonly exchangeAs: Readonly<Record<'user' | 'order', ExchangeToken>>
}

/** Starts the servers, calls `run`, and closes every server, even if `run` throws. */
export async function withEnvironment<T>(
  run: (environment: Environment) => Promise<T>,
  startServer: () => Promise<AuthorizationServer> = startAuthorizationServer,
): Promise<T> {
  const open: Closable[] = []
  const closeAtEnd: CloseAtEnd = (resource) => {
    open.push(resource)
    return resource
  }
  try {
    return await run(await start(closeAtEnd, startServer))
  } finally {
    await Promise.all(open.map((resource) => resource.close()))
  }
}

interface Closable {
  readonly close: () => Promise<void>
}

/** A request listener for a Node HTTP server. Every framework provides one. */
type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** Registers a resource to be closed at the end, and returns it. */
type CloseAtEnd = <R extends Closable>(resource: R) => R

async function start(
  closeAtEnd: CloseAtEnd,
  startServer: () => Promise<AuthorizationServer>,
): Promise<Environment> {
  const server = closeAtEnd(await startServer())
  const untrustedServer = closeAtEnd(await startAuthorizationServer())
  const { issuer, exchangerRole } = server
  const clock = new MovableClock()
  const exchangeAs = {
    user: await exchangeFor(server, 'user-service'),
    order: await exchangeFor(server, 'order-service'),
  }
  const records: DecisionRecord[] = []
  const startService = async (
    create: (onDecision: DecisionLog['write']) => Listener | Promise<Listener>,
  ): Promise<RunningService> => {
    const decisions = new DecisionLog(records)
    const listener = await create(decisions.write)
    const http = createServer((request, response) => void listener(request, response))
    const { url } = closeAtEnd(await listen(http))
    return { url, decisions }
  }

  const inventory = await startService(async (onDecision) => {
    const app = await inventoryService({ issuer, onDecision, clock, exchangerRole })
    await app.ready()
    return (request, response) => app.routing(request, response)
  })
  const order = await startService((onDecision) =>
    orderService({
      issuer,
      onDecision,
      inventoryUrl: inventory.url,
      exchangeToken: exchangeAs.order,
      exchangerRole,
    }).callback(),
  )
  const user = await startService((onDecision) =>
    userService({ issuer, onDecision, ordersUrl: order.url, exchangeToken: exchangeAs.user }),
  )
  const catalog = await startService((onDecision) =>
    // Its first token is refused on purpose, which would print a warning between the lines of the demo.
    getRequestListener(catalogService({ issuer, onDecision, log: 'off' }).fetch),
  )
  return {
    server,
    untrustedServer,
    user,
    order,
    inventory,
    catalog,
    clock,
    records,
    exchangeAs,
  }
}

async function exchangeFor(server: AuthorizationServer, clientId: string): Promise<ExchangeToken> {
  const clientSecret = server.clientSecrets.get(clientId)
  const { issuer, requiresActorToken: sendActorToken } = server
  return tokenExchange({ issuer, clientId, clientSecret, sendActorToken })
}
