import { type AccessToken, createVerifier } from '@resource-server/core'
import { cognito, entra, keycloak, zitadel } from '@resource-server/core/providers'
import { describe, expect, test } from 'vitest'
import {
  accessToken,
  type AccessTokenOptions,
  createSigningKey,
  createTestClock,
} from '../../src/index.ts'

/** A function of an application, as users test it. */
const ownerOf = ({ subject, actor }: AccessToken): string => `${subject} by ${actor?.subject}`

describe('accessToken', () => {
  test('creates a token for a function that has an AccessToken as its parameter', async () => {
    const token = await accessToken({ sub: 'user-7', actors: ['order-service', 'user-service'] })
    expect(ownerOf(token)).toBe('user-7 by order-service')
    expect(token.priorActors.map(({ subject }) => subject)).toEqual(['user-service'])
  })

  test('has a default for every option', async () => {
    const token = await accessToken()
    expect(token).toMatchObject({
      subject: 'user-42',
      issuer: 'https://issuer.test',
      audience: ['test-service'],
      clientId: 'test-client',
      scopes: [],
      actor: undefined,
    })
    expect(token.expiresAt.getTime() - token.issuedAt.getTime()).toBe(300_000)
  })

  test('creates tokens that are frozen and hide their raw text, as a verifier does', async () => {
    const token = await accessToken({ scope: ['orders:read', 'orders:write'] })
    expect(Object.isFrozen(token)).toBe(true)
    expect(token.hasScope('orders:write')).toBe(true)
    expect(token.raw.split('.')).toHaveLength(3)
    expect(JSON.stringify(token)).not.toContain(token.raw)
  })

  test('declares claims of the application', async () => {
    const token = await accessToken<{ tenant: string }>({ claims: { tenant: 'acme' } })
    const tenant: string = token.claims.tenant
    expect(tenant).toBe('acme')
  })

  test('dates the token by the clock', async () => {
    const clock = createTestClock(new Date('2030-01-01T00:00:00Z'))
    const token = await accessToken({ clock, expiresIn: 60 })
    expect(token.expiresAt.toISOString()).toBe('2030-01-01T00:01:00.000Z')
  })

  test('reads the roles that the profile of a provider names', async () => {
    const issuer = keycloak('https://keycloak.example.com/realms/shop', {
      rolesOf: 'order-service',
    })
    const claims = { resource_access: { 'order-service': { roles: ['editor'] } } }
    const token = await accessToken({ provider: 'keycloak', issuer, claims, actors: ['billing'] })
    expect(token.roles).toEqual(['editor'])
    expect(token.actor?.clientId).toBe('billing')
    expect(token.issuer).toBe(issuer.issuer)
  })

  test('reads the audience where the profile of a provider has it', async () => {
    const pool = { region: 'eu-central-1', userPoolId: 'eu-central-1_AbCdEfGhI' }
    const issuer = cognito({ ...pool, clientIdAsAudience: true })
    const token = await accessToken({ provider: 'cognito', issuer, aud: 'order-client' })
    expect(token.audience).toEqual(['order-client'])
  })

  test('accepts tokens without scope and client if the issuer is their provider', async () => {
    const options = { provider: 'zitadel' } as const
    const issuer = zitadel('https://shop.zitadel.example')
    expect((await accessToken({ ...options, issuer })).subject).toBe('user-42')
    await expect(accessToken(options)).rejects.toThrow('createTestIssuer. not_an_access_token: ')
  })

  test.each(['keycloak', 'auth0', 'okta', 'entra', 'hydra'] as const)(
    'imitates the tokens of %s',
    async (provider) => {
      expect((await accessToken({ provider, aud: 'order-service' })).subject).toBe('user-42')
    },
  )

  test.each<[string, object, string]>([
    ['an expired token', { expiresIn: 0 }, 'createTestIssuer. token_expired: '],
    ['a malformed scope', { claims: { scope: 7 } }, 'createTestIssuer. claim_malformed: '],
    [
      'a token without a subject',
      { claims: { sub: undefined } },
      'createTestIssuer. claim_missing: ',
    ],
    ['an unknown option', { scopes: 'a' }, "unknown option 'scopes'"],
    ['an undefined option', { sub: undefined }, "'sub' is undefined"],
    ['an issuer that is not a name', { issuer: 7 }, "'issuer' must be a non-empty string"],
    [
      'tokens of another provider than the issuer',
      { provider: 'hydra', issuer: entra({ tenant: '9188040d-6c67-4c5b-b112-36a304b66dad' }) },
      'createTestIssuer. not_an_access_token: ',
    ],
  ])('throws a TypeError for %s', async (_case, options, message) => {
    const created = accessToken(options as AccessTokenOptions)
    await expect(created).rejects.toThrow(TypeError)
    await expect(created).rejects.toThrow(message)
  })

  test('creates tokens that a verifier without its key refuses', async () => {
    const other = await accessToken()
    const { raw } = await accessToken({ aud: 'order-service' })
    const verifier = createVerifier({
      issuer: other.issuer,
      audience: 'order-service',
      jwks: { keys: [createSigningKey('ES256', 'key-1').publicJwk] },
    })
    expect(await verifier.check(raw)).toMatchObject({ ok: false, code: 'signature_invalid' })
  })
})
