import type { DecisionRecord } from '@resource-server/core'
import type { Host, Route } from '@resource-server/testing/conformance'
import { hosts as conformant } from '../../hosts/index.ts'
import type { Service, Setup } from './attempt.ts'
import type { Engine } from './targets.ts'
import { exchange } from './raw-http.ts'

/** Adapters hand over their guards and their operations in one; Fastify's decorator holds both. */
function operationsOf(api: object): Service['operations'] {
  const { resourceServer = api } = api as { resourceServer?: object }
  return resourceServer as Service['operations']
}

/** Every host of the conformance suite. */
const engine = (host: Host): Engine => ({
  name: host.name,
  http: true,
  start: async ({ options = {}, guards, planted }: Setup): Promise<Service> => {
    const records: DecisionRecord[] = []
    let count = 0
    let operations: Service['operations'] | undefined
    const respond: Route['respond'] = (token) => {
      count += 1
      return JSON.stringify(token() ?? null)
    }
    const routes = (['GET', 'POST', 'OPTIONS'] as const).map((method): Route => ({
      ...{ method, path: '/' },
      guards: (api) => {
        operations = operationsOf(api)
        return (guards?.(api) as never) ?? [api.requireAuthentication()]
      },
      // A preflight has no token to show.
      respond: method === 'OPTIONS' ? () => respond(() => undefined) : respond,
    }))
    const onDecision = (record: DecisionRecord): unknown => records.push(record)
    const running = await host.start({
      options: { onDecision, ...options },
      routes,
      ...(planted && { spoofedAuth: planted }),
    })
    return {
      send: (sent) => exchange(running.port, sent),
      ...{ records, handled: () => count, port: running.port },
      operations: operations!,
      warmUp: () => operations!.warmUp(),
      close: () => running.close(),
    }
  },
})

export const hosts: readonly Engine[] = conformant.map(engine)
