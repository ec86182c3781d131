import { createVerifier } from '@resource-server/core'
import { keycloak as keycloakIssuer } from '@resource-server/core/providers'
import type { HopError } from '@resource-server/exchange'
import * as dpop from 'dpop'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Keycloak, startKeycloak } from '../../examples/order-flow/src/servers/keycloak.ts'
import { signIn } from '../../examples/order-flow/src/user/sign-in.ts'
import { readProviderPage, runRequest } from '../docs/provider-pages.ts'
import { boundSignIn, checkBoundToken, checkNonce, tokenRequestWithProof } from './dpop.ts'
import { environment, progress } from './environment.ts'
import { hopOf } from './hops.ts'
import { resultsOf } from './results.ts'
import { KeyAgeClock } from './key-age-clock.ts'
import { get, type Service, startService } from './service.ts'
import { type TokenEndpoint, tokenEndpoint } from './token-endpoint.ts'
import { startTraffic } from './traffic.ts'

const addResult = resultsOf('Keycloak')
const publicClients = ['no-mapper', 'lightweight', 'rfc9068', 'act-as-text']

let keycloak: Keycloak
let endpoint: TokenEndpoint
let user: Service
let order: Service
let inventory: Service
const clock = new KeyAgeClock()

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

/** The parameters of the password grant, for tests that do not need a sign-in in a browser. */
const passwordForm = (scope: string) => ({
  ...{ grant_type: 'password', username: 'user-42', password: 'tulip-season' },
  scope: `openid ${scope}`,
})

/** A user's token from the password grant. */
const passwordToken = (client: string, scope = 'orders:read'): Promise<string> =>
  endpoint.request(client, passwordForm(scope))

/** The same request, to be sent with other headers. */
const passwordRequest = (client: string): { url: string; body: URLSearchParams } => ({
  url: `${keycloak.issuer}/protocol/openid-connect/token`,
  body: new URLSearchParams({ client_id: client, ...passwordForm('orders:read') }),
})

const signInRequest = (scope: string, consent: object = { accept: 'Yes' }) => ({
  issuer: keycloak.issuer,
  clientId: 'web-shop',
  scope,
  redirectUri: 'https://web-shop.example/signed-in',
  user: 'user-42',
  password: 'tulip-season',
  forms: [{ username: 'user-42', password: 'tulip-season' }, { ...consent }],
})

const signInUser = (scope: string) => signIn(signInRequest(scope))

const forOrders = (subjectToken: string) =>
  ({ subjectToken, audience: 'order-service', scope: 'orders:read' }) as const
const forItems = (subjectToken: string) =>
  ({ subjectToken, audience: 'inventory-service', scope: 'read:items' }) as const

describe('a token from a sign-in', () => {
  test('is accepted by the service in its audience and refused by another service', async () => {
    const { accessToken, idToken } = await signInUser('openid orders:read')
    const { status, record } = await user.send(accessToken)
    expect(status).toBe(200)
    expect(record).toMatchObject({
      subject: 'user-42',
      clientId: 'web-shop',
      audience: ['user-service'],
      scopes: ['openid', 'orders:read'],
    })
    addResult({ kind: 'accepted', what: 'token of a sign-in', seen: 'user-42 by web-shop' })

    const atOrder = await order.send(accessToken)
    expect(atOrder).toMatchObject({ status: 401, record: { code: 'audience_mismatch' } })
    addResult({
      kind: 'refused',
      what: 'the same token at order-service',
      seen: atOrder.record.reason!,
    })

    const id = await user.send(idToken)
    expect(id).toMatchObject({ status: 401, record: { code: 'not_an_access_token' } })
    addResult({ kind: 'refused', what: 'the ID token', seen: id.record.reason! })
  })

  test('is accepted with typ at+jwt, if the client is configured for it', async () => {
    const { status, record } = await user.send(await passwordToken('rfc9068'))
    expect(status).toBe(200)
    addResult({
      kind: 'accepted',
      what: 'token with typ at+jwt',
      seen: `user-42 by ${record.clientId}`,
    })
  })

  test.each([
    ['no-mapper', 'audience_mismatch', /"account".*add an Audience mapper/s],
    ['lightweight', 'claim_missing', /aud.*lightweight access token/s],
    ['act-as-text', 'actor_malformed', /not an object/],
  ])('of the client %s is refused with %s', async (client, code, reason) => {
    const { status, record } = await user.send(await passwordToken(client))
    expect({ status, code: record.code }).toEqual({ status: 401, code })
    expect(record.reason).toMatch(reason)
    addResult({ kind: 'refused', what: `token of the client ${client}`, seen: record.reason! })
  })
})

