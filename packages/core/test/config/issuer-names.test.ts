import { createSigningKey, createTestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createVerifier, type VerifierOptions } from '../../src/index.ts'
import { createGateHarness } from '../support.ts'

// Issuers that are not URLs. They are accepted if nothing is fetched from them.

const names = [
  'my-auth',
  'urn:example:auth',
  'accounts.google.com',
  'https://as.example.com/?tenant=red',
  'https://as.example.com/#x',
  'spiffe://example.org',
  'an issuer with spaces',
]

const signer = await createTestIssuer({ algorithm: 'ES256' })
await signer.close()
const keys = [signer.key.publicJwk]
const jwksUri = 'https://as.example.com/jwks'
const fetch = async (): Promise<Response> => Response.json({ keys })

describe.each(names)('the issuer %j', (issuer) => {
  const audience = 'order-service'
  const base = { issuer, audience, clock: signer.clock }

  test.each<[option: string, options: VerifierOptions]>([
    ['jwks', { ...base, jwks: { keys } }],
    ['jwksUri', { ...base, jwksUri, fetch }],
  ])('is accepted with %s, and its tokens are compared exactly', async (_option, options) => {
    const verifier = createVerifier(options)
    onTestFinished(() => verifier.close())
    const token = (iss: string): string => signer.token({ aud: audience, claims: { iss } })
    expect(await verifier.check(token(issuer))).toMatchObject({ ok: true })
    expect(await verifier.check(token(`${issuer}/`))).toMatchObject({ code: 'issuer_not_trusted' })
    expect(verifier.health().issuers[0]).toMatchObject({ issuer, state: 'fresh' })
  })

  test('is a ConfigError without them, and the fix names them', () => {
    expect(() => createVerifier({ issuer, audience })).toThrow(/set 'jwksUri' or 'jwks'\.$|https/)
  })
})

test('an issuer without discovery gets the advice to set jwksUri or jwks', () => {
  expect(() => createVerifier({ issuer: 'my-auth', audience: 'a' })).toThrow(
    "The issuer 'my-auth' is not a URL. Write it exactly as in the iss claim of the tokens, starting with https://, or set 'jwksUri' or 'jwks'.",
  )
})

test('resource metadata lists only issuers that are URLs', () => {
  const jwks = { keys: [createSigningKey('ES256', 'key').publicJwk] }
  const resource = 'https://api.example.com'
  const issuers = ['my-auth', 'https://as.example.com', 'https://as.example.com?x=y'].map(
    (issuer) => ({ issuer, jwks }),
  )
  const document = (of: readonly { readonly issuer: string }[]) =>
    createGateHarness({ issuers: of, audience: 'a', resource }).gate.metadata().document()
  expect(document(issuers)).toHaveProperty('authorization_servers', ['https://as.example.com'])
  expect(document(issuers.slice(0, 1))).not.toHaveProperty('authorization_servers')
})
