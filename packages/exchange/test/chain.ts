import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { AccessToken } from '@resource-server/core'
import { resourceServer } from '@resource-server/express'
import type { TestIssuerOptions, TokenOptions } from '@resource-server/testing'
import express, { type Request, type Response } from 'express'
import { onTestFinished } from 'vitest'
import type { NextHop, NextHopOptions } from '../src/index.ts'
import { self, type Service, setUp, type Setup, startService } from './support.ts'

/** What this service's caller receives. */
interface Answer {
  readonly status: number
  /** The `error` of the challenge, or null. */
  readonly error: string | null
  readonly challenge: string | null
  readonly retryAfter: number | undefined
  readonly body: string
}

export interface Chain extends Setup {
  readonly service: Service
  /** Sends a request of a caller to this service, which calls the next one. */
  readonly call: (raw: string, headers?: Readonly<Record<string, string>>) => Promise<Answer>
  /** The text of a token for this service. */
  readonly raw: (token?: Partial<TokenOptions>) => string
}

type Handler = (hop: NextHop, token: AccessToken, req: Request, res: Response) => Promise<unknown>

/** Calls the next service, and sends its response. */
const passOn: Handler = async (hop, token, _req, res) => {
  const response = await hop.fetch(token, '/stock/7')
  res.status(response.status).send(await response.text())
}

/** Starts an issuer, the next service, and this service, which is an Express app without error handlers. */
export async function startChain(
  changes: Partial<NextHopOptions> = {},
  issuerOptions: TestIssuerOptions = {},
  handler: Handler = passOn,
): Promise<Chain> {
  const service = await startService()
  const set = await setUp({ origin: service.origin, ...changes }, issuerOptions)
  const { issuer, hop } = set
  const { url, jwksUri, clock } = issuer
  const api = resourceServer({
    ...{ issuer: url, jwksUri, audience: self, clock, publicUrl: 'https://orders.example' },
  })
  const app = express()
  // Prevents Express from writing each error to stderr.
  app.set('env', 'test')
  app.get('/', api.requireAuthentication(), (req, res) => handler(hop, api.token(req), req, res))
  const server: Server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    ...set,
    service,
    raw: (token = {}) => issuer.token({ aud: self, ...token }),
    call: async (raw, headers = { authorization: `Bearer ${raw}` }) => {
      const response = await fetch(origin, { headers })
      const challenge = response.headers.get('www-authenticate')
      const retryAfter = response.headers.get('retry-after')
      return {
        status: response.status,
        error: /error="([^"]*)"/.exec(challenge ?? '')?.[1] ?? null,
        challenge,
        retryAfter: retryAfter === null ? undefined : Number(retryAfter),
        body: await response.text(),
      }
    },
  }
}
