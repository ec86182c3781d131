import type { ExchangeRecord } from '@resource-server/exchange'
import type { Environment } from './environment.ts'
import type { Report } from './report.ts'
import { demoSignIn } from './sign-ins.ts'

const REQUESTS = 11
const SERVICES = ['user', 'order', 'inventory'] as const

/** Sends the same token several times: each service exchanges it once. */
export async function showCache(environment: Environment, report: Report): Promise<void> {
  report.section('Eleven requests with one token need one exchange in each service')
  report.text(
    'The exchanged token is cached under a hash of everything that it depends on: the token of the caller, the ' +
      'target, the scope, and the client. Requests at the same time share one exchange.',
  )
  const { accessToken } = await demoSignIn('webShop', environment.server)
  const before = environment.exchanges.length
  const statuses = await Promise.all(
    Array.from({ length: REQUESTS }, () => statusOf(environment, accessToken)),
  )
  for (const service of SERVICES) {
    for (let read = 0; read < REQUESTS; read += 1) await environment[service].decisions.next()
  }
  const records = environment.exchanges.slice(before)
  report.table([
    ['client', 'target', 'exchanges', 'shared or cached'],
    ...['user-service', 'order-service'].map((client) => rowOf(client, records)),
  ])
  const made = records.filter(isRequest)
  report.check({
    title: 'each service makes one exchange for eleven requests',
    passed:
      statuses.every((status) => status === 200) &&
      records.length === 2 * REQUESTS &&
      new Set(made.map(({ clientId }) => clientId)).size === made.length &&
      made.length === 2,
    expected: `${REQUESTS} responses with status 200, and one exchange by each of two services`,
    caller: `${statuses.length} × ${[...new Set(statuses)].join(' ')}`,
    operator: `${made.length} exchanges`,
  })
}

async function statusOf({ user }: Environment, accessToken: string): Promise<number> {
  const response = await fetch(`${user.url}/me/orders/4711`, {
    headers: { authorization: `Bearer ${accessToken}` },
  })
  await response.arrayBuffer()
  return response.status
}

/** Whether the call sent a request, and did not wait for that of another call. */
function isRequest({ outcome, shared }: ExchangeRecord): boolean {
  return outcome === 'exchanged' && !shared
}

function rowOf(client: string, records: readonly ExchangeRecord[]): string[] {
  const own = records.filter(({ clientId }) => clientId === client)
  const made = own.filter(isRequest)
  const target = own[0]?.target.join(' ') ?? ''
  return [client, target, String(made.length), String(own.length - made.length)]
}
