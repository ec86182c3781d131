import type { DecisionRecord } from '@resource-server/core'
import type { Host, Route } from '@resource-server/testing/conformance'
import { adapterHosts } from '../../hosts/index.ts'
import { groups } from '../attacks/index.ts'
import type { Service, Setup } from './attempt.ts'
import { sendRequest } from './http-client.ts'
import { runGroup } from './run-group.ts'
import type { Target } from './targets.ts'

/** The operations of a resource server. Fastify's are in its decorator. */
function operationsOf(api: object): Service['operations'] {
  const { resourceServer = api } = api as { resourceServer?: object }
  return resourceServer as Service['operations']
}

const targetOf = (host: Host): Target => ({
  name: host.name,
  http: true,
  hidesConnection: host.hidesConnection === true,
  start: async ({ options = {}, guards, spoofedAuth }: Setup): Promise<Service> => {
    const records: DecisionRecord[] = []
    let handled = 0
    let operations: Service['operations'] | undefined
    const respond: Route['respond'] = (token) => {
      handled += 1
      return JSON.stringify(token() ?? null)
    }
    const routes = (['GET', 'POST', 'OPTIONS'] as const).map((method): Route => ({
      method,
      path: '/',
      guards: (api) => {
        operations = operationsOf(api)
        return (guards?.(api) as never) ?? [api.requireAuthentication()]
      },
      // A preflight has no token.
      respond: method === 'OPTIONS' ? () => respond(() => undefined) : respond,
    }))
    const onDecision = (record: DecisionRecord): unknown => records.push(record)
    const running = await host.start({
      options: { onDecision, ...options },
      routes,
      ...(spoofedAuth && { spoofedAuth }),
    })
    return {
      send: (sent) => sendRequest(running.port, sent),
      records,
      handled: () => handled,
      port: running.port,
      operations: operations!,
      warmUp: () => operations!.warmUp(),
      close: () => running.close(),
    }
  },
})

/**
 * Runs all cases on one host. Each host has a file of its own, so that workers share the hosts.
 *
 * @throws Error for a host that does not exist
 */
export function attackHost(name: string): void {
  const host = adapterHosts.find((each) => each.name === name)
  if (!host) throw new Error(`'${name}' is not the name of a host in test/hosts/index.ts.`)
  for (const [group, cases] of Object.entries(groups)) runGroup(group, cases, [targetOf(host)])
}
