import { expect, it } from 'vitest'
import { type Environment, withEnvironment } from '../src/demo/environment.ts'
import { demoSignIn } from '../src/demo/sign-ins.ts'

async function getOrder({ user }: Environment, id: string, token: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` }
  return fetch(`${user.url}/me/orders/${id}`, { headers })
}

it('user-service returns an order of the user, with data from three services', async () => {
  await withEnvironment(async (environment) => {
    const { accessToken } = await demoSignIn('webShop', environment.server)
    const response = await getOrder(environment, '4711', accessToken)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      user: 'user-42',
      order: { id: '4711', item: { id: 'desk-lamp', inStock: 12 } },
    })
  })
})

it.each([
  ["another user's order", '4712'],
  ['an unknown order', '1'],
  ['an ID with an encoded path', '..%2Forders%2F4711'],
])('user-service responds with 404 to a request for %s', async (_what, id) => {
  await withEnvironment(async (environment) => {
    const { accessToken } = await demoSignIn('webShop', environment.server)
    expect((await getOrder(environment, id, accessToken)).status).toBe(404)
  })
})

it('user-service responds with 503 if its token exchange is refused, without the reason', async () => {
  await withEnvironment(async (environment) => {
    const { accessToken } = await demoSignIn('webShopAsUser7', environment.server)
    const response = await getOrder(environment, '4712', accessToken)
    expect(response.status).toBe(503)
    expect(response.headers.get('www-authenticate')).toBe(null)
    expect(await response.text()).not.toContain('may_act')
    expect(environment.exchanges).toMatchObject([
      {
        outcome: 'unavailable',
        error: 'invalid_request',
        reason: expect.stringContaining('may_act'),
      },
    ])
  })
})

it('records of the decision and of the exchange of one request join by an id', async () => {
  await withEnvironment(async (environment) => {
    const { accessToken } = await demoSignIn('webShop', environment.server)
    await getOrder(environment, '4711', accessToken)
    const first = environment.exchanges.at(0)!
    const second = environment.exchanges.at(1)!
    const decisions = [
      await environment.user.decisions.next(),
      await environment.order.decisions.next(),
      await environment.inventory.decisions.next(),
    ]
    expect(decisions.map(({ id }) => id)).toEqual([first.decisionId, second.decisionId, undefined])
    // The token that one service obtained is the one that the next service received.
    expect(decisions.map(({ jti }) => jti)).toEqual([first.subjectJti, first.jti, second.jti])
    expect(second.subjectJti).toBe(first.jti)
  })
})

it('withEnvironment closes every server if its callback throws', async () => {
  let url = ''
  const failing = withEnvironment(async (environment) => {
    url = environment.user.url
    throw new Error('stopped')
  })
  await expect(failing).rejects.toThrow('stopped')
  await expect(fetch(url)).rejects.toThrow('fetch failed')
})
