import { createTestIssuer } from '@resource-server/testing'
import { afterAll, expect, test } from 'vitest'
import { createVerifier } from '../../src/index.ts'
import { entra } from '../../src/providers/index.ts'

// Entra's tenants share their keys, and which tenants there are is not known when the process starts.

const pen = await createTestIssuer({ provider: 'entra' })
afterAll(() => pen.close())

const [customer, stranger] = ['11111111', '22222222'].map(
  (start) => `${start}-2222-4333-8444-555555555555`,
) as [string, string]
const issuerOf = (tenant: string): string => `https://login.microsoftonline.com/${tenant}/v2.0`

/** Entra as far as a verifier sees it: the same keys for every tenant, under a template. */
const asked: string[] = []
async function fetch(url: string): Promise<Response> {
  asked.push(url)
  if (!url.endsWith('/.well-known/openid-configuration')) {
    return Response.json({ keys: [{ ...pen.key.publicJwk, issuer: issuerOf('{tenantid}') }] })
  }
  const issuer = url.slice(0, url.indexOf('/.well-known'))
  return Response.json({ issuer, jwks_uri: 'https://login.microsoftonline.com/common/keys' })
}

const tokenOf = (tenant: string, claims: object = {}): string =>
  pen.token({
    ...{ aud: 'api-client-id', scope: 'orders.read' },
    claims: { iss: issuerOf(tenant), tid: tenant, ...claims },
  })

const verifier = createVerifier({
  ...{ audience: 'api-client-id', clock: pen.clock, fetch },
  resolveIssuer: (issuer) =>
    [customer].map((tenant) => entra({ tenant })).find((known) => known.issuer === issuer),
})

test('a tenant that the rule knows is taken', async () => {
  expect(await verifier.verify(tokenOf(customer))).toMatchObject({ issuer: issuerOf(customer) })
})

test('another tenant is refused, and nothing is fetched for it', async () => {
  const before = asked.length
  expect(await verifier.check(tokenOf(stranger))).toMatchObject({ code: 'issuer_not_trusted' })
  expect(asked.length).toBe(before)
})

test("the customer's issuer with a stranger's tid is refused", async () => {
  const mixed = tokenOf(customer, { tid: stranger })
  expect(await verifier.check(mixed)).toMatchObject({ ok: false, outcome: 'refused' })
})
