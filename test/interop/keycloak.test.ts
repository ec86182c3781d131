import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Keycloak, startKeycloak } from '../../examples/order-flow/src/servers/keycloak.ts'
import { signIn } from '../../examples/order-flow/src/user/sign-in.ts'
import { readProviderPage, runRequest } from '../docs/provider-pages.ts'
import { environment, progress } from './environment.ts'
import { ledgerOf } from './results.ts'
import { MovedClock } from './key-age-clock.ts'
import { ask, type Service, startService } from './service.ts'
import { type TokenEndpoint, tokenEndpoint } from './token-endpoint.ts'
import { startTraffic } from './traffic.ts'

const note = ledgerOf('Keycloak')
const publicClients = ['no-mapper', 'lightweight', 'rfc9068', 'act-as-text']

let keycloak: Keycloak
let endpoint: TokenEndpoint
let user: Service
let order: Service
let inventory: Service
const clock = new MovedClock()

beforeAll(async () => {
  const { keycloakHome: home, javaHome } = environment
  keycloak = await startKeycloak({ home, javaHome, progress })
  const { issuer } = keycloak
  endpoint = tokenEndpoint(`${issuer}/protocol/openid-connect/token`, publicClients)
  user = await startService({ issuer, audience: 'user-service', clock })
  order = await startService({ issuer, audience: 'order-service' }, (api) => [
    api.requireScope('orders:read'),
    api.requireClient('user-service'),
  ])
  inventory = await startService({ issuer, audience: 'inventory-service' }, (api) => [
    api.requireScope('read:items'),
    api.requireClient('order-service'),
  ])
})

afterAll(async () => {
  await Promise.all([user, order, inventory].map((service) => service?.close()))
  await keycloak?.stop()
})

/** A user's token by the password grant, which spares the browser where a sign-in proves nothing. */
const passwordToken = (client: string, scope = 'orders:read'): Promise<string> =>
  endpoint.request(client, {
    ...{ grant_type: 'password', username: 'user-42', password: 'tulip-season' },
    scope: `openid ${scope}`,
  })

const signedIn = (scope: string, consent: object = { accept: 'Yes' }) =>
  signIn({
    ...{ issuer: keycloak.issuer, clientId: 'web-shop', scope },
    ...{ redirectUri: 'https://web-shop.example/signed-in' },
    ...{ user: 'user-42', password: 'tulip-season' },
    forms: [{ username: 'user-42', password: 'tulip-season' }, { ...consent }],
  })

const forOrders = (subjectToken: string) =>
  ({ subjectToken, audience: 'order-service', scope: 'orders:read' }) as const
const forItems = (subjectToken: string) =>
  ({ subjectToken, audience: 'inventory-service', scope: 'read:items' }) as const

describe('tokens of a sign-in', () => {
  test('are accepted where they are meant to be used, and nowhere else', async () => {
    const { accessToken, idToken } = await signedIn('openid orders:read')
    const { status, record } = await user.show(accessToken)
    expect(status).toBe(200)
    expect(record).toMatchObject({
      ...{ subject: 'user-42', clientId: 'web-shop', audience: ['user-service'] },
      scopes: ['openid', 'orders:read'],
    })
    note({ kind: 'accepted', what: 'token of a sign-in', seen: 'user-42 by web-shop' })

    const elsewhere = await order.show(accessToken)
    expect(elsewhere).toMatchObject({ status: 401, record: { code: 'audience_mismatch' } })
    note({ kind: 'refused', what: 'the same at order-service', seen: elsewhere.record.reason! })

    const id = await user.show(idToken)
    expect(id).toMatchObject({ status: 401, record: { code: 'not_an_access_token' } })
    note({ kind: 'refused', what: 'the ID token', seen: id.record.reason! })
  })

  test('are accepted with typ at+jwt as well, where the client is set so', async () => {
    const { status, record } = await user.show(await passwordToken('rfc9068'))
    expect(status).toBe(200)
    note({ kind: 'accepted', what: 'token with typ at+jwt', seen: `user-42 by ${record.clientId}` })
  })

  test.each([
    ['no-mapper', 'audience_mismatch', /"account".*add an Audience mapper/s],
    ['lightweight', 'claim_missing', /aud.*lightweight access token/s],
    ['act-as-text', 'actor_malformed', /not an object/],
  ])('of the client %s are refused: %s', async (client, code, reason) => {
    const { status, record } = await user.show(await passwordToken(client))
    expect({ status, code: record.code }).toEqual({ status: 401, code })
    expect(record.reason).toMatch(reason)
    note({ kind: 'refused', what: `token of the client ${client}`, seen: record.reason! })
  })
})

describe('standard token exchange', () => {
  test('carries a call over two hops; the client shows who exchanged, and there is no act', async () => {
    const first = await passwordToken('rfc9068')
    const second = await endpoint.exchange('user-service', forOrders(first))
    const atOrder = await order.show(second)
    expect(atOrder).toMatchObject({
      status: 200,
      record: { subject: 'user-42', clientId: 'user-service', audience: ['order-service'] },
    })
    expect(atOrder.record.actor).toBeUndefined()
    note({ kind: 'accepted', what: 'exchanged token, first hop', seen: 'user-42 by user-service' })

    const third = await endpoint.exchange('order-service', forItems(second))
    expect(await inventory.show(third)).toMatchObject({
      status: 200,
      record: { subject: 'user-42', clientId: 'order-service', scopes: ['read:items'] },
    })
    note({
      kind: 'accepted',
      what: 'exchanged token, second hop',
      seen: 'user-42 by order-service',
    })

    const replayed = await inventory.show(second)
    expect(replayed).toMatchObject({ status: 401, record: { code: 'audience_mismatch' } })
    note({ kind: 'refused', what: "the first hop's token sent on", seen: replayed.record.reason! })
  })

  test('gives no audience that the client has no mapper for', async () => {
    const subjectToken = await passwordToken('rfc9068')
    const request = { ...forItems(subjectToken), scope: 'orders:read' }
    const { error, description } = await endpoint.refusalOf('user-service', request)
    expect(error).toBe('invalid_request')
    note({ kind: 'not issued', what: 'an audience without a mapper', seen: description })
  })

  test('gives nothing to a client that the subject token is not meant for', async () => {
    const subjectToken = await passwordToken('rfc9068')
    const { error, description } = await endpoint.refusalOf('outsider', forOrders(subjectToken))
    expect(error).toBe('access_denied')
    note({ kind: 'not issued', what: 'a client outside the audience', seen: description })
  })
})

