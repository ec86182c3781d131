import { decodeJwt } from 'jose'
import type { Environment } from './environment.ts'
import type { Report } from './report.ts'
import { demoSignIn } from './sign-ins.ts'

/** Ends the session of the user: no service accepts a token from before, not even one that was exchanged. */
export async function showSignOut(environment: Environment, report: Report): Promise<void> {
  const { server, user, order, revocation, exchangeAs } = environment
  report.section('The user signs out in the middle of a chain')
  report.text(
    'The tokens of the user have not expired. user-service revokes them, and the other services learn of it through ' +
      'the feed that they share. Each service answers from its own copy of the list.',
  )
  const { accessToken } = await demoSignIn('webShop', server)
  const target = { audience: 'order-service', scope: 'orders:read' }
  const exchanged = await exchangeAs('user', accessToken, target)
  await checkStatus('before the sign-out', `${user.url}/me/orders/4711`, accessToken, 200)
  for (const service of ['user', 'order', 'inventory'] as const) {
    await environment[service].decisions.next()
  }

  const { sub: subject = '' } = decodeJwt(accessToken)
  await revocation.revoke({ issuer: server.issuer, subject })
  await checkStatus(
    "the user's token at user-service",
    `${user.url}/me/orders/4711`,
    accessToken,
    401,
  )
  await checkStatus(
    'the exchanged token at order-service',
    `${order.url}/orders/4711`,
    exchanged,
    401,
  )

  async function checkStatus(
    title: string,
    url: string,
    token: string,
    expected: number,
  ): Promise<void> {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
    await response.arrayBuffer()
    report.step(title)
    const challenge = response.headers.get('www-authenticate') ?? undefined
    report.detail('caller', `${response.status}${challenge === undefined ? '' : ` · ${challenge}`}`)
    const service = url.startsWith(user.url) ? user : order
    const record = expected === 401 ? await service.decisions.next() : undefined
    if (record) report.detail('operator', `${record.code}: ${record.reason}`)
    report.check({
      title,
      passed: response.status === expected && (record?.code ?? 'token_revoked') === 'token_revoked',
      expected: expected === 401 ? '401 invalid_token, with the code token_revoked' : '200',
      caller: String(response.status),
      operator: record?.code,
    })
  }
}
