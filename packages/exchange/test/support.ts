import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AccessToken, createVerifier } from '@resource-server/core'
import {
  createTestIssuer,
  type TestIssuer,
  type TestIssuerOptions,
  type TokenOptions,
} from '@resource-server/testing'
import { onTestFinished } from 'vitest'
import { HopError, nextHop, type NextHop, type NextHopOptions } from '../src/index.ts'

export const self = 'order-service'
export const target = 'inventory-service'
export const secret = 's3cret'

/** Everything that the tests of one hop need. */
export interface Setup {
  readonly issuer: TestIssuer
  readonly hop: NextHop
  /** The options of `hop`, for another one. */
  readonly options: NextHopOptions
  /** A verified token of a caller. */
  readonly subject: (token?: Partial<TokenOptions>) => Promise<AccessToken>
  readonly verify: (raw: string) => Promise<AccessToken>
  /** The number of requests for tokens so far. */
  readonly exchanges: () => number
}

/** Starts an issuer, and creates a hop that uses it. */
export async function setUp(
  changes: Partial<NextHopOptions> = {},
  issuerOptions: TestIssuerOptions = {},
): Promise<Setup> {
  const issuer = await createTestIssuer({
    clients: { [self]: { secret, targets: { [target]: ['stock:read', 'stock:write'] } } },
    ...issuerOptions,
  })
  onTestFinished(() => issuer.close())
  const options: NextHopOptions = {
    issuer: issuer.url,
    client: { id: self, secret },
    audience: target,
    scope: 'stock:read',
    clock: issuer.clock,
    ...changes,
  }
  // With the URL of the key set, only hops read the metadata.
  const { url, jwksUri, clock } = issuer
  const verifier = createVerifier({ issuer: url, jwksUri, audience: self, clock })
  onTestFinished(() => verifier.close())
  return {
    issuer,
    options,
    hop: nextHop(options),
    verify: (raw) => verifier.verify(raw),
    subject: (token = {}) => verifier.verify(issuer.token({ aud: self, ...token })),
    exchanges: () => issuer.tokenEndpoint.requests.length,
  }
}

/** A request that the next service received. */
interface Received {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly body: string
}

export interface Service {
  readonly origin: string
  readonly received: readonly Received[]
  /** Replaces the response, which is `200 ok` at first. */
  respond: (request: Received, response: ServerResponse) => void
}

/** Starts a next service, which records the requests. */
export async function startService(): Promise<Service> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    void (async () => {
      let body = ''
      for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
      const { method = '', url = '', headers, rawHeaders } = request
      const seen = { method, url, headers, rawHeaders, body }
      received.push(seen)
      service.respond(seen, response)
    })().catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const service: Service = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    respond: (_request, response) => response.end('ok'),
  }
  return service
}

/** The error that a call ends with. */
export async function errorOf(work: Promise<unknown>): Promise<HopError> {
  const error: unknown = await work.then(
    () => new Error('the call succeeded'),
    (thrown: unknown) => thrown,
  )
  if (error instanceof HopError) return error
  throw error
}

export function formOf(issuer: TestIssuer, at = -1): Record<string, string> {
  return Object.fromEntries(issuer.tokenEndpoint.requests.at(at)!.form)
}
