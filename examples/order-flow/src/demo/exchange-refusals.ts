import { ConfigError } from '@resource-server/core'
import { HopError } from '@resource-server/exchange'
import { describeToken } from './describe.ts'
import type { Environment, ExchangeAs } from './environment.ts'
import type { Report } from './report.ts'
import { demoSignIn } from './sign-ins.ts'

interface ExchangeCase {
  readonly title: string
  readonly by: Parameters<ExchangeAs>[0]
  readonly token: string
  readonly audience: string
  readonly scope: string
  readonly expected: Refusal
}

interface Refusal {
  /** What the caller of the service gets. */
  readonly status: number
  /** The error of the authorization server. Absent if nothing was sent to it. */
  readonly error?: string
}

/** Checks that every exchange that the policy does not allow is refused, and what caller and operator learn. */
export async function checkExchangeRefusals(
  environment: Environment,
  report: Report,
): Promise<void> {
  report.section('Token exchanges that are refused')
  report.text(
    '"caller" is what the caller of the service gets. "operator" is the record of the exchange.',
  )
  for (const exchangeCase of await exchangeCases(environment)) {
    const { title, by, token, audience, scope, expected } = exchangeCase
    report.step(title)
    report.detail('request', `${by}-service asks for audience ${audience}, scope ${scope}`)
    report.detail('token', ...describeToken(token))
    const { refusal, reason } = await refusalOf(
      environment.exchangeAs(by, token, { audience, scope }),
    )
    report.detail('caller', String(refusal.status))
    report.detail('operator', reason)
    report.check({
      title,
      passed: refusal.status === expected.status && refusal.error === expected.error,
      expected: `${expected.status} ${expected.error ?? ''}`,
      caller: String(refusal.status),
      operator: refusal.error ?? 'nothing was sent',
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
      expected: { status: 403, error: 'invalid_scope' },
    },
    {
      ...allowed,
      title: 'a wrong target: a service that user-service may not call',
      audience: 'inventory-service',
      expected: { status: 503, error: 'invalid_target' },
    },
    {
      ...allowed,
      title: 'a subject token issued for another service',
      by: 'order',
      audience: 'inventory-service',
      scope: 'read:items',
      expected: { status: 503, error: 'invalid_request' },
    },
    {
      ...allowed,
      title: 'a user who allows only support-desk to act (may_act)',
      token: otherUsersToken,
      expected: { status: 503, error: 'invalid_request' },
    },
    {
      ...allowed,
      title: 'a subject token from another issuer',
      token: untrustedToken,
      // A mistake in the code of the service, which is its own 500.
      expected: { status: 500 },
    },
  ]
}

async function refusalOf(
  exchange: Promise<string>,
): Promise<{ readonly refusal: Refusal; readonly reason: string }> {
  try {
    await exchange
    return { refusal: { status: 200 }, reason: 'a token was issued' }
  } catch (failure) {
    if (failure instanceof ConfigError) {
      return { refusal: { status: 500 }, reason: failure.message }
    }
    if (!(failure instanceof HopError)) throw failure
    const { status, serverError, reason } = failure
    return { refusal: { status, ...(serverError && { error: serverError }) }, reason }
  }
}