describe('standard token exchange', () => {
  test('works over two hops: the client ID is that of the exchanging client, and there is no act', async () => {
    const first = await passwordToken('rfc9068')
    const second = await endpoint.exchange('user-service', forOrders(first))
    const atOrder = await order.send(second)
    expect(atOrder).toMatchObject({
      status: 200,
      record: { subject: 'user-42', clientId: 'user-service', audience: ['order-service'] },
    })
    expect(atOrder.record.actor).toBeUndefined()
    addResult({
      kind: 'accepted',
      what: 'exchanged token, first hop',
      seen: 'user-42 by user-service',
    })

    const third = await endpoint.exchange('order-service', forItems(second))
    expect(await inventory.send(third)).toMatchObject({
      status: 200,
      record: { subject: 'user-42', clientId: 'order-service', scopes: ['read:items'] },
    })
    addResult({
      kind: 'accepted',
      what: 'exchanged token, second hop',
      seen: 'user-42 by order-service',
    })

    const replayed = await inventory.send(second)
    expect(replayed).toMatchObject({ status: 401, record: { code: 'audience_mismatch' } })
    addResult({
      kind: 'refused',
      what: "the first hop's token forwarded",
      seen: replayed.record.reason!,
    })
  })

  test('does not issue an audience for which the client has no mapper', async () => {
    const subjectToken = await passwordToken('rfc9068')
    const request = { ...forItems(subjectToken), scope: 'orders:read' }
    const { error, description } = await endpoint.refusalOf('user-service', request)
    expect(error).toBe('invalid_request')
    addResult({ kind: 'not issued', what: 'an audience without a mapper', seen: description })
  })

  test('refuses a client that is not in the audience of the subject token', async () => {
    const subjectToken = await passwordToken('rfc9068')
    const { error, description } = await endpoint.refusalOf('outsider', forOrders(subjectToken))
    expect(error).toBe('access_denied')
    addResult({ kind: 'not issued', what: 'a client outside the audience', seen: description })
  })
})

