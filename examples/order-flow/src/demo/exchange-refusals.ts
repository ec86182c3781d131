import { ResponseBodyError } from 'openid-client'
import type { ExchangeRequest } from '../services/exchange.ts'
import { describeToken } from './describe.ts'
import type { Environment } from './environment.ts'
import type { Report } from './report.ts'
import { demoSignIn } from './sign-ins.ts'

interface ExchangeCase extends ExchangeRequest {
  readonly title: string
  readonly by: 'user' | 'order'
  readonly token: string
  readonly error: string
}

/** Checks that the authorization server refuses every exchange that its policy does not allow. */
export async function checkExchangeRefusals(
  environment: Environment,
  report: Report,
): Promise<void> {
  report.section('Token exchanges that the authorization server refuses')
  for (const exchangeCase of await exchangeCases(environment)) {
    const { title, by, token, audience, scope } = exchangeCase
    report.step(title)
    report.detail('request', `${by}-service asks for audience ${audience}, scope ${scope}`)
    report.detail('token', ...describeToken(token))
    const refusal = await refusalOf(environment.exchangeAs[by](token, { audience, scope }))
    report.detail('response', `${refusal.status} ${refusal.error}: ${refusal.description}`)
    report.check({
      title,
      passed: refusal.error === exchangeCase.error,
      expected: exchangeCase.error,
      caller: `${refusal.status} ${refusal.error}`,
    })
  }
}

async function exchangeCases({ server, untrustedServer }: Environment): Promise<ExchangeCase[]> {
  const token = (await demoSignIn('webShop', server)).accessToken
  const otherUsersToken = (await demoSignIn('webShopAsUser7', server)).accessToken
  const untrustedToken = (await demoSignIn('webShop', untrustedServer)).accessToken
  const allowed = { by: 'user', token, audience: 'order-service', scope: 'orders:read' } as const
  return [
    {
      ...allowed,
      title: 'more scope than the user granted',
      scope: 'orders:read orders:write',
      error: 'invalid_scope',
    },
    {
      ...allowed,
      title: 'a service that user-service may not call',
      audience: 'inventory-service',
      error: 'invalid_target',
    },
    {
      ...allowed,
      title: 'a subject token issued for another service',
      by: 'order',
      audience: 'inventory-service',
      scope: 'read:items',
      error: 'invalid_request',
    },
    {
      ...allowed,
      title: 'a user who allows only support-desk to act (may_act)',
      token: otherUsersToken,
      error: 'invalid_request',
    },
    {
      ...allowed,
      title: 'a subject token from another issuer',
      token: untrustedToken,
      error: 'invalid_request',
    },
  ]
}

interface Refusal {
  readonly status: number
  readonly error: string
  readonly description: string
}

async function refusalOf(exchange: Promise<string>): Promise<Refusal> {
  try {
    await exchange
    return { status: 200, error: '', description: 'a token was issued' }
  } catch (failure) {
    const cause = failure instanceof Error ? failure.cause : undefined
    if (!(cause instanceof ResponseBodyError)) throw failure
    const { status, error, error_description: description = '' } = cause
    return { status, error, description }
  }
}
