import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createVerifier } from '@resource-server/core'
import { introspect, type IntrospectionFetch } from '@resource-server/introspection'
import { redisRevocationFeed } from '@resource-server/redis'
import { createRevocationList, type LogoutEvent } from '@resource-server/revocation'
import { decodeJwt } from 'jose'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Keycloak, startKeycloak } from '../../examples/order-flow/src/servers/keycloak.ts'
import { hasRedis, howToGetRedis } from '../../scripts/redis.mjs'
import { startRedis } from '../redis/redis-server.mjs'
import { environment, progress } from './environment.ts'
import { resultsOf } from './results.ts'
import { tokenEndpoint } from './token-endpoint.ts'

const addResult = resultsOf('Keycloak')
const client = 'rfc9068'
const audience = 'user-service'

let keycloak: Keycloak

beforeAll(async () => {
  const { keycloakHome: home, javaHome } = environment
  keycloak = await startKeycloak({ home, javaHome, progress })
})

afterAll(() => keycloak?.stop())

/** A token of a new session of the user. */
const signIn = (): Promise<string> =>
  tokenEndpoint(`${keycloak.issuer}/protocol/openid-connect/token`, [client]).request(client, {
    grant_type: 'password',
    username: 'user-42',
    password: 'tulip-season',
    scope: 'openid orders:read',
  })

/** Ends all sessions of the user, as an administrator does. */
const signOut = (subject: string): Promise<unknown> =>
  keycloak.admin.send('POST', `/users/${subject}/logout`)

describe.runIf(hasRedis)(`sign-out${hasRedis ? '' : ` (skipped: ${howToGetRedis})`}`, () => {
  test('makes the token return 401, in the process that is told and in another one', async () => {
    const redis = await startRedis()
    onTestFinished(() => redis.stop())
    const sender = createClient({ url: redis.url, disableOfflineQueue: true })
    await sender.connect()
    onTestFinished(() => sender.destroy())
    const revocation = createRevocationList({ feed: redisRevocationFeed(sender) })
    const { issuer } = keycloak
    const verifier = createVerifier({ issuer, audience, maxLifetime: 3600, revocation })
    onTestFinished(() => verifier.close())
    await verifier.warmUp()
    const events: LogoutEvent[] = []
    let receivedAt = 0
    const { node } = revocation.backchannelLogout({
      clients: [client],
      onLogout: (event) => {
        receivedAt = Date.now()
        events.push(event)
      },
    })
    const receiver = createServer((request, response) => void node(request, response))
    receiver.listen(0, '127.0.0.1')
    await once(receiver, 'listening')
    onTestFinished(() => void receiver.close())
    const { port } = receiver.address() as AddressInfo
    await setLogoutUrl(`http://127.0.0.1:${port}/backchannel-logout`)

    const token = await signIn()
    const { subject } = await verifier.verify(token)
    const jwks = (await (await fetch(`${issuer}/protocol/openid-connect/certs`)).json()) as object
    const setting = { url: redis.url, issuer, jwks, tokens: [token], library: 'redis', audience }
    const script = fileURLToPath(new URL('../redis/revocation-process.mjs', import.meta.url))
    const other = fork(script, [JSON.stringify(setting)])
    onTestFinished(() => void other.kill())
    await once(other, 'message')

    const refused = once(other, 'message')
    await signOut(subject)
    expect(await verifier.check(token)).toMatchObject({ code: 'token_revoked' })
    const [[refusedAt]] = (await refused) as [[number]]
    expect(refusedAt).toBeGreaterThan(0)
    expect(events).toMatchObject([{ outcome: 'accepted', issuer, sid: decodeJwt(token)['sid'] }])
    addResult({
      kind: 'refused',
      what: 'token after a sign-out',
      seen: `in another process ${refusedAt - receivedAt} ms after the logout token was accepted`,
    })

    const next = await signIn()
    expect(await verifier.check(next)).toMatchObject({ ok: true })
    addResult({ kind: 'accepted', what: 'token of the next sign-in', seen: 'user-42' })
  })
})

test('introspection refuses the token of a session that has ended', async () => {
  const { issuer } = keycloak
  const verifier = createVerifier({
    issuer,
    audience,
    introspection: introspect({
      client: { id: 'user-service', secret: 'user-service-secret' },
      jwts: 'verify-and-introspect',
      maxAge: 0,
    }),
  })
  onTestFinished(() => verifier.close())
  const token = await signIn()
  const result = await verifier.check(token)
  expect(result).toMatchObject({ ok: true })
  await signOut(result.ok ? result.token.subject : '')
  expect(await verifier.check(token)).toMatchObject({ code: 'token_inactive' })
  addResult({ kind: 'refused', what: 'introspected after a sign-out', seen: 'active: false' })
})

describe('introspection responses', () => {
  const verifierWith = (options: object) => {
    const verifier = createVerifier({
      issuer: keycloak.issuer,
      audience,
      log: 'off',
      introspection: introspect({
        client: { id: 'user-service', secret: 'user-service-secret' },
        jwts: 'introspect',
        ...options,
      }),
    })
    onTestFinished(() => verifier.close())
    return verifier
  }

  test('are not signed: 503 with the reason if signed ones (RFC 9701) are required', async () => {
    const result = await verifierWith({ signedResponses: true }).check(await signIn())
    expect(result).toMatchObject({ ok: false, code: 'introspection_unavailable' })
    const reason = result.ok ? '' : result.reason
    expect(reason).toContain('the server answered with a response that is not signed')
    addResult({ kind: 'refused', what: 'a response that must be signed', seen: reason })
  })

  test('may contain the token as a JWT, which is ignored', async () => {
    await setAttributes('user-service', {
      'client.introspection.response.allow.jwt.claim.enabled': 'true',
    })
    const members: object[] = []
    const fetchWithJwt: IntrospectionFetch = async (url, init) => {
      const headers = { ...init.headers, accept: 'application/jwt' }
      const response = await fetch(url, { ...init, headers })
      members.push((await response.clone().json()) as object)
      return response
    }
    const result = await verifierWith({ fetch: fetchWithJwt }).check(await signIn())
    expect(members).toMatchObject([{ active: true, jwt: expect.any(String) }])
    expect(result).toMatchObject({ ok: true })
    addResult({ kind: 'accepted', what: 'a response with a member jwt', seen: 'user-42' })
  })
})

const setLogoutUrl = (url: string): Promise<void> =>
  setAttributes(client, {
    'backchannel.logout.url': url,
    'backchannel.logout.session.required': 'true',
  })

async function setAttributes(clientId: string, attributes: object): Promise<void> {
  const [found] = (await keycloak.admin.send('GET', `/clients?clientId=${clientId}`)) as [
    { id: string; attributes: object },
  ]
  const changed = { ...found, attributes: { ...found.attributes, ...attributes } }
  await keycloak.admin.send('PUT', `/clients/${found.id}`, changed)
}
