// A project without `"type": "module"`.
const { expect, test } = require('@jest/globals')
const { resourceServer } = require('@resource-server/express')
const { createTestIssuer } = require('@resource-server/testing')
const { check } = require('../check.cjs')

test('verifies tokens', async () => {
  expect(await check({ resourceServer, createTestIssuer })).toEqual([200, 'user-42', 401, 403])
})

test.each(['fastify', 'fetch', 'koa'])('loads %s', (name) => {
  expect(typeof require(`@resource-server/${name}`).resourceServer).toBe('function')
})
