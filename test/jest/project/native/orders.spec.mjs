import { expect, test } from '@jest/globals'
import { resourceServer } from '@resource-server/express'
import { createTestIssuer } from '@resource-server/testing'
import { check } from '../check.cjs'

test('verifies tokens', async () => {
  expect(await check({ resourceServer, createTestIssuer })).toEqual([200, 'user-42', 401, 403])
})

test.each(['fastify', 'fetch', 'koa'])('loads %s', async (name) => {
  const { resourceServer: exported } = await import(`@resource-server/${name}`)
  expect(typeof exported).toBe('function')
})
