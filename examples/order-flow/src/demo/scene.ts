import { createServer } from 'node:http'
import type { DecisionRecord } from '@resource-server/express'
import type { Express } from 'express'
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../authorization-server/authorization-server.ts'
import { listen } from '../listen.ts'
import { type ExchangeToken, tokenExchange } from '../services/exchange.ts'
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
  /** The clock of inventory-service. */
  readonly clock: MovableClock
  /** Of all services, as they came. */
  readonly records: readonly DecisionRecord[]
  readonly exchangeAs: Readonly<Record<'user' | 'order', ExchangeToken>>
}

/** Starts all of it, lets `play` run, and leaves nothing open, whatever happens. */
export async function withScene<T>(play: (scene: Scene) => Promise<T>): Promise<T> {
  const open: Closable[] = []
  const opened: Opened = (resource) => {
    open.push(resource)
    return resource
  }
  try {
    return await play(await start(opened))
  } finally {
    await Promise.all(open.map((resource) => resource.close()))
  }
}

interface Closable {
  readonly close: () => Promise<void>
}

/** Notes what is to be closed at the end. */
type Opened = <R extends Closable>(resource: R) => R

async function start(opened: Opened): Promise<Scene> {
  const server = opened(await startAuthorizationServer())
  const stranger = opened(await startAuthorizationServer())
  const { issuer } = server
  const clock = new MovableClock()
  const exchangeAs = {
    user: await exchangerFor(server, 'user-service'),
    order: await exchangerFor(server, 'order-service'),
  }
  const records: DecisionRecord[] = []
  const run = async (
    create: (onDecision: DecisionLog['write']) => Express,
  ): Promise<RunningService> => {
    const decisions = new DecisionLog(records)
    const { url } = opened(await listen(createServer(create(decisions.write))))
    return { url, decisions }
  }

  const inventory = await run((onDecision) => inventoryService({ issuer, onDecision, clock }))
  const order = await run((onDecision) =>
    orderService({
      issuer,
      onDecision,
      inventoryUrl: inventory.url,
      exchangeToken: exchangeAs.order,
    }),
  )
  const user = await run((onDecision) =>
    userService({ issuer, onDecision, ordersUrl: order.url, exchangeToken: exchangeAs.user }),
  )
  return { server, stranger, user, order, inventory, clock, records, exchangeAs }
}

async function exchangerFor(server: AuthorizationServer, clientId: string): Promise<ExchangeToken> {
  const clientSecret = server.clientSecrets.get(clientId)
  return tokenExchange({ issuer: server.issuer, clientId, clientSecret })
}
