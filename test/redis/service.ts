import { createServer } from 'node:http'
import { type DecisionRecord, resourceServer } from '@resource-server/express'
import { type RedisStoresOptions, redisStores } from '@resource-server/redis'
import { createTestIssuer } from '@resource-server/testing'
import express from 'express'
import { listening } from '../hosts/listen.ts'
import type { Connection } from './clients.ts'

/** What a caller and an operator see of one request. */
export interface Seen {
  readonly status: number
  /** The error in the challenge of DPoP. */
  readonly error: string | undefined
  readonly retryAfter: string | null
  readonly nonce: string | null
  readonly body: string
  readonly record: DecisionRecord
}

const url = 'https://api.example/orders'

/** An Express service that keeps used proofs in Redis. */
export async function startService(
  { client }: Pick<Connection, 'client'>,
  options: RedisStoresOptions & { readonly dpop?: object } = {},
) {
  const { dpop, ...storeOptions } = options
  const issuer = await createTestIssuer()
  const { clock } = issuer
  const records: DecisionRecord[] = []
  const api = resourceServer({
    issuer: issuer.url,
    audience: 'orders',
    clock,
    publicUrl: 'https://api.example',
    dpop: { ...dpop, store: redisStores(client, storeOptions).replay },
    onDecision: (record) => void records.push(record),
  })
  const app = express().get('/orders', api.requireAuthentication(), (_req, res) => void res.end())
  const host = await listening(createServer(app).listen(0, '127.0.0.1'))
  const dpopClient = issuer.dpopClient()
  const token = dpopClient.token({ aud: 'orders', expiresIn: 3600 })
  const headers = (nonce?: string, issuedIn = 0) =>
    dpopClient.headers({ token, url, issuedIn, ...(nonce !== undefined && { nonce }) })
  const request = (sent = headers()): Promise<Response> =>
    fetch(`http://127.0.0.1:${host.port}/orders`, { headers: sent })
  const statusOf = async (sent = headers()): Promise<number> => {
    const response = await request(sent)
    await response.arrayBuffer()
    return response.status
  }
  /** One request at a time, because it waits for the next record. */
  const send = async (sent = headers()): Promise<Seen> => {
    const before = records.length
    const response = await request(sent)
    const body = await response.text()
    while (records.length === before) await new Promise((resolve) => setImmediate(resolve))
    const challenge = response.headers.get('www-authenticate') ?? ''
    return {
      status: response.status,
      error: /error="([^"]*)"/.exec(challenge)?.[1],
      retryAfter: response.headers.get('retry-after'),
      nonce: response.headers.get('dpop-nonce'),
      body,
      record: records.at(-1)!,
    }
  }
  const close = async (): Promise<void> => {
    await host.close()
    api.close()
    await issuer.close()
  }
  return { clock, headers, send, statusOf, close }
}
