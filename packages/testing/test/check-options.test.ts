import { afterAll, describe, expect, test } from 'vitest'
import { createTestIssuer, type TestIssuerOptions, type TokenOptions } from '../src/index.ts'

// A mistake in a test must not go unnoticed: a token without a requested claim proves the wrong thing.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())

const token = (options: unknown) => () => issuer.token(options as TokenOptions)
const aud = 'order-service'

describe('issuer.token throws a TypeError for', () => {
  test.each([
    ['no options', undefined, 'expects an object of options, got undefined'],
    ['no audience', {}, "token: 'aud' is required"],
    ['an empty audience', { aud: '' }, "'aud' must be a non-empty string"],
    ['an empty list of audiences', { aud: [] }, "'aud' must be a non-empty string"],
    [
      'an unknown option',
      { aud, scopes: 'a' },
      "unknown option 'scopes'. The options are: aud, sub, scope",
    ],
    ['an undefined option', { aud, sub: undefined }, "'sub' is undefined. Omit the option"],
    ['an empty subject', { aud, sub: '' }, "'sub' must be a non-empty string"],
    [
      'a timestamp as expiresIn',
      { aud, expiresIn: 1_900_000_000 },
      "'expiresIn' must be a finite number",
    ],
    ['a string as expiresIn', { aud, expiresIn: '5m' }, "'expiresIn' must be"],
    [
      'an actor with a nested act',
      { aud, actors: [{ sub: 'a', act: {} }] },
      'without a nested act',
    ],
    ['a string as actors', { aud, actors: 'order-service' }, "'actors' must be a list"],
    [
      'an unknown provider',
      { aud, provider: 'google' },
      "'provider' must be one of rfc9068, keycloak",
    ],
    [
      'an actor in an Okta token',
      { aud, provider: 'okta', actors: ['a'] },
      "Okta tokens have no claim for 'actors'",
    ],
    [
      'a scope in a ZITADEL token',
      { aud, provider: 'zitadel', scope: 'a' },
      "ZITADEL tokens have no claim for 'scope'",
    ],
  ])('%s', (_case, options, message) => {
    expect(token(options)).toThrow(TypeError)
    expect(token(options)).toThrow(message)
  })
})

test('issuer.token omits aud when claims sets it to undefined', () => {
  expect(token({ aud, claims: { aud: undefined } })).not.toThrow()
})

describe('createTestIssuer rejects', () => {
  test.each([
    ['a symmetric algorithm', { algorithm: 'HS256' }, "'algorithm' must be one of RS256"],
    ['a path without a slash', { path: 'realms' }, "'path' must be empty, or a normalized"],
    ['a path with dot segments', { path: '/a/../b' }, "'path' must be"],
    ['a path with a space', { path: '/a b' }, "'path' must be"],
    ['an incomplete clock', { clock: { now: () => 0 } }, "'clock' must be a clock from"],
    ['an unknown option', { host: 'a' }, "unknown option 'host'"],
    ['an empty issuer', { issuer: '' }, "'issuer' must be a non-empty string"],
    ['an unknown discovery', { discovery: 'all' }, "'discovery' must be one of both"],
  ])('%s', async (_case, options, message) => {
    const created = createTestIssuer(options as unknown as TestIssuerOptions)
    await expect(created).rejects.toThrow(message)
  })
})

test.each([
  ['stop', () => issuer.stop('slow' as never), 'one of disconnect, empty, error'],
  [
    'rotateKeys',
    () => issuer.rotateKeys({ overlap: 'no' as never }),
    "'overlap' must be true or false",
  ],
])('issuer.%s throws for a malformed option', (_method, misuse, message) => {
  expect(misuse).toThrow(message)
})
