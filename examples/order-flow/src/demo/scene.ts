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

/** Everything that runs while the demo plays. */
export interface Scene {
  readonly server: AuthorizationServer
  /** A second authorization server, as good as the first: but nobody here trusts it. */
  readonly stranger: AuthorizationServer
  readonly user: RunningService
  readonly order: RunningService
  readonly inventory: RunningService
  readonly catalog: RunningService
  /** The clock of inventory-service. */
  readonly clock: MovableClock
  /** Of all services, as they came. */
  readonly records: readonly DecisionRecord[]
  readonly exchangeAs: Readonly<Record<'user' | 'order', ExchangeToken>>
}

/** Starts all of it, lets `play` run, and leaves nothing open, whatever happens. */
export async function withScene<T>(
  play: (scene: Scene) => Promise<T>,
  startServer: () => Promise<AuthorizationServer> = startAuthorizationServer,
): Promise<T> {
  const open: Closable[] = []
  const opened: Opened = (resource) => {
    open.push(resource)
    return resource
  }
  try {
    return await play(await start(opened, startServer))
  } finally {
    await Promise.all(open.map((resource) => resource.close()))
  }
}

interface Closable {
  readonly close: () => Promise<void>
}

/** What every framework has, for a server of Node. */
type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** Notes what is to be closed at the end. */
type Opened = <R extends Closable>(resource: R) => R

async function start(
  opened: Opened,
  startServer: () => Promise<AuthorizationServer>,
): Promise<Scene> {
  const server = opened(await startServer())
  const stranger = opened(await startAuthorizationServer())
  const { issuer, exchangeShows } = server
  const clock = new MovableClock()
  const exchangeAs = {
    user: await exchangerFor(server, 'user-service'),
    order: await exchangerFor(server, 'order-service'),
  }
  const records: DecisionRecord[] = []
  const run = async (
    create: (onDecision: DecisionLog['write']) => Listener | Promise<Listener>,
  ): Promise<RunningService> => {
    const decisions = new DecisionLog(records)
    const listener = await create(decisions.write)
    const http = createServer((request, response) => void listener(request, response))
    const { url } = opened(await listen(http))
    return { url, decisions }
  }

  const inventory = await run(async (onDecision) => {
    const app = await inventoryService({ issuer, onDecision, clock, exchangeShows })
    await app.ready()
    return (request, response) => app.routing(request, response)
  })
  const order = await run((onDecision) => {
    const exchangeToken = exchangeAs.order
    return orderService({
      ...{ issuer, onDecision, inventoryUrl: inventory.url, exchangeToken, exchangeShows },
    }).callback()
  })
  const user = await run((onDecision) =>
    userService({ issuer, onDecision, ordersUrl: order.url, exchangeToken: exchangeAs.user }),
  )
  const catalog = await run((onDecision) =>
    getRequestListener(catalogService({ issuer, onDecision }).fetch),
  )
  return { server, stranger, user, order, inventory, catalog, clock, records, exchangeAs }
}

async function exchangerFor(server: AuthorizationServer, clientId: string): Promise<ExchangeToken> {
  const clientSecret = server.clientSecrets.get(clientId)
  const { issuer, wantsActorToken: withActorToken } = server
  return tokenExchange({ issuer, clientId, clientSecret, withActorToken })
}
