import { createTestIssuer } from '@resource-server/testing'
import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { createVerifier } from '../../src/index.ts'
import { aud } from '../support.ts'

// Mock Service Worker clones every response and does not read the clone.

const issuer = 'https://as.example.com/tenant'
const signer = await createTestIssuer({ algorithm: 'ES256' })
await signer.close()

const openid = `${issuer}/.well-known/openid-configuration`
const oauth = 'https://as.example.com/.well-known/oauth-authorization-server/tenant'
const jwksUri = `${issuer}/jwks`
const metadata = http.get(oauth, () => HttpResponse.json({ issuer, jwks_uri: jwksUri }))
const keys = http.get(jwksUri, () => HttpResponse.json({ keys: [signer.key.publicJwk] }))

const server = setupServer()
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterEach(() => server.resetHandlers())
afterAll(() => server.close())

function startVerifier() {
  const verifier = createVerifier({ issuer, audience: aud, clock: signer.clock })
  onTestFinished(() => verifier.close())
  return verifier
}

test('with Mock Service Worker, RFC 8414 metadata is found after a 404 for OpenID metadata', async () => {
  const body = 'x'.repeat(100_000)
  server.use(
    http.get(openid, () => new HttpResponse(body, { status: 404 })),
    metadata,
    keys,
  )
  const token = signer.token({ aud, claims: { iss: issuer } })
  expect(await startVerifier().check(token)).toMatchObject({ ok: true })
})

test('with Mock Service Worker, an error status of the key set is reported at once', async () => {
  server.use(
    http.get(openid, () => HttpResponse.json({ issuer, jwks_uri: jwksUri })),
    http.get(jwksUri, () => new HttpResponse('an error page', { status: 500 })),
  )
  const verifier = startVerifier()
  await expect(verifier.warmUp()).rejects.toThrow(`GET ${jwksUri}: answered with status 500`)
})

test('with Mock Service Worker, a body that is too large is reported at once', async () => {
  server.use(
    http.get(openid, () => HttpResponse.json({ issuer, jwks_uri: jwksUri })),
    http.get(jwksUri, () => HttpResponse.text('x'.repeat(300_000))),
  )
  const verifier = startVerifier()
  await expect(verifier.warmUp()).rejects.toThrow('answered with more than 262144 bytes')
})
