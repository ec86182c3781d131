import * as dpop from 'dpop'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../../examples/order-flow/src/authorization-server/authorization-server.ts'
import { demoSignIn } from '../../examples/order-flow/src/demo/sign-ins.ts'
import { checkBoundToken, checkNonce } from './dpop.ts'
import { hopOf } from './hops.ts'
import { resultsOf } from './results.ts'
import { type Service, startService } from './service.ts'

const addResult = resultsOf('oidc-provider')

let server: AuthorizationServer
let user: Service
let order: Service
let inventory: Service

beforeAll(async () => {
  server = await startAuthorizationServer()
  const { issuer } = server
  user = await startService({ issuer, audience: 'user-service', profile: 'rfc9068' })
  order = await startService({ issuer, audience: 'order-service' }, (api) => [
    api.requireScope('orders:read'),
    api.requireActor('user-service'),
  ])
  inventory = await startService({ issuer, audience: 'inventory-service' }, (api) => [
    api.requireScope('read:items'),
    api.requireActor('order-service'),
    api.requireClient('order-service'),
  ])
})

afterAll(async () => {
  await Promise.all([user, order, inventory, server].map((running) => running?.close()))
})

const exchangerFor = (client: string, target: { audience: string; scope: string }) =>
  hopOf(client, { issuer: server.issuer, ...target }, server.clientSecrets.get(client))

test('RFC 9068 tokens are accepted over two exchanges, with a nested act and two algorithms', async () => {
  const { accessToken } = await demoSignIn('webShop', server)
  expect(await user.send(accessToken)).toMatchObject({ status: 200 })
  addResult({ kind: 'accepted', what: 'token of a sign-in', seen: 'user-42, profile rfc9068' })

  const forOrders = { audience: 'order-service', scope: 'orders:read' }
  const orders = exchangerFor('user-service', forOrders)
  const second = await orders.exchange(accessToken)
  expect(await order.send(second)).toMatchObject({
    status: 200,
    record: { subject: 'user-42', actor: { subject: 'user-service' } },
  })
  addResult({ kind: 'chain', what: 'first hop', seen: 'user-42, user-service acts' })

  const forItems = { audience: 'inventory-service', scope: 'read:items' }
  const third = await exchangerFor('order-service', forItems).exchange(second)
  expect(await inventory.send(third)).toMatchObject({
    status: 200,
    record: {
      actor: { subject: 'order-service' },
      chain: { actors: [{ subject: 'order-service' }, { subject: 'user-service' }], depth: 2 },
    },
  })
  addResult({
    kind: 'chain',
    what: 'second hop',
    seen: 'user-42, order-service acts, user-service before',
  })

  const replayed = await inventory.send(second)
  expect(replayed).toMatchObject({ status: 401, record: { code: 'audience_mismatch' } })
  addResult({
    kind: 'refused',
    what: "the first hop's token forwarded",
    seen: replayed.record.reason!,
  })
})

test('a hop caches, and tells the caller and the operator what each refusal means', async () => {
  const { accessToken } = await demoSignIn('webShop', server)
  const forOrders = { audience: 'order-service', scope: 'orders:read' }
  const orders = exchangerFor('user-service', forOrders)
  const caller = await orders.verify(accessToken)
  await Promise.all(Array.from({ length: 10 }, () => orders.hop.token(caller)))
  const requests = orders.records.filter(
    ({ outcome, shared }) => outcome === 'exchanged' && !shared,
  )
  expect(requests).toHaveLength(1)
  addResult({ kind: 'accepted', what: 'ten calls of a hop', seen: 'one exchange' })

  const wide = exchangerFor('user-service', { ...forOrders, scope: 'orders:read orders:write' })
  expect(await wide.errorOf(accessToken)).toMatchObject({
    status: 403,
    serverError: 'invalid_scope',
  })
  const elsewhere = exchangerFor('user-service', { ...forOrders, audience: 'inventory-service' })
  const error = await elsewhere.errorOf(accessToken)
  expect(error).toMatchObject({ status: 503, serverError: 'invalid_target' })
  addResult({ kind: 'not issued', what: 'a target that is not allowed', seen: error.reason })
})

test('a token that is bound with DPoP is accepted only with a new proof of its key', async () => {
  const keyPair = await dpop.generateKeyPair('ES256')
  const { accessToken: token } = await demoSignIn('webShop', server, { keyPair })
  await checkBoundToken({ token, keyPair }, server.issuer, addResult)
  await checkNonce({ token, keyPair }, server.issuer, addResult)
})
