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

interface Result {
  readonly status: number
  readonly record: DecisionRecord
}

/** A service with one guarded route. */
export interface Service {
  readonly api: Api
  readonly url: string
  /** Sends a token. Resolves to the status and the decision record. */
  readonly send: (token: string) => Promise<Result>
  readonly close: () => Promise<void>
}

/** Starts a service with one guarded route. */
export async function startService(
  options: ResourceServerOptions,
  guards: (api: Api) => readonly ExpressGuard[] = (api) => [api.requireAuthentication()],
): Promise<Service> {
  const { nextRecord, onDecision } = recordQueue()
  const api = resourceServer({ ...options, onDecision })
  const app = express().get('/', ...guards(api), (_req, res) => void res.send('ok'))
  const { url, close } = await listen(createServer(app))
  return {
    api,
    url,
    close,
    send: async (token) => {
      const record = nextRecord()
      const { status } = await get(url, token)
      return { status, record: await record }
    },
  }
}

export async function get(url: string, token: string): Promise<Response> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  await response.text()
  return response
}

/** A granted request is recorded after its response, so `nextRecord` waits for the record. */
function recordQueue(): {
  nextRecord: () => Promise<DecisionRecord>
  onDecision: (record: DecisionRecord) => void
} {
  let deliver: (record: DecisionRecord) => void = () => undefined
  return {
    nextRecord: () =>
      new Promise((resolve) => {
        deliver = resolve
      }),
    onDecision: (record) => deliver(record),
  }
}
