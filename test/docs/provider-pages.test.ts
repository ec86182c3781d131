import { createServer, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { root } from '../../scripts/run.mjs'
import { type ProviderPage, readProviderPage, runRequest } from './provider-pages.ts'

// The pages about providers: the code of the service runs unchanged and accepts the token on the page,
// and the shell command sends the documented request. The providers' own responses are not available
// here; test/interop tests the two providers that can be run.

const exchange = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token: 'SUBJECT',
  subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  scope: 'orders:read',
  audience: 'order-service',
}
const basicAuthentication = `Basic ${Buffer.from('user-service:secret').toString('base64')}`

interface Case {
  readonly name: string
  readonly header: Readonly<Record<string, string>>
  readonly tokenPath: string
  readonly parameters: Readonly<Record<string, string>>
  readonly authorization?: string
  readonly response: unknown
}

const cases: readonly Case[] = [
  {
    name: 'keycloak',
    header: { typ: 'JWT' },
    tokenPath: '/protocol/openid-connect/token',
    parameters: exchange,
    authorization: basicAuthentication,
    response: { owner: '8d1c2f44-5f6f-4c0e-9d5e-3f3b6a1f0c11' },
  },
  {
    name: 'spring-authorization-server',
    header: {},
    tokenPath: '/oauth2/token',
    parameters: {
      ...exchange,
      actor_token: 'ACTOR',
      actor_token_type: exchange.subject_token_type,
    },
    authorization: basicAuthentication,
    response: { owner: 'user-42', by: 'user-service' },
  },
  {
    name: 'auth0',
    header: { typ: 'JWT' },
    tokenPath: '/oauth/token',
    parameters: {
      ...exchange,
      audience: 'https://orders.example.com',
      client_id: 'user-service',
      client_secret: 'secret',
      requested_token_type: exchange.subject_token_type,
    },
    response: { owner: 'auth0|user-42', by: 'user-service-client-id' },
  },
  {
    name: 'okta',
    header: {},
    tokenPath: '/v1/token',
    parameters: exchange,
    authorization: basicAuthentication,
    response: { owner: 'user@example.com' },
  },
]

/** Redirects the provider's URLs to an issuer on loopback. */
async function startProvider(iss: string): Promise<TestIssuer> {
  const jwksUri = new URL('/keys', iss).href
  const issuer = await createTestIssuer({ metadata: { issuer: iss, jwks_uri: jwksUri } })
  onTestFinished(() => issuer.close())
  const { fetch } = globalThis
  const redirected = (url: string): string =>
    url === jwksUri ? issuer.jwksUri : `${issuer.url}/.well-known/openid-configuration`
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => fetch(redirected(url), init))
  return issuer
}

/** Runs the code of the page unchanged, except that it listens on a free port. */
async function startService({ path, service }: ProviderPage): Promise<number> {
  const folder = join(root, 'node_modules', '.cache', 'provider-docs')
  const file = join(folder, `${path.replaceAll(/[\\/]/g, '+')}.mjs`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, service)
  const listen = Reflect.get(Server.prototype, 'listen') as (...args: unknown[]) => unknown
  const servers: Server[] = []
  vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server) {
    servers.push(this)
    return Reflect.apply(listen, this, [0, '127.0.0.1']) as Server
  } as never)
  onTestFinished(() => {
    for (const server of servers) server.close()
    rmSync(file, { force: true })
  })
  await import(pathToFileURL(file).href)
  const [server] = servers
  if (!server!.listening) await once(server!, 'listening')
  return (server!.address() as AddressInfo).port
}

const signedToken = (
  issuer: TestIssuer,
  header: Readonly<Record<string, string>>,
  claims: Readonly<Record<string, unknown>>,
): string => {
  const now = Math.floor(Date.now() / 1000)
  return issuer.sign({ header, payload: { ...claims, iat: now, nbf: now, exp: now + 300 } })
}

interface Sent {
  readonly path: string | undefined
  readonly authorization: string | undefined
  readonly parameters: Readonly<Record<string, string>>
}