describe('a hop of @resource-server/exchange', () => {
  const orders = (client = 'user-service', accepted = client) =>
    hopOf(
      client,
      { issuer: keycloakIssuer(keycloak.issuer), audience: 'order-service', scope: 'orders:read' },
      `${client}-secret`,
      accepted,
    )

  test('exchanges over two hops, and caches', async () => {
    const first = await passwordToken('rfc9068')
    const toOrders = orders()
    const second = await toOrders.exchange(first)
    expect(await toOrders.exchange(first)).toBe(second)
    expect(toOrders.records.map(({ outcome }) => outcome)).toEqual(['exchanged', 'cached'])
    expect(await order.send(second)).toMatchObject({
      status: 200,
      record: { clientId: 'user-service', jti: toOrders.records[0]!.jti },
    })
    const items = hopOf('order-service', {
      issuer: keycloakIssuer(keycloak.issuer),
      audience: 'inventory-service',
      scope: 'read:items',
    })
    const third = await items.exchange(second)
    expect(await inventory.send(third)).toMatchObject({
      status: 200,
      record: { subject: 'user-42', clientId: 'order-service', scopes: ['read:items'] },
    })
    addResult({ kind: 'accepted', what: 'two hops', seen: 'user-42 by order-service' })
  })

  test('gives the caller 503 for an audience that is not set up, and the operator the reason', async () => {
    const issuer = keycloakIssuer(keycloak.issuer)
    const options = { issuer, audience: 'inventory-service', scope: 'orders:read' }
    const error = await hopOf('user-service', options).errorOf(await passwordToken('rfc9068'))
    expect(error).toMatchObject({ status: 503, serverError: 'invalid_request' })
    expect(error.reason).toContain('have one of its client scopes add the audience')
    addResult({
      kind: 'not issued',
      what: 'a hop to an audience without mapper',
      seen: error.reason,
    })
  })

  test('gives the caller 403 if the token does not name the client that exchanges', async () => {
    const error = await orders('outsider', 'user-service').errorOf(await passwordToken('rfc9068'))
    expect(error).toMatchObject({ status: 403, serverError: 'access_denied' })
    addResult({
      kind: 'not issued',
      what: 'a hop of a client outside the audience',
      seen: error.reason,
    })
  })

  test('gives the caller 401 after the session of the token has ended', async () => {
    const toOrders = orders()
    await toOrders.exchange(await passwordToken('rfc9068'))
    const token = await passwordToken('rfc9068')
    await keycloak.admin.send('DELETE', `/sessions/${String(decodeJwt(token)['sid'])}`)
    const error = await toOrders.errorOf(token)
    expect(error).toMatchObject({ status: 401, code: 'token_rejected' })
    addResult({ kind: 'refused', what: 'exchange after logout', seen: error.reason })
  })

  test('gives the caller 503 for a wrong secret', async () => {
    const issuer = keycloakIssuer(keycloak.issuer)
    const options = { issuer, audience: 'order-service', scope: 'orders:read' }
    const wrong = hopOf('user-service', options, 'wrong')
    const error = await wrong.errorOf(await passwordToken('rfc9068'))
    expect(error).toMatchObject({ status: 503, code: 'exchange_misconfigured' })
    expect(error.reason).toContain('Check the client secret')
    addResult({ kind: 'not issued', what: 'a wrong secret', seen: error.reason })
  })

  test('gives the caller 503 if the token is bound to a key of the caller', async () => {
    const toOrders = orders()
    await toOrders.exchange(await passwordToken('rfc9068'))
    const keyPair = await dpop.generateKeyPair('ES256')
    const { url, body } = passwordRequest('rfc9068')
    const headers = { dpop: await dpop.generateProof(keyPair, url, 'POST') }
    const response = await fetch(url, { method: 'POST', headers, body })
    const { access_token: token } = (await response.json()) as { access_token: string }
    expect(decodeJwt(token)).toHaveProperty('cnf.jkt')
    const resource = 'https://api.example/'
    const proof = await dpop.generateProof(keyPair, resource, 'GET', undefined, token)
    // Two seconds behind, so that the proof is later than the start of the store of used proofs.
    const behind = { now: () => Date.now() - 2000, monotonic: () => performance.now() }
    const options = { issuer: keycloak.issuer, audience: 'user-service', clock: behind }
    const verifier = createVerifier(options)
    const dpopProof = { dpop: { proof, method: 'GET', url: resource } }
    const subject = await verifier.verify(token, dpopProof).finally(() => verifier.close())
    const failure: unknown = await toOrders.hop.token(subject).catch((error: unknown) => error)
    expect(failure).toMatchObject({ status: 503, serverError: 'invalid_request' })
    const { reason } = failure as HopError
    expect(reason).toContain('bound to a key of the caller')
    addResult({ kind: 'not issued', what: 'a token bound to a DPoP key', seen: reason })
  })
})

describe('a token that is bound with DPoP', () => {
  test('is accepted only with a new proof of its key', async () => {
    const bound = await boundSignIn(signInRequest('openid orders:read'))
    await checkBoundToken(bound, keycloak.issuer, addResult)
    await checkNonce(bound, keycloak.issuer, addResult)
  })

  test('is issued without a nonce from the server', async () => {
    const { headers } = await tokenRequestWithProof(
      `${keycloak.issuer}/protocol/openid-connect/token`,
      {
        client_id: 'rfc9068',
        grant_type: 'password',
        username: 'user-42',
        password: 'tulip-season',
      },
    )
    expect(headers.has('dpop-nonce')).toBe(false)
    addResult({ kind: 'accepted', what: 'proof at the token endpoint', seen: 'no DPoP-Nonce' })
  })
})

