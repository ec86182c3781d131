import { describe, expect, test } from 'vitest'
import * as check from '../../src/config/read-option.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

// Issuers, their keys and the scopes of theirs: what is taken, and what an operator is told otherwise.

const misuse = (problem: string, fix: string): ConfigError => new ConfigError(problem, fix)
const insecure = 'Use https. On a trusted network, allowInsecureHttp: true permits http.'

describe('an issuer', () => {
  test.each([
    ['https://as.example.com', false],
    ['HTTPS://AS.example.com/realms/x/', false],
    ['http://localhost:8080', false],
    ['http://as.internal', true],
  ])('%s stays as it was written', (issuer, allowed) => {
    expect(check.issuer(issuer, allowed)).toBe(issuer)
  })

  test.each([undefined, null, 1, new URL('https://as.example.com')])('is not %s', (value) => {
    expect(() => check.issuer(value, true)).toThrow(
      misuse(
        "'issuer' is not a string.",
        "Write issuer: 'https://…', exactly as in the tokens' iss.",
      ),
    )
  })

  test.each([
    ...['', 'as.example.com', 'https:as.example.com', 'https:/as.example.com', 'https://'],
    ...[' https://as.example.com', 'https://as.example.com ', 'https://as.exa\nmple.com'],
    ...['1https://as.example.com', 'https://as.example.com/a b', 'https://a.example:99999'],
  ])('is not %j, which is no URL', (value) => {
    expect(() => check.issuer(value, true)).toThrow(
      misuse(
        `The issuer '${value}' is not a URL.`,
        "Write it as in the tokens' iss, with https://.",
      ),
    )
  })

  test.each(['https://u@as.example.com', 'https://as.example.com?', 'https://as.example.com#x'])(
    '%s has more than it may',
    (value) => {
      expect(() => check.issuer(value, true)).toThrow(
        misuse(
          'The issuer has a user, a query or a fragment.',
          'Leave them out: RFC 8414 section 2.',
        ),
      )
    },
  )

  test.each([
    ['http://as.example.com', false],
    ['ftp://as.example.com', true],
  ])('%s is not https', (value, allowed) => {
    expect(() => check.issuer(value, allowed)).toThrow(
      misuse(`The issuer '${value}' is not https.`, insecure),
    )
  })
})

describe('the address of a key set', () => {
  test.each([
    ['https://as.example.com/jwks?v=1', false],
    ['http://127.0.0.1:8080/jwks', false],
    ['http://as.internal/jwks', true],
  ])('may be %s', (jwksUri, allowed) => {
    expect(check.keySetUrl({ jwksUri }, allowed)).toBe(jwksUri)
  })

  test.each([undefined, 1, new URL('https://as.example.com'), '/jwks', 'https://u@as.example.com'])(
    'is not %s',
    (jwksUri) => {
      expect(() => check.keySetUrl({ jwksUri }, true)).toThrow(
        misuse("'jwksUri' is not a URL without credentials.", "Write jwksUri: 'https://…'."),
      )
    },
  )

  test('has neither a user nor a password, and is https', () => {
    expect(() => check.keySetUrl({ jwksUri: 'https://:p@as.example.com' }, true)).toThrow(
      "'jwksUri' is not a URL without credentials.",
    )
    expect(() => check.keySetUrl({ jwksUri: 'http://as.example.com/' }, false)).toThrow(
      misuse("'jwksUri' is not https.", insecure),
    )
  })
})

describe('a key set', () => {
  const key = { kty: 'EC' }
  const some = (length: number): readonly object[] => Array.from({ length }, () => ({ ...key }))

  test('is copied', () => {
    const changing = { ...key }
    const set = check.keySet({ jwks: { keys: [changing] } })
    changing.kty = 'RSA'
    expect(set).toEqual({ keys: [key] })
    expect(check.keySet({ jwks: { keys: some(100) } })?.keys).toHaveLength(100)
  })

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a list', [key]],
    ['no list', { keys: { length: 1 } }],
    ['empty', { keys: [] }],
    ['101 keys', { keys: some(101) }],
    ['code', { keys: [{ ...key, toJSON: () => key }] }],
  ])('is not %s', (_what, jwks) => {
    expect(() => check.keySet({ jwks })).toThrow(
      misuse(
        "'jwks' is not a key set of 1 to 100 keys.",
        'Write jwks: { keys: [ … ] } with public keys (RFC 7517 section 5).',
      ),
    )
  })
})

describe('a key store', () => {
  const store = { get: async () => null, set: async () => {} }
  const secret = 'x'.repeat(32)

  test('has its secret as bytes, and is frozen', () => {
    const taken = check.keyStore({ keyStore: { store, secret } })
    expect(taken).toEqual({ store, secret: new TextEncoder().encode(secret) })
    expect(taken?.store).toBe(store)
    expect(Object.isFrozen(taken)).toBe(true)
  })

  test.each([null, {}, { get: store.get }, { set: store.set }, { get: 1, set: 1 }])(
    'is not made of %j',
    (half) => {
      expect(() => check.keyStore({ keyStore: { store: half, secret } })).toThrow(
        misuse("'keyStore.store' lacks get() or set().", 'Give both.'),
      )
    },
  )

  test.each(['x'.repeat(31), 1, null, new Uint8Array(32)])('has no secret %s', (short) => {
    expect(() => check.keyStore({ keyStore: { store, secret: short } })).toThrow(
      misuse(
        "'keyStore.secret' is not a string of at least 32 characters.",
        'Make one: openssl rand -base64 32.',
      ),
    )
  })

  test('has no store left out, no other name, and is an object', () => {
    expect(() => check.keyStore({ keyStore: { secret } })).toThrow("'keyStore.store' lacks")
    expect(() => check.keyStore({ keyStore: { store } })).toThrow("'keyStore.secret' is not")
    expect(() => check.keyStore({ keyStore: { store, secret, ttl: 1 } })).toThrow(
      misuse("There is no option of the key store called 'ttl'.", 'There are store, secret.'),
    )
    expect(() => check.keyStore({ keyStore: 'redis' })).toThrow(
      'There is no object of key store options.',
    )
  })
})

describe('implied scopes', () => {
  test('are data, frozen', () => {
    const rules = check.implications({ impliedScopes: { admin: ['read', 'stock:*'], read: ['a'] } })
    expect(rules).toEqual([
      { scope: 'admin', scopes: ['read'], prefixes: ['stock:'] },
      { scope: 'read', scopes: ['a'], prefixes: [] },
    ])
    expect(rules.every(Object.isFrozen)).toBe(true)
  })

  test.each([['read'], [[]], [['*']], [undefined]])('are not %j', (implies) => {
    expect(() => check.implications({ impliedScopes: { admin: implies } })).toThrow(
      misuse(
        "'impliedScopes' says of 'admin' something else than a list of scopes.",
        "Write { admin: ['orders:read', 'stock:*'] }: before the asterisk stands ':', '.' or '/'.",
      ),
    )
  })

  test('stand in an object', () => {
    expect(() => check.implications({ impliedScopes: ['read'] })).toThrow(
      'There is no object of implied scopes.',
    )
  })
})
