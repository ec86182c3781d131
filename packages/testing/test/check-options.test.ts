import { afterAll, describe, expect, test } from 'vitest'
import { createTestIssuer, type TestIssuerOptions, type TokenOptions } from '../src/index.ts'

// A mistake in a test is told at once: a token without what somebody asked for proves the wrong thing.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())

const token = (options: unknown) => () => issuer.token(options as TokenOptions)
const aud = 'order-service'

describe('token() cannot be called with', () => {
  test.each([
    ['nothing', undefined, 'takes an object of options'],
    ['no audience', {}, "token needs 'aud'"],
    ['an empty audience', { aud: '' }, "'aud' must be a name"],
    ['no audiences', { aud: [] }, "'aud' must be a name"],
    ['an unknown option', { aud, scopes: 'a' }, "no option 'scopes'. It has: aud, sub, scope"],
    ['an option that is undefined', { aud, sub: undefined }, "'sub' is undefined. Leave it out"],
    ['an empty subject', { aud, sub: '' }, "'sub' must be a string that is not empty"],
    [
      'a timestamp for an offset',
      { aud, expiresIn: 1_900_000_000 },
      "'expiresIn' must be a finite number",
    ],
    ['a lifetime in words', { aud, expiresIn: '5m' }, "'expiresIn' must be"],
    [
      'an actor with a nested act',
      { aud, actors: [{ sub: 'a', act: {} }] },
      'without a nested act',
    ],
    ['one actor that is no list', { aud, actors: 'order-service' }, "'actors' must be a list"],
    ['an unknown shape', { aud, shape: 'google' }, "'shape' must be one of rfc9068, keycloak"],
    [
      'an actor where Okta writes none',
      { aud, shape: 'okta', actors: ['a'] },
      "Okta writes nothing for 'actors'",
    ],
    [
      'a scope where ZITADEL writes none',
      { aud, shape: 'zitadel', scope: 'a' },
      "ZITADEL writes nothing for 'scope'",
    ],
  ])('%s', (_what, options, says) => {
    expect(token(options)).toThrow(TypeError)
    expect(token(options)).toThrow(says)
  })

  test('no audience, unless one says so in so many words', () => {
    expect(token({ aud, claims: { aud: undefined } })).not.toThrow()
  })
})

describe('createTestIssuer() cannot be called with', () => {
  test.each([
    ['a symmetric algorithm', { algorithm: 'HS256' }, "'algorithm' must be one of RS256"],
    ['a path without a slash', { path: 'realms' }, "'path' must be empty, or a path"],
    ['a path that a URL changes', { path: '/a/../b' }, "'path' must be"],
    ['a path with a query', { path: '/a b' }, "'path' must be"],
    ['a clock with one hand', { clock: { now: () => 0 } }, "'clock' must be a clock from"],
    ['an unknown option', { port: 1 }, "no option 'port'"],
    ['an unknown discovery', { discovery: 'all' }, "'discovery' must be one of both"],
  ])('%s', async (_what, options, says) => {
    const created = createTestIssuer(options as unknown as TestIssuerOptions)
    await expect(created).rejects.toThrow(says)
  })
})

test.each([
  ['stop', () => issuer.stop('slow' as never), 'one of disconnect, error'],
  [
    'rotateKeys',
    () => issuer.rotateKeys({ overlap: 'no' as never }),
    "'overlap' must be true or false",
  ],
])('%s tells of a mistake as well', (_name, misuse, says) => {
  expect(misuse).toThrow(says)
})
