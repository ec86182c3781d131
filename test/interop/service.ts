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
  readonly headers: Headers
  readonly record: DecisionRecord
}

/** A service with one guarded route. */
export interface Service {
  readonly api: Api
  readonly url: string
  /** Sends a token. Resolves to the status and the decision record. */
  readonly send: (token: string) => Promise<Result>
  /** Sends a request with these headers. */
  readonly request: (headers: Readonly<Record<string, string>>) => Promise<Result>
  readonly close: () => Promise<void>
}

/**
 * Starts a service with one guarded route.
 *
 * @param options the options, or a function of the URL of the service
 */
export async function startService(
  options: ResourceServerOptions | ((url: string) => ResourceServerOptions),
  guards: (api: Api) => readonly ExpressGuard[] = (api) => [api.requireAuthentication()],
): Promise<Service> {
  const { nextRecord, onDecision } = recordQueue()
  const app = express()
  const { url, close } = await listen(createServer(app))
  const given = typeof options === 'function' ? options(url) : options
  const api = resourceServer({ ...given, onDecision })
  app.get('/', ...guards(api), (_req, res) => void res.send('ok'))
  const request: Service['request'] = async (headers) => {
    const record = nextRecord()
    const response = await fetch(url, { headers })
    await response.text()
    return { status: response.status, headers: response.headers, record: await record }
  }
  return {
    api,
    url,
    close,
    request,
    send: (token) => request({ authorization: `Bearer ${token}` }),
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
