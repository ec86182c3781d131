import { springAuthorizationServer } from '@resource-server/core/providers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSpringAuthorizationServer } from '../../examples/order-flow/src/servers/spring-authorization-server.ts'
import { signIn } from '../../examples/order-flow/src/user/sign-in.ts'
import { readProviderPage, runRequest } from '../docs/provider-pages.ts'
import { boundSignIn, checkBoundToken, checkNonce } from './dpop.ts'
import { environment, progress } from './environment.ts'
import { hopOf } from './hops.ts'
import { resultsOf } from './results.ts'
import { startService } from './service.ts'
import { tokenEndpoint } from './token-endpoint.ts'

const addResult = resultsOf('Spring Authorization Server')

/** Starts a server and the three services. */
async function startAll(customized: boolean) {
  const { springJar: jar, javaHome } = environment
  const server = await startSpringAuthorizationServer({ jar, javaHome, customized, progress })
  const { issuer } = server
  const user = await startService({ issuer, audience: 'user-service' })
  const order = await startService({ issuer, audience: 'order-service' }, (api) => [
    api.requireScope('orders:read'),
    api.requireActor('user-service'),
  ])
  const inventory = await startService({ issuer, audience: 'inventory-service' }, (api) => [
    api.requireScope('read:items'),
    api.requireActor('order-service'),
  ])
  const signInRequest = {
    issuer,
    clientId: 'web-shop',
    scope: 'openid orders:read',
    redirectUri: 'https://web-shop.example/signed-in',
    user: 'user-42',
    password: 'tulip-season',
    forms: [{ username: 'user-42', password: 'tulip-season' }, { scope: 'orders:read' }],
  }
  return {
    issuer,
    user,
    order,
    inventory,
    endpoint: tokenEndpoint(`${issuer}/oauth2/token`),
    signInRequest,
    signIn: () => signIn(signInRequest),
    close: async () => {
      await Promise.all([user, order, inventory].map((service) => service.close()))
      await server.stop()
    },
  }
}

type Running = Awaited<ReturnType<typeof startAll>>

const forOrders = (subjectToken: string) =>
  ({ subjectToken, audience: 'order-service', scope: 'orders:read' }) as const
const forItems = (subjectToken: string) =>
  ({ subjectToken, audience: 'inventory-service', scope: 'read:items' }) as const

describe('with the default configuration', () => {
  let running: Running
  beforeAll(async () => {
    running = await startAll(false)
  })
  afterAll(() => running?.close())

  test('a token has the client as its audience, so services refuse it', async () => {
    const { accessToken } = await running.signIn()
    const { status, record } = await running.user.send(accessToken)
    expect({ status, code: record.code }).toEqual({ status: 401, code: 'audience_mismatch' })
    expect(record.reason).toMatch(/"web-shop".*OAuth2TokenCustomizer/s)
    addResult({ kind: 'refused', what: 'token of a sign-in, no customizer', seen: record.reason! })
  })

  test('an exchange ignores audience and resource, so services refuse the new token', async () => {
    const { accessToken } = await running.signIn()
    const exchanged = await running.endpoint.exchange('user-service', forOrders(accessToken))
    const { status, record } = await running.order.send(exchanged)
    expect({ status, code: record.code }).toEqual({ status: 401, code: 'audience_mismatch' })
    addResult({ kind: 'refused', what: 'exchanged token, no customizer', seen: record.reason! })
  })
})

