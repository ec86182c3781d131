import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createVerifier, type VerifierOptions } from '@resource-server/core'
import { keycloak } from '@resource-server/core/providers'
import { createTestIssuer, type TestIssuer, type TestIssuerOptions } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'

// docs/internal-address.md: one issuer with two addresses. Clients reach it at its public address, through a
// proxy. The service reaches it only at its internal address.

interface Setup {
  readonly issuer: TestIssuer
  /** The options of the service, whose `fetch` cannot reach the public address. */
  readonly options: VerifierOptions
  /** The URLs that the service requested. */
  readonly requested: readonly string[]
}

async function start(settings: TestIssuerOptions = {}): Promise<Setup> {
  let target = ''
  const proxy = createServer((request, response) => {
    void fetch(target + request.url)
      .then(async (found) => response.writeHead(found.status).end(await found.text()))
      .catch(() => response.writeHead(502).end())
  })
  await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    proxy.close()
    proxy.closeAllConnections()
  })
  const publicOrigin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`

  const name = `${publicOrigin}/realms/shop`
  const issuer = await createTestIssuer({ issuer: name, provider: 'keycloak', ...settings })
  onTestFinished(() => issuer.close())
  target = issuer.origin

  const requested: string[] = []
  const internalFetch: VerifierOptions['fetch'] = async (url, init) => {
    requested.push(url)
    if (url.startsWith(publicOrigin)) throw new TypeError('getaddrinfo ENOTFOUND login.example.com')
    return fetch(url, init)
  }
  const options = { audience: 'order-service', clock: issuer.clock, fetch: internalFetch }
  return { issuer, options: { issuer: issuer.url, ...options }, requested }
}

/** The result for a token that the issuer signed for the service. */
async function resultOf(options: VerifierOptions, issuer: TestIssuer): Promise<unknown> {
  const verifier = createVerifier(options)
  onTestFinished(() => verifier.close())
  return verifier.check(issuer.token({ aud: 'order-service', scope: 'orders:read' }))
}

describe('an issuer with a public and an internal address', () => {
  test('is reachable for clients at the address that its tokens name', async () => {
    const { issuer } = await start()
    const response = await fetch(`${issuer.url}/.well-known/openid-configuration`)
    expect(await response.json()).toMatchObject({ issuer: issuer.url })
    expect(issuer.url.startsWith(issuer.origin)).toBe(false)
  })

  test('is unavailable for the service without further options', async () => {
    const { issuer, options } = await start()
    expect(await resultOf(options, issuer)).toMatchObject({
      outcome: 'unavailable',
      code: 'keys_unavailable',
      reason: expect.stringContaining(`GET ${issuer.url}/.well-known/openid-configuration`),
    })
  })

  test('is available with jwksUri, which skips the metadata', async () => {
    const { issuer, options, requested } = await start()
    const { jwksUri } = issuer
    expect(await resultOf({ ...options, jwksUri }, issuer)).toMatchObject({ ok: true })
    expect(requested).toEqual([jwksUri])
  })

  test('is available with metadataUri, if the metadata names an internal jwks_uri', async () => {
    const { issuer, options, requested } = await start()
    const { metadataUri, jwksUri } = issuer
    expect(await resultOf({ ...options, metadataUri }, issuer)).toMatchObject({ ok: true })
    expect(requested).toEqual([metadataUri, jwksUri])
  })

  test('is available with a provider function and an internal address', async () => {
    const { issuer, options } = await start()
    const provider = { ...keycloak(issuer.url), metadataUri: issuer.metadataUri }
    expect(await resultOf({ ...options, issuer: provider }, issuer)).toMatchObject({ ok: true })
  })

  test('is unavailable with metadataUri, if the metadata names a public jwks_uri', async () => {
    const jwksUri = 'http://127.0.0.1:9/jwks'
    const { issuer, options } = await start({ metadata: { jwks_uri: jwksUri } })
    const { metadataUri } = issuer
    expect(await resultOf({ ...options, metadataUri }, issuer)).toMatchObject({
      code: 'keys_unavailable',
      reason: expect.stringContaining(`GET ${jwksUri}`),
    })
  })

  test('follows the rotation of keys at the internal address', async () => {
    const { issuer, options } = await start()
    const verifier = createVerifier({ ...options, metadataUri: issuer.metadataUri })
    onTestFinished(() => verifier.close())
    await verifier.warmUp()
    issuer.rotateKeys({ overlap: false })
    const token = issuer.token({ aud: 'order-service' })
    expect(await verifier.check(token)).toMatchObject({ ok: true })
  })
})

test('metadataUri is enough for an issuer that is not a URL', async () => {
  const { issuer, options } = await start({ issuer: 'urn:example:shop', path: '/realms/shop' })
  const { metadataUri } = issuer
  expect(await resultOf({ ...options, metadataUri }, issuer)).toMatchObject({ ok: true })
})

describe('metadataUri accepts no other issuer', () => {
  test('if its metadata names another issuer, warmUp() rejects and tokens are not accepted', async () => {
    const { options, issuer } = await start()
    const other = await createTestIssuer({ path: '/realms/shop' })
    onTestFinished(() => other.close())
    const verifier = createVerifier({ ...options, metadataUri: other.metadataUri })
    onTestFinished(() => verifier.close())
    await expect(verifier.warmUp()).rejects.toThrow(
      `The metadata of '${issuer.url}' is for a different issuer: "${other.url}"`,
    )
    expect(await verifier.check(other.token({ aud: 'order-service' }))).toMatchObject({
      code: 'issuer_not_trusted',
    })
    expect(await verifier.check(issuer.token({ aud: 'order-service' }))).toMatchObject({
      code: 'metadata_rejected',
    })
  })

  test('if a token names the internal address as its issuer, it is refused', async () => {
    const { options, issuer } = await start()
    const verifier = createVerifier({ ...options, metadataUri: issuer.metadataUri })
    onTestFinished(() => verifier.close())
    const claims = { iss: `${issuer.origin}/realms/shop` }
    expect(await verifier.check(issuer.token({ aud: 'order-service', claims }))).toMatchObject({
      code: 'issuer_not_trusted',
    })
  })

  test('if the metadata was fetched over https, its jwks_uri must use https', async () => {
    const { options, issuer } = await start()
    const metadata = { issuer: issuer.url, jwks_uri: issuer.jwksUri }
    const verifier = createVerifier({
      ...options,
      metadataUri: 'https://keycloak.internal/metadata',
      fetch: async () => Response.json(metadata),
    })
    onTestFinished(() => verifier.close())
    await expect(verifier.warmUp()).rejects.toThrow('must be an https URL')
  })
})
