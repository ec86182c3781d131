import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { createVerifier, defaultProfile, extend } from '@resource-server/core'
import { introspect } from '@resource-server/introspection'
import { createRevocationList, type LogoutEvent } from '@resource-server/revocation'
import { createSigningKey } from '@resource-server/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { doctor } from '../diagnosis/cli.ts'

// A real authorization server: opaque tokens, signed introspection responses, and back-channel logout.

const audience = 'urn:order-service'
const secrets = { rs1: 'secret of rs1', rs2: 'secret of rs2', app: 'secret of app' }
const { privateJwk } = createSigningKey('ES256', 'key-1')

const server = createServer()
const receiver = createServer()
let issuer: string
let provider: Provider

/** Replaced by the test of back-channel logout. */
let onLogoutToken: Parameters<typeof receiver.on>[1] | undefined

const originOf = async (http: typeof server): Promise<string> => {
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

beforeAll(async () => {
  issuer = await originOf(server)
  const logoutUri = `${await originOf(receiver)}/backchannel-logout`
  receiver.on('request', (request, response) => onLogoutToken?.(request, response))
  const client = (id: keyof typeof secrets, more: object = {}) => ({
    client_id: id,
    client_secret: secrets[id],
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    id_token_signed_response_alg: 'ES256',
    introspection_signed_response_alg: 'ES256',
    ...more,
  })
  provider = new Provider(issuer, {
    jwks: { keys: [{ ...privateJwk, use: 'sig' }] },
    clients: [
      client('rs1'),
      client('rs2'),
      client('app', { backchannel_logout_uri: logoutUri }),
    ] as never,
    // By default, it does not send logout tokens to loopback addresses.
    fetch: (url, { dispatcher: _dispatcher, ...init }: object & { dispatcher?: unknown }) =>
      fetch(url, init),
    enabledJWA: { introspectionSigningAlgValues: ['ES256'] },
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      jwtIntrospection: { enabled: true },
      revocation: { enabled: true },
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => ({
          scope: 'orders:read',
          audience: resource.replace(':jwt', ''),
          accessTokenTTL: 300,
          accessTokenFormat: resource.endsWith(':jwt') ? 'jwt' : 'opaque',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  })
  const handle = provider.callback()
  server.on('request', (request, response) => void handle(request, response))
})

afterAll(() => {
  for (const http of [server, receiver]) {
    http.closeAllConnections()
    http.close()
  }
})

const post = (path: string, form: Record<string, string>): Promise<Response> =>
  fetch(`${issuer}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${btoa(`app:${encodeURIComponent(secrets.app).replaceAll('%20', '+')}`)}`,
    },
    body: new URLSearchParams(form),
  })

async function requestToken(resource = audience): Promise<string> {
  const grant = { grant_type: 'client_credentials', scope: 'orders:read', resource }
  const response = await post('/token', grant)
  const answer = (await response.json()) as { access_token: string }
  if (!response.ok) throw new Error(Object.values(answer).join(': '))
  return answer.access_token
}

function verifierFor(client: 'rs1' | 'rs2', more: object = {}) {
  const verifier = createVerifier({
    issuer,
    audience,
    // The tokens of a client have no subject.
    profile: extend(defaultProfile, { clientIdAsSubject: true }),
    introspection: introspect({ client: { id: client, secret: secrets[client] }, ...more }),
    log: 'off',
  })
  onTestFinished(() => verifier.close())
  return verifier
}

describe.each([
  ['plain', 'rs1', {}],
  ['signed', 'rs2', { signedResponses: true }],
] as const)('an opaque token, with %s responses', (_kind, client, options) => {
  test('is accepted, and refused after it was revoked', async () => {
    const verifier = verifierFor(client, { ...options, maxAge: 0 })
    const token = await requestToken()
    expect(token).not.toContain('.')
    const result = await verifier.check(token)
    expect(result).toMatchObject({ ok: true })
    expect(result.ok && result.token).toMatchObject({
      issuer,
      clientId: 'app',
      audience: [audience],
      scopes: ['orders:read'],
    })
    expect((await post('/token/revocation', { token })).status).toBe(200)
    expect(await verifier.check(token)).toMatchObject({ code: 'token_inactive' })
  })

  test('for another audience is refused', async () => {
    const verifier = verifierFor(client, options)
    const token = await requestToken('urn:stock-service')
    expect(await verifier.check(token)).toMatchObject({ code: 'audience_mismatch' })
  })
})

test('a signed response is refused if it is for another client', async () => {
  const verifier = verifierFor('rs2', { signedResponses: true, responseAudience: 'rs1' })
  expect(await verifier.check(await requestToken())).toMatchObject({
    code: 'introspection_unavailable',
  })
})

test('a wrong secret of our client leads to 503', async () => {
  const client = { id: 'rs1', secret: 'wrong' }
  const verifier = verifierFor('rs1', { client })
  expect(await verifier.check(await requestToken())).toMatchObject({
    code: 'introspection_unavailable',
  })
})

test('its logout tokens end the sessions of their subject', async () => {
  const list = createRevocationList()
  const verifier = createVerifier({ issuer, audience, maxLifetime: 600, revocation: list })
  onTestFinished(() => verifier.close())
  const events: LogoutEvent[] = []
  const onLogout = (event: LogoutEvent): void => void events.push(event)
  const { node } = list.backchannelLogout({ clients: ['app'], onLogout })
  onLogoutToken = node as never
  const token = await requestToken(`${audience}:jwt`)
  const { subject } = await verifier.verify(token)
  const client = await provider.Client.find('app')
  // What the provider does for each client when a user signs out.
  await (client as unknown as { backchannelLogout(sub: string): Promise<void> }).backchannelLogout(
    subject,
  )
  expect(events).toEqual([{ outcome: 'accepted', issuer, subject }])
  expect(await verifier.check(token)).toMatchObject({ code: 'token_revoked' })
})

describe('doctor', () => {
  const options = (secret: string): string => `
    import { introspect } from '@resource-server/introspection'
    export const options = { issuer: '${issuer}', audience: '${audience}',
      introspection: introspect({ client: { id: 'rs1', secret: '${secret}' } }) }`

  test('finds that the server accepts the client', async () => {
    const { code, out } = await doctor(options(secrets.rs1))
    expect(out).toContain(`✔ introspection           ${issuer} accepts the client`)
    expect(out).toMatch(/^✔ keys +1 usable$/m)
    expect(code).toBe(0)
  })

  test('names a wrong secret', async () => {
    const { code, out } = await doctor(options('wrong'))
    expect(out).toMatch(/^✘ introspection .*status 401. It does not accept the client/m)
    expect(code).toBe(1)
  })
})