describe('with a customizer for audience and may_act', () => {
  let running: Running
  beforeAll(async () => {
    running = await startAll(true)
  })
  afterAll(() => running?.close())

  const exchangeForOrders = async (subjectToken: string): Promise<string> => {
    const actorToken = await running.endpoint.asClient('user-service', 'orders:read')
    return running.endpoint.exchange('user-service', { ...forOrders(subjectToken), actorToken })
  }

  test('a token without typ and with an array of scopes is accepted by the service in its audience', async () => {
    const { accessToken, idToken } = await running.signIn()
    const { status, record } = await running.user.send(accessToken)
    expect(status).toBe(200)
    expect(record).toMatchObject({ subject: 'user-42', audience: ['user-service'] })
    expect(record.scopes?.toSorted()).toEqual(['openid', 'orders:read'])
    addResult({ kind: 'accepted', what: 'token of a sign-in', seen: 'user-42, scopes as a list' })

    const id = await running.user.send(idToken)
    expect(id).toMatchObject({ status: 401, record: { code: 'not_an_access_token' } })
    addResult({ kind: 'refused', what: 'the ID token', seen: id.record.reason! })
  })

  test('actor tokens result in a nested act after two exchanges', async () => {
    const { accessToken } = await running.signIn()
    const second = await exchangeForOrders(accessToken)
    expect(await running.order.send(second)).toMatchObject({
      status: 200,
      record: { subject: 'user-42', actor: { subject: 'user-service' }, chain: { depth: 1 } },
    })
    addResult({ kind: 'chain', what: 'first hop', seen: 'user-42, user-service acts' })

    const actorToken = await running.endpoint.asClient('order-service', 'read:items')
    const third = await running.endpoint.exchange('order-service', {
      ...forItems(second),
      actorToken,
    })
    expect(await running.inventory.send(third)).toMatchObject({
      status: 200,
      record: {
        subject: 'user-42',
        actor: { subject: 'order-service' },
        chain: { actors: [{ subject: 'order-service' }, { subject: 'user-service' }] },
      },
    })
    addResult({
      kind: 'chain',
      what: 'second hop',
      seen: 'user-42, order-service acts, user-service before',
    })

    const replayed = await running.inventory.send(second)
    expect(replayed).toMatchObject({ status: 401, record: { code: 'audience_mismatch' } })
    addResult({
      kind: 'refused',
      what: "the first hop's token forwarded",
      seen: replayed.record.reason!,
    })
  })

  test('a hop sends a token of its service as the actor token, over two hops', async () => {
    const issuer = springAuthorizationServer(running.issuer)
    const { accessToken } = await running.signIn()
    const orders = hopOf('user-service', {
      issuer,
      audience: 'order-service',
      scope: 'orders:read',
    })
    const second = await orders.exchange(accessToken)
    expect(await running.order.send(second)).toMatchObject({
      status: 200,
      record: { subject: 'user-42', actor: { subject: 'user-service' }, chain: { depth: 1 } },
    })
    const items = hopOf('order-service', {
      ...{ issuer, audience: 'inventory-service', scope: 'read:items' },
    })
    expect(await running.inventory.send(await items.exchange(second))).toMatchObject({
      status: 200,
      record: {
        actor: { subject: 'order-service' },
        chain: { actors: [{ subject: 'order-service' }, { subject: 'user-service' }] },
      },
    })
    addResult({ kind: 'chain', what: 'two hops with actor tokens', seen: 'depth 2' })
  })

  test('a hop without an actor token is refused, because may_act requires one', async () => {
    const issuer = springAuthorizationServer(running.issuer)
    const options = { issuer, audience: 'order-service', scope: 'orders:read', actorToken: false }
    const { accessToken } = await running.signIn()
    const error = await hopOf('user-service', options).errorOf(accessToken)
    expect(error).toMatchObject({ status: 401, serverError: 'invalid_grant' })
    expect(error.reason).toContain('the hop must send an actor token')
    addResult({ kind: 'not issued', what: 'hop without an actor token', seen: error.reason })
  })

  test('a token that is bound with DPoP is accepted only with a new proof of its key', async () => {
    const bound = await boundSignIn(running.signInRequest)
    await checkBoundToken(bound, running.issuer, addResult)
    await checkNonce(bound, running.issuer, addResult)
  })

  test('docs/providers shows a request with the response that the page describes', async () => {
    const page = readProviderPage('spring-authorization-server')
    const claims = await runRequest(page, {
      ISSUER: running.issuer,
      CLIENT_SECRET: 'user-service-secret',
      SUBJECT_TOKEN: (await running.signIn()).accessToken,
    })
    const { sub, aud, scope } = page.token
    expect(claims).toMatchObject({
      sub,
      aud,
      scope,
      iss: running.issuer,
      nbf: expect.any(Number) as number,
    })
    expect(claims['act']).toEqual({ iss: running.issuer, sub: 'user-service' })
  })

  test('an exchange without an actor token drops act, and the actor guard refuses the token', async () => {
    const second = await exchangeForOrders((await running.signIn()).accessToken)
    const third = await running.endpoint.exchange('order-service', forItems(second))
    const { status, record } = await running.inventory.send(third)
    expect({ status, code: record.code }).toEqual({ status: 403, code: 'actor_not_allowed' })
    addResult({ kind: 'refused', what: 'exchanged without an actor token', seen: record.reason! })
  })

  test('an exchange by an actor that may_act does not name, or without an actor token, is refused', async () => {
    const subjectToken = (await running.signIn()).accessToken
    const actorToken = await running.endpoint.asClient('order-service', 'read:items')
    const others = { ...forItems(subjectToken), actorToken }
    const refusals = [
      await running.endpoint.refusalOf('order-service', others),
      await running.endpoint.refusalOf('user-service', forOrders(subjectToken)),
    ]
    expect(refusals.map(({ error }) => error)).toEqual(['invalid_grant', 'invalid_grant'])
    addResult({
      kind: 'not issued',
      what: 'an actor that may_act does not name',
      seen: 'invalid_grant',
    })
    addResult({ kind: 'not issued', what: 'may_act and no actor token', seen: 'invalid_grant' })
  })
})
