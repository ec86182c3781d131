import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { DecisionRecord, ResourceServerOptions } from '@resource-server/core'
import { resourceServer } from '@resource-server/express'
import express from 'express'
import type { Service, Setup } from './attempt.ts'
import type { Engine } from './engines.ts'
import { exchange } from './raw-http.ts'

export const hosts: readonly Engine[] = [
  {
    name: 'Express 5',
    http: true,
    start: async ({ options = {}, guards }: Setup): Promise<Service> => {
      const records: DecisionRecord[] = []
      let count = 0
      const api = resourceServer({
        onDecision: (record: DecisionRecord) => records.push(record),
        ...options,
      } as unknown as ResourceServerOptions & { optional?: false })
      const app = express()
      app.disable('x-powered-by')
      const route = (guards?.(api) ?? [api.requireAuthentication()]) as express.RequestHandler[]
      app.use('/', ...route, (request, response) => {
        count += 1
        response.json(request.method === 'OPTIONS' ? null : (api.token(request) ?? null))
      })
      const server = app.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return {
        send: (sent) => exchange((server.address() as AddressInfo).port, sent),
        ...{ records, handled: () => count, port: (server.address() as AddressInfo).port },
        warmUp: () => api.warmUp(),
        operations: api,
        close: () =>
          new Promise((resolve) => {
            server.close(() => resolve())
            server.closeAllConnections()
          }),
      }
    },
  },
]
