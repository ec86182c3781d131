import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startSpringAuthorizationServer } from '../../examples/order-flow/src/servers/spring-authorization-server.ts'
import { signIn } from '../../examples/order-flow/src/user/sign-in.ts'
import { readProviderPage, runRequest } from '../docs/provider-pages.ts'
import { environment, progress } from './environment.ts'
import { ledgerOf } from './results.ts'
import { startService } from './service.ts'
import { tokenEndpoint } from './token-endpoint.ts'

const note = ledgerOf('Spring Authorization Server')

/** A server, its token endpoint, a user who signs in, and the three services. */
async function stage(customized: boolean) {
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
  return {
    ...{ issuer, user, order, inventory },
    endpoint: tokenEndpoint(`${issuer}/oauth2/token`),
    signedIn: () =>
      signIn({
        ...{ issuer, clientId: 'web-shop', scope: 'openid orders:read' },
        ...{ redirectUri: 'https://web-shop.example/signed-in' },
        ...{ user: 'user-42', password: 'tulip-season' },
        forms: [{ username: 'user-42', password: 'tulip-season' }, { scope: 'orders:read' }],
      }),
    close: async () => {
      await Promise.all([user, order, inventory].map((service) => service.close()))
      await server.stop()
    },
  }
}

type Stage = Awaited<ReturnType<typeof stage>>

const forOrders = (subjectToken: string) =>
  ({ subjectToken, audience: 'order-service', scope: 'orders:read' }) as const
const forItems = (subjectToken: string) =>
  ({ subjectToken, audience: 'inventory-service', scope: 'read:items' }) as const

describe('as it is by default', () => {
  let on: Stage
  beforeAll(async () => {
    on = await stage(false)
  })
  afterAll(() => on?.close())

  test('its tokens are for the client that asked, so no service takes them', async () => {
    const { accessToken } = await on.signedIn()
    const { status, record } = await on.user.show(accessToken)
    expect({ status, code: record.code }).toEqual({ status: 401, code: 'audience_mismatch' })
    expect(record.reason).toMatch(/"web-shop".*OAuth2TokenCustomizer/s)
    note({ kind: 'refused', what: 'token of a sign-in, no customizer', seen: record.reason! })
  })

  test('an exchange does not change that: audience and resource are ignored', async () => {
    const { accessToken } = await on.signedIn()
    const exchanged = await on.endpoint.exchange('user-service', forOrders(accessToken))
    const { status, record } = await on.order.show(exchanged)
    expect({ status, code: record.code }).toEqual({ status: 401, code: 'audience_mismatch' })
    note({ kind: 'refused', what: 'exchanged token, no customizer', seen: record.reason! })
  })
})

describe('with a customizer for audience and may_act', () => {
  let on: Stage
  beforeAll(async () => {
    on = await stage(true)
  })
  afterAll(() => on?.close())

  const exchangeForOrders = async (subjectToken: string): Promise<string> => {
    const actorToken = await on.endpoint.asClient('user-service', 'orders:read')
    return on.endpoint.exchange('user-service', { ...forOrders(subjectToken), actorToken })
  }

  test('tokens without typ, with scopes as a list, are accepted where they are meant to be', async () => {
    const { accessToken, idToken } = await on.signedIn()
    const { status, record } = await on.user.show(accessToken)
    expect(status).toBe(200)
    expect(record).toMatchObject({ subject: 'user-42', audience: ['user-service'] })
    expect(record.scopes?.toSorted()).toEqual(['openid', 'orders:read'])
    note({ kind: 'accepted', what: 'token of a sign-in', seen: 'user-42, scopes as a list' })

    const id = await on.user.show(idToken)
    expect(id).toMatchObject({ status: 401, record: { code: 'not_an_access_token' } })
    note({ kind: 'refused', what: 'the ID token', seen: id.record.reason! })
  })

  test('actor tokens nest over two hops', async () => {
    const { accessToken } = await on.signedIn()
    const second = await exchangeForOrders(accessToken)
    expect(await on.order.show(second)).toMatchObject({
      status: 200,
      record: { subject: 'user-42', actor: { subject: 'user-service' }, chain: { depth: 1 } },
    })
    note({ kind: 'chain', what: 'first hop', seen: 'user-42, user-service acts' })

    const actorToken = await on.endpoint.asClient('order-service', 'read:items')
    const third = await on.endpoint.exchange('order-service', { ...forItems(second), actorToken })
    expect(await on.inventory.show(third)).toMatchObject({
      status: 200,
      record: {
        ...{ subject: 'user-42', actor: { subject: 'order-service' } },
        chain: { actors: [{ subject: 'order-service' }, { subject: 'user-service' }] },
      },
    })
    note({
      ...{ kind: 'chain', what: 'second hop' },
      seen: 'user-42, order-service acts, user-service before',
    })

    const replayed = await on.inventory.show(second)
    expect(replayed).toMatchObject({ status: 401, record: { code: 'audience_mismatch' } })
    note({ kind: 'refused', what: "the first hop's token sent on", seen: replayed.record.reason! })
  })

  test('docs/providers shows a request that is answered as it says', async () => {
    const page = readProviderPage('spring-authorization-server')
    const claims = await runRequest(page, {
      ISSUER: on.issuer,
      CLIENT_SECRET: 'user-service-secret',
      SUBJECT_TOKEN: (await on.signedIn()).accessToken,
    })
    const { sub, aud, scope } = page.token
    expect(claims).toMatchObject({
      sub,
      aud,
      scope,
      iss: on.issuer,
      nbf: expect.any(Number) as number,
    })
    expect(claims['act']).toEqual({ iss: on.issuer, sub: 'user-service' })
  })

  test('an exchange without an actor token drops the chain, and the actor guard refuses', async () => {
    const second = await exchangeForOrders((await on.signedIn()).accessToken)
    const third = await on.endpoint.exchange('order-service', forItems(second))
    const { status, record } = await on.inventory.show(third)
    expect({ status, code: record.code }).toEqual({ status: 403, code: 'actor_not_allowed' })
    note({ kind: 'refused', what: 'exchanged without an actor token', seen: record.reason! })
  })

  test('may_act lets nobody else exchange, and nobody without an actor token', async () => {
    const subjectToken = (await on.signedIn()).accessToken
    const actorToken = await on.endpoint.asClient('order-service', 'read:items')
    const others = { ...forItems(subjectToken), actorToken }
    const refusals = [
      await on.endpoint.refusalOf('order-service', others),
      await on.endpoint.refusalOf('user-service', forOrders(subjectToken)),
    ]
    expect(refusals.map(({ error }) => error)).toEqual(['invalid_grant', 'invalid_grant'])
    note({ kind: 'not issued', what: 'an actor that may_act does not name', seen: 'invalid_grant' })
    note({ kind: 'not issued', what: 'may_act and no actor token', seen: 'invalid_grant' })
  })
})
