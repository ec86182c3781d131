import { createServer } from 'node:http'
import {
  type DecisionRecord,
  type ExpressGuard,
  type ResourceServer,
  resourceServer,
  type ResourceServerOptions,
} from '@resource-server/express'
import express from 'express'
import { listen } from '../../examples/order-flow/src/listen.ts'

type Api = ResourceServer<object, unknown>

interface Seen {
  readonly status: number
  readonly record: DecisionRecord
}

/** A guarded route, and what it makes of a token. */
export interface Service {
  readonly api: Api
  readonly url: string
  readonly show: (token: string) => Promise<Seen>
  readonly close: () => Promise<void>
}

/** One guarded route over a real socket. */
export async function startService(
  options: ResourceServerOptions,
  guards: (api: Api) => readonly ExpressGuard[] = (api) => [api.requireAuthentication()],
): Promise<Service> {
  const { promise, arrivals } = mailbox()
  const api = resourceServer({ ...options, onDecision: arrivals })
  const app = express().get('/', ...guards(api), (_req, res) => void res.send('in'))
  const { url, close } = await listen(createServer(app))
  return {
    api,
    url,
    close,
    show: async (token) => {
      const record = promise()
      const { status } = await ask(url, token)
      return { status, record: await record }
    },
  }
}

export async function ask(url: string, token: string): Promise<Response> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  await response.text()
  return response
}

/** A granted request is recorded after its answer, so the record is waited for. */
function mailbox(): {
  promise: () => Promise<DecisionRecord>
  arrivals: (record: DecisionRecord) => void
} {
  let deliver: (record: DecisionRecord) => void = () => undefined
  return {
    promise: () =>
      new Promise((resolve) => {
        deliver = resolve
      }),
    arrivals: (record) => deliver(record),
  }
}
