import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { createVerifier } from '@resource-server/core'
import { type ExchangeRecord, nextHop, type NextHopOptions } from '@resource-server/exchange'
import type { DecisionRecord } from '@resource-server/express'
import {
  createRevocationList,
  memoryRevocationFeed,
  type RevocationList,
} from '@resource-server/revocation'
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../authorization-server/authorization-server.ts'
import { listen } from '../listen.ts'
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
  /** The records of all exchanges. Also of those that `exchangeAs` makes. */
  readonly exchanges: readonly ExchangeRecord[]
  readonly exchangeAs: ExchangeAs
  /** The list of user-service. The other services learn of its revocations. */
  readonly revocation: RevocationList
}

/**
 * Exchanges a token as one of the services, without calling the next one.
 *
 * @throws HopError if the authorization server refuses the exchange
 */
export type ExchangeAs = (
  service: 'user' | 'order',
  token: string,
  target: { readonly audience: string; readonly scope: string },
) => Promise<string>

/** Receives the records of all decisions and exchanges of the services, when they are written. */
export type OnRecord = (record: DecisionRecord | ExchangeRecord) => void

/** Starts the servers, calls `run`, and closes every server, even if `run` throws. */
export async function withEnvironment<T>(
  run: (environment: Environment) => Promise<T>,
  startServer: () => Promise<AuthorizationServer> = startAuthorizationServer,
  onRecord: OnRecord = () => undefined,
): Promise<T> {
  const open: Closable[] = []
  const closeAtEnd: CloseAtEnd = (resource) => {
    open.push(resource)
    return resource
  }
  try {
    return await run(await start(closeAtEnd, startServer, onRecord))
  } finally {
    await Promise.all(open.map((resource) => resource.close()))
  }
}

/** The longest lifetime of a token of the servers, in seconds. Revocations are kept for that long. */
const longestLifetime = 86_400

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
  onRecord: OnRecord,
): Promise<Environment> {
  const server = closeAtEnd(await startServer())
  const untrustedServer = closeAtEnd(await startAuthorizationServer())
  const { issuer, exchangerRole } = server
  const clock = new MovableClock()
  const exchanges: ExchangeRecord[] = []
  // One list for each service, as if each ran in a process of its own.
  const feed = memoryRevocationFeed()
  const newList = (): RevocationList => createRevocationList({ feed })
  const lists = { user: newList(), order: newList(), inventory: newList() }
  const revocable = (name: keyof typeof lists) => ({
    maxLifetime: longestLifetime,
    revocation: lists[name],
  })
  const exchange: Partial<NextHopOptions> = {
    dialect: server.dialect,
    // Some exchanges are refused on purpose, which would print warnings between the lines of the demo.
    log: 'off',
    onExchange: (record) => {
      onRecord(record)
      exchanges.push(record)
    },
  }
  const startService = async (
    create: (onDecision: DecisionLog['write']) => Listener | Promise<Listener>,
  ): Promise<RunningService> => {
    const decisions = new DecisionLog(onRecord)
    const listener = await create(decisions.write)
    const http = createServer((request, response) => void listener(request, response))
    const { url } = closeAtEnd(await listen(http))
    return { url, decisions }
  }

  const inventory = await startService(async (onDecision) => {
    const app = await inventoryService({
      issuer,
      onDecision,
      clock,
      exchangerRole,
      ...revocable('inventory'),
    })
    await app.ready()
    return (request, response) => app.routing(request, response)
  })
  const order = await startService((onDecision) =>
    orderService({
      issuer,
      onDecision,
      inventoryUrl: inventory.url,
      clientSecret: secretOf(server, 'order'),
      exchange: { ...exchange, isRevoked: lists.order.isRevoked },
      exchangerRole,
      ...revocable('order'),
    }).callback(),
  )
  const user = await startService((onDecision) =>
    userService({
      issuer,
      onDecision,
      ordersUrl: order.url,
      clientSecret: secretOf(server, 'user'),
      exchange: { ...exchange, isRevoked: lists.user.isRevoked },
      ...revocable('user'),
    }),
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
    exchanges,
    revocation: lists.user,
    exchangeAs: closeAtEnd(exchanger(server, untrustedServer, exchanges)).exchangeAs,
  }
}

function secretOf({ clientSecrets }: AuthorizationServer, service: string): string {
  const secret = clientSecrets.get(`${service}-service`)
  if (secret === undefined) throw new Error(`${service}-service has no secret`)
  return secret
}

/** A hop accepts verified tokens only, so this verifies the tokens of both servers first. */
function exchanger(
  server: AuthorizationServer,
  untrustedServer: AuthorizationServer,
  exchanges: ExchangeRecord[],
): Closable & { readonly exchangeAs: ExchangeAs } {
  const audience = ['user-service', 'order-service']
  const issuers = [server.issuer, untrustedServer.issuer]
  const verifier = createVerifier({ issuers, audience })
  return {
    close: async () => verifier.close(),
    exchangeAs: async (service, token, target) => {
      const hop = nextHop({
        issuer: server.issuer,
        client: { id: `${service}-service`, secret: secretOf(server, service) },
        dialect: server.dialect,
        log: 'off',
        onExchange: (record) => exchanges.push(record),
        ...target,
      })
      return (await hop.token(await verifier.verify(token))).value
    },
  }
}
