import type { Environment } from './environment.ts'
import type { Report } from './report.ts'
import { demoSignIn } from './sign-ins.ts'

/** Stops the authorization server: callers get 503 with Retry-After, and 200 once it is back. */
export async function showOutage(environment: Environment, report: Report): Promise<void> {
  const { interrupt } = environment.server
  // Stopping the other servers would take minutes.
  if (!interrupt) return
  report.section('The authorization server is down, and comes back')
  report.text(
    'The services know the keys of the server, so they still verify tokens. A token that is not exchanged yet cannot ' +
      'be exchanged. This is not the fault of the caller: the response is 503 and not 401.',
  )
  const { accessToken } = await demoSignIn('webShop', environment.server)
  await interrupt(async () => {
    const response = await getOrder(environment, accessToken)
    const retryAfter = response.headers.get('retry-after')
    const record = environment.exchanges.at(-1)
    report.step('a request while the server is down')
    report.detail('caller', `${response.status} · Retry-After: ${retryAfter}`)
    report.detail('operator', record?.reason ?? '')
    report.check({
      title: 'a request while the server is down',
      passed:
        response.status === 503 &&
        Number(retryAfter) > 0 &&
        record?.code === 'server_unavailable' &&
        !response.headers.has('www-authenticate'),
      expected: '503 with Retry-After and without a challenge',
      caller: String(response.status),
      operator: record?.code,
    })
  })
  const response = await getOrder(environment, accessToken)
  const record = environment.exchanges.findLast(({ clientId }) => clientId === 'user-service')
  report.step('the same request after the server is back')
  report.detail('caller', String(response.status))
  report.check({
    title: 'the same request after the server is back',
    passed: response.status === 200 && record?.outcome === 'exchanged',
    expected: '200',
    caller: String(response.status),
    operator: record?.outcome,
  })
  // What the services recorded about these requests was shown before.
  await environment.user.decisions.next()
  for (const service of ['user', 'order', 'inventory'] as const) {
    await environment[service].decisions.next()
  }
}

async function getOrder({ user }: Environment, accessToken: string): Promise<Response> {
  const response = await fetch(`${user.url}/me/orders/4711`, {
    headers: { authorization: `Bearer ${accessToken}` },
  })
  await response.arrayBuffer()
  return response
}
