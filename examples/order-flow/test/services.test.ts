import { expect, it } from 'vitest'
import { signInAt } from '../src/demo/people.ts'
import { type Scene, withScene } from '../src/demo/scene.ts'

async function getOrder({ user }: Scene, id: string, token: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}` }
  return fetch(`${user.url}/me/orders/${id}`, { headers })
}

it('a user reads an order of theirs, through three services', async () => {
  await withScene(async (scene) => {
    const { accessToken } = await signInAt('shop', scene.server)
    const response = await getOrder(scene, '4711', accessToken)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      user: 'user-42',
      order: { id: '4711', item: { id: 'desk-lamp', inStock: 12 } },
    })
  })
})

it.each([
  ["somebody else's order", '4712'],
  ['an order that is none', '1'],
  ['a path in disguise', '..%2Forders%2F4711'],
])('a user does not read %s', async (_what, id) => {
  await withScene(async (scene) => {
    const { accessToken } = await signInAt('shop', scene.server)
    expect((await getOrder(scene, id, accessToken)).status).toBe(404)
  })
})

it('an exchange that is refused is 502, and the caller is not told why', async () => {
  await withScene(async (scene) => {
    const { accessToken } = await signInAt('shopAsOther', scene.server)
    const response = await getOrder(scene, '4712', accessToken)
    expect(response.status).toBe(502)
    expect(await response.json()).toEqual({ title: 'Bad Gateway', status: 502 })
  })
})

it('closes everything, also when the play breaks off', async () => {
  let url = ''
  const broken = withScene(async (scene) => {
    url = scene.user.url
    throw new Error('curtain')
  })
  await expect(broken).rejects.toThrow('curtain')
  await expect(fetch(url)).rejects.toThrow('fetch failed')
})
