import { ResponseBodyError } from 'openid-client'
import type { ExchangeRequest } from '../services/exchange.ts'
import { describeToken } from './describe.ts'
import { signInAt } from './people.ts'
import type { Report } from './report.ts'
import type { Scene } from './scene.ts'

interface Attempt extends ExchangeRequest {
  readonly title: string
  readonly by: 'user' | 'order'
  readonly token: string
  readonly error: string
}

/** The other half of the story: the authorization server gives nobody more than the rules allow. */
export async function tryToExchangeTooMuch(scene: Scene, report: Report): Promise<void> {
  report.chapter('What the authorization server refuses to exchange')
  for (const attempt of await attempts(scene)) {
    const { title, by, token, audience, scope } = attempt
    report.step(title)
    report.detail('asked', `${by}-service: audience ${audience}, scope ${scope}`)
    report.detail('token', ...describeToken(token))
    const seen = await refusalOf(scene.exchangeAs[by](token, { audience, scope }))
    report.detail('answer', `${seen.status} ${seen.error}: ${seen.description}`)
    report.check({
      title,
      asExpected: seen.error === attempt.error,
      expected: attempt.error,
      caller: `${seen.status} ${seen.error}`,
    })
  }
}

async function attempts({ server, stranger }: Scene): Promise<Attempt[]> {
  const token = (await signInAt('shop', server)).accessToken
  const other = (await signInAt('shopAsOther', server)).accessToken
  const foreign = (await signInAt('shop', stranger)).accessToken
  const usual = { by: 'user', token, audience: 'order-service', scope: 'orders:read' } as const
  return [
    {
      ...usual,
      title: 'more scope than the user granted',
      scope: 'orders:read orders:write',
      error: 'invalid_scope',
    },
    {
      ...usual,
      title: 'a service that this one may not call',
      audience: 'inventory-service',
      error: 'invalid_target',
    },
    {
      ...usual,
      title: 'a token that was meant for somebody else',
      by: 'order',
      audience: 'inventory-service',
      scope: 'read:items',
      error: 'invalid_request',
    },
    {
      ...usual,
      title: 'a user who lets only support-desk act (may_act)',
      token: other,
      error: 'invalid_request',
    },
    { ...usual, title: 'a token of another issuer', token: foreign, error: 'invalid_request' },
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