describe('docs/providers/keycloak.md', () => {
  test('shows a request that is answered as it says', async () => {
    const page = readProviderPage('keycloak')
    const claims = await runRequest(page, {
      ISSUER: keycloak.issuer,
      CLIENT_SECRET: 'user-service-secret',
      SUBJECT_TOKEN: await passwordToken('rfc9068'),
    })
    const { aud, azp, typ, scope } = page.token
    expect(claims).toMatchObject({ aud, azp, typ, scope })
    expect(claims['jti']).toMatch(/^[a-z]{4}te:/)
    expect(claims).not.toHaveProperty('act')
  })
})

describe('the delegation preview', () => {
  test('writes may_act with the consent of the user, and no act into the exchanged token', async () => {
    const scope = 'openid orders:read delegation:service-account-user-service'
    const { accessToken } = await signedIn(scope)
    const actorToken = await endpoint.asClient('user-service')
    expect(decodeJwt(accessToken)['may_act']).toEqual({ sub: decodeJwt(actorToken).sub })
    expect(await user.show(accessToken)).toMatchObject({ status: 200 })
    note({ kind: 'chain', what: 'sign-in with the delegation scope', seen: 'may_act, no act' })

    const request = { ...forOrders(accessToken), actorToken }
    const exchanged = await endpoint.exchange('user-service', request)
    const { status, record } = await order.show(exchanged)
    expect(status).toBe(200)
    expect(record.actor).toBeUndefined()
    note({ kind: 'chain', what: 'exchange with an actor token', seen: 'none: no act is written' })
  })
})

interface KeyComponent {
  readonly id: string
  readonly providerId: string
  readonly config: Readonly<Record<string, readonly string[]>>
}

/** The generator of RS256 keys that the realm came with. */
async function firstSigningKey(): Promise<KeyComponent> {
  const all = (await keycloak.admin.send(
    'GET',
    '/components?type=org.keycloak.keys.KeyProvider',
  )) as KeyComponent[]
  const found = all.find(({ providerId }) => providerId === 'rsa-generated')
  if (!found) throw new Error('the realm generates no RS256 keys')
  return found
}

async function addSigningKey(): Promise<void> {
  const { id: parentId } = (await keycloak.admin.send('GET', '')) as { id: string }
  await keycloak.admin.send('POST', '/components', {
    ...{ name: 'rotated', providerId: 'rsa-generated', parentId },
    providerType: 'org.keycloak.keys.KeyProvider',
    config: { priority: ['200'], enabled: ['true'], active: ['true'], keySize: ['2048'] },
  })
}

async function disable(key: KeyComponent): Promise<void> {
  const config = { ...key.config, enabled: ['false'], active: ['false'] }
  await keycloak.admin.send('PUT', `/components/${key.id}`, { ...key, config })
}

/** Asks again while the token is let in: the key set is read again beside the requests. */
async function firstRefusal(service: Service, token: string): Promise<number | undefined> {
  for (let asked = 0; asked < 100; asked += 1) {
    const { status } = await ask(service.url, token)
    if (status !== 200) return status
  }
  return undefined
}

describe('while traffic runs', () => {
  test('a new signing key costs no request, and a key that is taken away serves no more', async () => {
    const oldKey = await firstSigningKey()
    const before = await passwordToken('rfc9068')
    const traffic = startTraffic(user.url, before)
    await addSigningKey()
    const after = await passwordToken('rfc9068')
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid)
    traffic.use(before, after)
    expect(await ask(user.url, after)).toHaveProperty('status', 200)
    traffic.use(after)
    await disable(oldKey)
    // Fresh for at most ten minutes, whatever the server says.
    clock.agesKeysBy({ minutes: 10 })
    expect(await firstRefusal(user, before)).toBe(401)
    const { requests, failures } = await traffic.stop()
    expect(failures).toEqual({})
    note({ kind: 'survived', what: 'key rotation', seen: `${requests} requests, 0 failures` })
    const { status, record } = await user.show(before)
    expect({ status, code: record.code }).toEqual({ status: 401, code: 'key_not_found' })
    note({ kind: 'refused', what: 'token of a disabled key', seen: record.reason! })
  })

  test('a restart costs no request: the last key set serves, and then it is read again', async () => {
    const token = await passwordToken('rfc9068')
    const traffic = startTraffic(user.url, token)
    await keycloak.restart(async () => {
      clock.agesKeysBy({ minutes: 11 })
      expect(await ask(user.url, token)).toHaveProperty('status', 200)
    })
    await addSigningKey()
    const after = await passwordToken('rfc9068')
    clock.agesKeysBy({ minutes: 1 })
    expect(await ask(user.url, after)).toHaveProperty('status', 200)
    const { requests, failures } = await traffic.stop()
    expect(failures).toEqual({})
    note({
      kind: 'survived',
      what: 'restart of the server',
      seen: `${requests} requests, 0 failures`,
    })
  })
})