describe('docs/providers/keycloak.md', () => {
  test('shows a request with the response that the page describes', async () => {
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
  test('issues may_act with the consent of the user, and an exchanged token without act', async () => {
    const scope = 'openid orders:read delegation:service-account-user-service'
    const { accessToken } = await signInUser(scope)
    const actorToken = await endpoint.asClient('user-service')
    expect(decodeJwt(accessToken)['may_act']).toEqual({ sub: decodeJwt(actorToken).sub })
    expect(await user.send(accessToken)).toMatchObject({ status: 200 })
    addResult({ kind: 'chain', what: 'sign-in with the delegation scope', seen: 'may_act, no act' })

    const request = { ...forOrders(accessToken), actorToken }
    const exchanged = await endpoint.exchange('user-service', request)
    const { status, record } = await order.send(exchanged)
    expect(status).toBe(200)
    expect(record.actor).toBeUndefined()
    addResult({
      kind: 'chain',
      what: 'exchange with an actor token',
      seen: 'none: no act is written',
    })
  })
})

interface KeyComponent {
  readonly id: string
  readonly providerId: string
  readonly config: Readonly<Record<string, readonly string[]>>
}

/** The realm's initial provider of RS256 keys. */
async function firstSigningKey(): Promise<KeyComponent> {
  const all = (await keycloak.admin.send(
    'GET',
    '/components?type=org.keycloak.keys.KeyProvider',
  )) as KeyComponent[]
  const found = all.find(({ providerId }) => providerId === 'rsa-generated')
  if (!found) throw new Error('the realm has no provider of RS256 keys')
  return found
}

async function addSigningKey(): Promise<void> {
  const { id: parentId } = (await keycloak.admin.send('GET', '')) as { id: string }
  await keycloak.admin.send('POST', '/components', {
    name: 'rotated',
    providerId: 'rsa-generated',
    parentId,
    providerType: 'org.keycloak.keys.KeyProvider',
    config: { priority: ['200'], enabled: ['true'], active: ['true'], keySize: ['2048'] },
  })
}

async function disable(key: KeyComponent): Promise<void> {
  const config = { ...key.config, enabled: ['false'], active: ['false'] }
  await keycloak.admin.send('PUT', `/components/${key.id}`, { ...key, config })
}

/** Sends the token until it is refused. The key set is refreshed in the background. */
async function firstRefusal(service: Service, token: string): Promise<number | undefined> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { status } = await get(service.url, token)
    if (status !== 200) return status
  }
  return undefined
}

describe('during continuous requests', () => {
  test('a key rotation fails no request, and a removed key is refused', async () => {
    const oldKey = await firstSigningKey()
    const before = await passwordToken('rfc9068')
    const traffic = startTraffic(user.url, before)
    await addSigningKey()
    const after = await passwordToken('rfc9068')
    expect(decodeProtectedHeader(after).kid).not.toBe(decodeProtectedHeader(before).kid)
    traffic.use(before, after)
    expect(await get(user.url, after)).toHaveProperty('status', 200)
    traffic.use(after)
    await disable(oldKey)
    // A key set is fresh for at most ten minutes, whatever the server says.
    clock.advanceKeyAge({ minutes: 10 })
    expect(await firstRefusal(user, before)).toBe(401)
    const { requests, failures } = await traffic.stop()
    expect(failures).toEqual({})
    addResult({ kind: 'survived', what: 'key rotation', seen: `${requests} requests, 0 failures` })
    const { status, record } = await user.send(before)
    expect({ status, code: record.code }).toEqual({ status: 401, code: 'key_not_found' })
    addResult({ kind: 'refused', what: 'token of a disabled key', seen: record.reason! })
  })

  test('a restart fails no request: stale keys are used, and refreshed after the restart', async () => {
    const token = await passwordToken('rfc9068')
    const traffic = startTraffic(user.url, token)
    await keycloak.restart(async () => {
      clock.advanceKeyAge({ minutes: 11 })
      expect(await get(user.url, token)).toHaveProperty('status', 200)
    })
    await addSigningKey()
    const after = await passwordToken('rfc9068')
    clock.advanceKeyAge({ minutes: 1 })
    expect(await get(user.url, after)).toHaveProperty('status', 200)
    const { requests, failures } = await traffic.stop()
    expect(failures).toEqual({})
    addResult({
      kind: 'survived',
      what: 'restart of the server',
      seen: `${requests} requests, 0 failures`,
    })
  })
})
