import { createTestIssuer } from '@resource-server/testing'
import { afterAll, expect, test } from 'vitest'
import { createVerifier } from '../../src/index.ts'
import { entra } from '../../src/providers/index.ts'

// Entra's tenants share one key set, and the tenants are not known when the process starts.

const testIssuer = await createTestIssuer({ provider: 'entra' })
afterAll(() => testIssuer.close())

const [customer, otherTenant] = ['11111111', '22222222'].map(
  (start) => `${start}-2222-4333-8444-555555555555`,
) as [string, string]
const issuerOf = (tenant: string): string => `https://login.microsoftonline.com/${tenant}/v2.0`

/** Entra as a verifier sees it: the same keys for every tenant, whose issuer is a template. */
const fetched: string[] = []
async function fetch(url: string): Promise<Response> {
  fetched.push(url)
  if (!url.endsWith('/.well-known/openid-configuration')) {
    return Response.json({
      keys: [{ ...testIssuer.key.publicJwk, issuer: issuerOf('{tenantid}') }],
    })
  }
  const issuer = url.slice(0, url.indexOf('/.well-known'))
  return Response.json({ issuer, jwks_uri: 'https://login.microsoftonline.com/common/keys' })
}

const tokenOf = (tenant: string, claims: object = {}): string =>
  testIssuer.token({
    aud: 'api-client-id',
    scope: 'orders.read',
    claims: { iss: issuerOf(tenant), tid: tenant, ...claims },
  })

const verifier = createVerifier({
  audience: 'api-client-id',
  clock: testIssuer.clock,
  fetch,
  resolveIssuer: (issuer) =>
    [customer].map((tenant) => entra({ tenant })).find((known) => known.issuer === issuer),
})

test('accepts a token of a tenant that resolveIssuer knows', async () => {
  expect(await verifier.verify(tokenOf(customer))).toMatchObject({ issuer: issuerOf(customer) })
})

test('refuses a token of another tenant, and fetches nothing', async () => {
  const before = fetched.length
  expect(await verifier.check(tokenOf(otherTenant))).toMatchObject({ code: 'issuer_not_trusted' })
  expect(fetched.length).toBe(before)
})

test("refuses a token with a known issuer and another tenant's tid", async () => {
  const mixed = tokenOf(customer, { tid: otherTenant })
  expect(await verifier.check(mixed)).toMatchObject({ ok: false, outcome: 'refused' })
})
