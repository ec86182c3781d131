import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createVerifier } from '@resource-server/core'
import { createTestIssuer } from '@resource-server/testing'
import { expect, onTestFinished, test } from 'vitest'

// Based on public reports about other libraries: the reason must name the document that failed, with its URL
// and status, and a page at the first URL must not end discovery.

interface Server {
  readonly url: string
  readonly routes: Map<string, RequestListener>
}

async function startServer(): Promise<Server> {
  const routes = new Map<string, RequestListener>()
  const server = createServer((request, response) => {
    const route = routes.get(request.url ?? '')
    if (route) route(request, response)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, routes }
}

const json =
  (value: object): RequestListener =>
  (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))

const openid = '/.well-known/openid-configuration'
const oauth = '/.well-known/oauth-authorization-server'

/** The result of checking a token of this server's issuer. */
async function check({ url, routes }: Server): Promise<string> {
  const signer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => signer.close())
  routes.set('/jwks', json({ keys: [signer.key.publicJwk] }))
  const verifier = createVerifier({ issuer: url, audience: 'order-service', clock: signer.clock })
  onTestFinished(() => verifier.close())
  const result = await verifier.check(signer.token({ aud: 'order-service', claims: { iss: url } }))
  return result.ok ? 'granted' : `${result.code}: ${result.reason}`
}

test('a server that needs a credential (Kubernetes): the reason names both documents', async () => {
  const server = await startServer()
  server.routes.set(openid, (_request, response) => response.writeHead(401).end())
  expect(await check(server)).toBe(
    `keys_unavailable: JWKS of '${server.url}' is unavailable: not fetched yet (GET ${server.url}${openid}: answered with status 401; GET ${server.url}${oauth}: answered with status 404). The metadata needs a credential. Pass a 'fetch' that sends it, or set 'jwks' to the keys`,
  )
})

test('a server that redirects: the reason names the target, which is not followed', async () => {
  const server = await startServer()
  const redirect: RequestListener = (_request, response) =>
    response.writeHead(301, { location: '/x' }).end()
  server.routes.set(openid, redirect)
  const reason = await check(server)
  expect(reason).toContain(
    `(GET ${server.url}${openid}: answered with status 301 (a redirect to "/x", which is not followed); GET ${server.url}${oauth}: answered with status 404)`,
  )
})

test('a page at the first URL does not end discovery', async () => {
  const server = await startServer()
  server.routes.set(openid, (_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
  )
  server.routes.set(oauth, json({ issuer: server.url, jwks_uri: `${server.url}/jwks` }))
  expect(await check(server)).toBe('granted')
})

test('an issuer whose name cannot be resolved here: the reason says to set jwksUri', async () => {
  const issuer = 'https://as.invalid'
  const verifier = createVerifier({ issuer, audience: 'order-service' })
  onTestFinished(() => verifier.close())
  const signer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => signer.close())
  const result = await verifier.check(
    signer.token({ aud: 'order-service', claims: { iss: issuer } }),
  )
  expect(result).toMatchObject({
    code: 'keys_unavailable',
    reason: expect.stringMatching(/ENOTFOUND|EAI_AGAIN.*keep 'issuer'.*set 'jwksUri'/s),
  })
})