/** A token endpoint that records every request and responds to an exchange with `token`. */
async function startTokenEndpoint(token: string): Promise<{ url: string; sent: Sent[] }> {
  const sent: Sent[] = []
  const server = createServer((request, response) => {
    void text(request).then((form) => {
      const parameters = Object.fromEntries(new URLSearchParams(form))
      const { authorization } = request.headers
      sent.push({ path: request.url, authorization, parameters })
      const isExchange = parameters['grant_type'] === exchange.grant_type
      response.end(JSON.stringify({ access_token: isExchange ? token : 'ACTOR' }))
    })
  })
  server.listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sent }
}

describe.each(cases)('docs/providers/$name.md', ({ name, header, tokenPath, ...expected }) => {
  const page = readProviderPage(name)

  test('shows a service that accepts its token and refuses other tokens', async () => {
    const issuer = await startProvider(page.token.iss)
    const port = await startService(page)
    const get = async (token?: string): Promise<Response> =>
      nodeFetch(`http://127.0.0.1:${port}/orders`, token)
    const granted = await get(signedToken(issuer, header, page.token))
    expect(await granted.json()).toEqual(expected.response)
    expect((await get()).status).toBe(401)
    const anotherAudience = { aud: 'another' }
    const idToken = { nonce: 'x', scope: undefined, scp: undefined }
    for (const change of [anotherAudience, idToken]) {
      const token = signedToken(issuer, header, { ...page.token, ...change })
      expect((await get(token)).status).toBe(401)
    }
    const anotherScope = { scope: 'none', scp: page.token['scp'] && ['none'] }
    const insufficient = signedToken(issuer, header, { ...page.token, ...anotherScope })
    expect((await get(insufficient)).status).toBe(403)
    const anotherClient = { act: { sub: 'another' }, azp: 'another', cid: 'another' }
    const fromAnotherClient = signedToken(issuer, header, { ...page.token, ...anotherClient })
    expect((await get(fromAnotherClient)).status).toBe(403)
  })

  test('shows a shell command that sends the token exchange request', async () => {
    const issuer = await createTestIssuer()
    onTestFinished(() => issuer.close())
    const { url, sent } = await startTokenEndpoint(issuer.sign({ payload: page.token }))
    const claims = await runRequest(page, {
      ISSUER: url,
      AUTH0: url,
      CLIENT_ID: 'user-service',
      CLIENT_SECRET: 'secret',
      SUBJECT_TOKEN: 'SUBJECT',
    })
    expect(claims).toEqual(page.token)
    expect(sent.at(-1)).toEqual({
      path: tokenPath,
      authorization: expected.authorization,
      parameters: expected.parameters,
    })
  })
})

const realFetch = globalThis.fetch
const nodeFetch = (url: string, token?: string): Promise<Response> =>
  realFetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })

describe('the setup on a page equals the setup of the server in test/interop', () => {
  const collapseSpaces = (code: string): string => code.replaceAll(/\s+/g, ' ')
  const servers = join(root, 'examples/order-flow/servers')

  test('for Keycloak', () => {
    const realm = JSON.parse(
      readFileSync(join(servers, 'keycloak/order-flow-realm.json'), 'utf8'),
    ) as { clients: { clientId: string }[] }
    const shown = readProviderPage('keycloak').blocks.find(({ code }) =>
      code.includes('"clientId"'),
    )
    const client = realm.clients.find(({ clientId }) => clientId === 'user-service')
    expect(client).toMatchObject(JSON.parse(shown!.code) as object)
  })

  test('for Spring Authorization Server', () => {
    const path = 'src/main/java/orderflow/AuthorizationServer.java'
    const source = readFileSync(join(servers, 'spring-authorization-server', path), 'utf8')
    const shown = readProviderPage('spring-authorization-server').blocks
    const java = shown.find(({ language }) => language === 'java')!.code
    const [annotation, ...body] = collapseSpaces(java).split('OAuth2TokenCustomizer<')
    expect(annotation).toBe('@Bean ')
    expect(collapseSpaces(source)).toContain(
      `OAuth2TokenCustomizer<${body.join('OAuth2TokenCustomizer<').trim()}`,
    )
  })
})
