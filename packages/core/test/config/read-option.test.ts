import { describe, expect, test } from 'vitest'
import {
  cacheOptions,
  issuerOptions,
  keyStoreOptions,
  recordOptions,
  resourceServerOptions,
  verifierOptions,
} from '../../src/config/option-tables.ts'
import { requireDiscovery } from '../../src/config/read-option.ts'
import { ConfigError } from '../../src/errors/refusal.ts'
import { type Option, readOptions } from '../../src/options/option-table.ts'

// The readers of single options: which values they accept, and the errors for all others.

const misuse = (problem: string, fix: string): ConfigError => new ConfigError(problem, fix)
const useHttps = 'Use https. On a trusted network, allowInsecureHttp: true permits http.'
const read = <Value>(option: Option<Value>, value: unknown, allowInsecureHttp = false): Value =>
  option.read(value, 'a', { allowInsecureHttp })

describe('issuer', () => {
  const { issuer } = issuerOptions

  test.each([
    ['https://as.example.com', false],
    ['HTTPS://AS.example.com/realms/x/', false],
    ['http://localhost:8080', false],
    ['http://as.internal', true],
  ])('%s is kept as written', (value, allowed) => {
    expect(read(issuer, value, allowed)).toBe(value)
  })

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [1, 'a number'],
    [new URL('https://as.example.com'), 'an object'],
  ])('%s is not a string', (value, kind) => {
    expect(() => read(issuer, value, true)).toThrow(
      misuse(
        `'issuer' must be a string, got ${kind}.`,
        "Set issuer: 'https://as.example.com', exactly as in the iss claim of the tokens.",
      ),
    )
  })

  test('an array is refused with a pointer to issuers', () => {
    expect(() => read(issuer, ['https://a.example'], true)).toThrow(
      misuse(
        "'issuer' must be a string, got an array.",
        "Use issuers: ['https://…', 'https://…'] for several issuers.",
      ),
    )
  })

  test.each(['', ' ', ' https://as.example.com', 'https://as.example.com\n', 'my-auth '])(
    '%j is empty or has white space at an end',
    (value) => {
      expect(() => read(issuer, value, true)).toThrow(
        misuse(
          "'issuer' must not be empty, and must not start or end with white space.",
          'Write it exactly as in the iss claim of the tokens.',
        ),
      )
    },
  )

  test('an http URL is refused without its user information', () => {
    expect(() => read(issuer, 'http://u:secret@as.example.com/x', false)).toThrow(
      misuse("The issuer 'http://as.example.com' must use https.", useHttps),
    )
  })
})

describe('an issuer that is used for discovery', () => {
  const discover = (issuer: string) => (): void =>
    requireDiscovery(issuer, { allowInsecureHttp: true })

  test.each([
    'as.example.com',
    'https:as.example.com',
    'https:/as.example.com',
    'https://',
    'https://as.exa\nmple.com',
    '1https://as.example.com',
    'x:https://as.example.com',
    'https://as.example.com/a b',
    'https://a.example:99999',
  ])('%j is not a URL', (value) => {
    expect(read(issuerOptions.issuer, value, true)).toBe(value)
    expect(discover(value)).toThrow(
      misuse(
        `The issuer '${value}' is not a URL.`,
        "Write it exactly as in the iss claim of the tokens, starting with https://, or set 'jwksUri' or 'jwks'.",
      ),
    )
  })

  test.each([
    'https://u:secret@as.example.com',
    'https://as.example.com?',
    'https://as.example.com#x',
  ])(
    '%s has user information, a query or a fragment, which the message does not repeat',
    (value) => {
      expect(discover(value)).toThrow(
        misuse(
          "The issuer 'https://as.example.com' must not contain user information, a query, or a fragment.",
          "Remove them (RFC 8414 section 2), or set 'jwksUri' or 'jwks'.",
        ),
      )
    },
  )

  test.each([
    ['https://as.example.com/.well-known/openid-configuration', 'https://as.example.com'],
    [
      'https://as.example.com/realms/a/.well-known/openid-configuration/',
      'https://as.example.com/realms/a/',
    ],
    ['https://as.example.com/.well-known/oauth-authorization-server/a', 'https://as.example.com/a'],
  ])('%s is the URL of metadata', (value, issuer) => {
    expect(discover(value)).toThrow(
      misuse(
        `The issuer '${value}' is the URL of its metadata.`,
        `Set it to the value of 'issuer' in that metadata, such as '${issuer}'.`,
      ),
    )
  })

  test.each([
    'https://as.example.com/.well-known/openid-configurations',
    'https://as.example.com/.well-known',
    'https://as.example.com/well-known/openid-configuration',
    'https://as.example.com/x.well-known/openid-configuration',
  ])('%s is not the URL of metadata', (value) => {
    expect(discover(value)).not.toThrow()
  })

  test.each([
    ['http://as.example.com', false],
    ['ftp://as.example.com', true],
  ])('%s does not use https', (value, allowed) => {
    expect(() => requireDiscovery(value, { allowInsecureHttp: allowed })).toThrow(
      misuse(`The issuer '${value}' must use https.`, useHttps),
    )
  })
})

describe('metadataUri', () => {
  const { metadataUri } = issuerOptions

  test('accepts a URL that is not a well-known one', () => {
    const url = 'https://as.internal/metadata?p=signin'
    expect(read(metadataUri, url)).toBe(url)
  })

  test.each([1, '/metadata', 'https://u@as.internal'])('refuses %s', (value) => {
    expect(() => read(metadataUri, value, true)).toThrow(
      misuse(
        "'metadataUri' must be an absolute URL without user information.",
        "Set metadataUri: 'https://as.internal/.well-known/openid-configuration'.",
      ),
    )
  })

  test('must use https', () => {
    expect(() => read(metadataUri, 'http://as.internal/')).toThrow(
      misuse("'metadataUri' must use https.", useHttps),
    )
  })
})

describe('jwksUri', () => {
  const { jwksUri } = issuerOptions
  const problem = "'jwksUri' must be an absolute URL without user information."

  test.each([
    ['https://as.example.com/jwks?v=1', false],
    ['http://127.0.0.1:8080/jwks', false],
    ['http://as.internal/jwks', true],
  ])('accepts %s', (value, allowed) => {
    expect(read(jwksUri, value, allowed)).toBe(value)
  })

  test.each([
    1,
    new URL('https://as.example.com'),
    '/jwks',
    'https://u@as.example.com',
    'https://:p@as.example.com',
  ])('refuses %s', (value) => {
    expect(() => read(jwksUri, value, true)).toThrow(
      misuse(problem, "Set jwksUri: 'https://as.example.com/jwks'."),
    )
  })

  test('must use https', () => {
    expect(() => read(jwksUri, 'http://as.example.com/')).toThrow(
      misuse("'jwksUri' must use https.", useHttps),
    )
  })
})

describe('jwks', () => {
  const { jwks } = issuerOptions
  const key = { kty: 'EC' }
  const some = (length: number): readonly object[] => Array.from({ length }, () => ({ ...key }))

  test('is copied', () => {
    const changing = { ...key }
    const set = read(jwks, { keys: [changing] })
    changing.kty = 'RSA'
    expect(set).toEqual({ keys: [key] })
    expect(read(jwks, { keys: some(100) })?.keys).toHaveLength(100)
  })

  test.each<[string, unknown]>([
    ['null', null],
    ['an array', [key]],
    ['keys that are not an array', { keys: { length: 1 } }],
    ['no keys', { keys: [] }],
    ['101 keys', { keys: some(101) }],
    ['a key with a function', { keys: [{ ...key, toJSON: () => key }] }],
  ])('refuses %s', (_what, value) => {
    expect(() => read(jwks, value)).toThrow(
      misuse(
        "'jwks' must be a key set with 1 to 100 keys.",
        'Set jwks: { keys: [ … ] } to public keys (RFC 7517 section 5).',
      ),
    )
  })
})

describe('impliedScopes', () => {
  const { impliedScopes } = issuerOptions

  test('are read as frozen rules', () => {
    const rules = read(impliedScopes, { admin: ['read', 'stock:*'], read: ['a'] })
    expect(rules).toEqual([
      { scope: 'admin', scopes: ['read'], prefixes: ['stock:'] },
      { scope: 'read', scopes: ['a'], prefixes: [] },
    ])
    expect(rules.every(Object.isFrozen)).toBe(true)
  })

  test.each([['read'], [[]], [['*']], [undefined]])('refuse %j as implied scopes', (implies) => {
    expect(() => read(impliedScopes, { admin: implies })).toThrow(
      misuse(
        "'impliedScopes' maps 'admin' to something other than an array of scopes.",
        "Write { admin: ['orders:read', 'stock:*'] }; an asterisk must follow ':', '.' or '/'.",
      ),
    )
  })

  test('must be an object', () => {
    expect(() => read(impliedScopes, ['read'])).toThrow(
      'An object of implied scopes is required, got an array.',
    )
  })
})

describe('keyStore', () => {
  const { keyStore } = verifierOptions
  const store = { get: async () => null, set: async () => {} }
  const secret = 'x'.repeat(32)

  test('keeps the store and reads the secret as bytes', () => {
    const settings = read(keyStore, { store, secret })
    expect(settings).toEqual({ store, secret: new TextEncoder().encode(secret) })
    expect(settings?.store).toBe(store)
    expect(Object.isFrozen(settings)).toBe(true)
  })

  test.each([null, {}, { get: store.get }, { set: store.set }, { get: 1, set: 1 }])(
    'refuses the store %j',
    (half) => {
      expect(() => read(keyStore, { store: half, secret })).toThrow(
        misuse("'keyStore.store' must have the methods get() and set().", 'Add both.'),
      )
    },
  )

  test.each(['x'.repeat(31), 1, null, new Uint8Array(32)])(
    'refuses the secret %s without repeating it',
    (short) => {
      expect(() => read(keyStore, { store, secret: short })).toThrow(
        misuse(
          "'keyStore.secret' must be a string of at least 32 characters.",
          'Generate one: openssl rand -base64 32.',
        ),
      )
    },
  )

  test('requires both members and accepts no other', () => {
    expect(() => read(keyStore, { secret })).toThrow("'keyStore.store' must have")
    expect(() => read(keyStore, { store })).toThrow("'keyStore.secret' must be")
    expect(() => read(keyStore, { store, secret, ttl: 1 })).toThrow(
      misuse("Unknown keyStore option 'ttl'.", 'Use one of store, secret.'),
    )
    expect(() => read(keyStore, 'redis')).toThrow(
      'An object of keyStore options is required, got a string.',
    )
  })
})

describe('clock', () => {
  const { clock } = verifierOptions
  const whole = { now: () => 0, monotonic: () => 0 }

  test('accepts an object with both methods', () => {
    expect(read(clock, whole)).toBe(whole)
  })

  test.each([
    null,
    1,
    { now: whole.now },
    { monotonic: whole.monotonic },
    { now: 0, monotonic: 0 },
    { ...whole, now: 1 },
  ])('refuses %j', (value) => {
    expect(() => read(clock, value)).toThrow(
      misuse(
        "'clock' must have the methods now() and monotonic().",
        'Add both; each returns milliseconds.',
      ),
    )
  })
})

describe('realm', () => {
  const { realm } = resourceServerOptions

  test.each(['api', ' ', 'a "b" ~'])('accepts %j', (value) => {
    expect(read(realm, value)).toBe(value)
  })

  test.each(['', 'a\n', '\na', 'a\x7f', 'ä', 1, null, ['a']])('refuses %j', (value) => {
    expect(() => read(realm, value)).toThrow(
      misuse(
        "'a' must be a non-empty string of printable ASCII characters.",
        'Use letters, digits and spaces.',
      ),
    )
  })
})

describe('refusalBody', () => {
  const { refusalBody } = resourceServerOptions
  const write = (): unknown => ({ contentType: 'text/plain', body: 'no' })

  test('accepts a function whose body can be sent', () => {
    expect(read(refusalBody, write)).toBe(write)
  })

  test('is called once, so that a mistake shows at startup', () => {
    expect(() => read(refusalBody, async () => write())).toThrow(
      misuse(
        "'refusalBody' threw, or did not return a contentType and a body that are strings.",
        "Write ({ status, title, detail }) => ({ contentType: 'text/plain', body: detail }), without async.",
      ),
    )
  })

  test('must be a function', () => {
    expect(() => read(refusalBody, 'no')).toThrow(
      misuse("'refusalBody' must be a function, got a string.", 'Pass a function or leave it out.'),
    )
  })
})

describe('records', () => {
  const { records } = verifierOptions
  const enough = 'a key of thirty-two bytes, so it'
  const bytes = new TextEncoder().encode(enough)

  test('are not pseudonymous by default, include no claims, and allow 1000 pending promises', () => {
    const settings = read(records, {})
    expect(settings).toEqual({ pseudonymKey: undefined, claims: [], maxPending: 1000 })
    expect(settings).toEqual(records.default)
    expect(Object.isFrozen(settings)).toBe(true)
  })

  test('pseudonymKey is copied, and a string is read as UTF-8', () => {
    const given = Uint8Array.from(bytes)
    const settings = read(records, { pseudonymKey: given })
    given.fill(0)
    expect(settings.pseudonymKey).toEqual(bytes)
    expect(read(records, { pseudonymKey: enough }).pseudonymKey).toEqual(bytes)
    expect(read(records, { pseudonymKey: 'ä'.repeat(16) }).pseudonymKey).toHaveLength(32)
  })

  test('claims are copied and frozen', () => {
    const given = ['tenant', 'region']
    const { claims } = read(records, { claims: given })
    given.push('email')
    expect(claims).toEqual(['tenant', 'region'])
    expect(Object.isFrozen(claims)).toBe(true)
  })

  test.each([1, 100_000])('maxPending may be %i', (maxPending) => {
    expect(read(records, { maxPending }).maxPending).toBe(maxPending)
  })

  const notAKey =
    "'records.pseudonymKey' must be a key of at least 32 bytes. " +
    'Generate one with openssl rand -base64 32, and load it from where you keep secrets.'
  const notNames = "'records.claims' must be an array of claim names. Set claims: ['tenant']."

  test.each<readonly [what: string, records: unknown, message: string]>([
    [
      'an array',
      [],
      'An object of records options is required, got an array. Pass an object, or leave it out.',
    ],
    [
      'an unknown option',
      { key: enough },
      "Unknown records option 'key'. Use one of pseudonymKey, claims, maxPending.",
    ],
    ['a key that is one byte too short', { pseudonymKey: enough.slice(1) }, notAKey],
    ['too few bytes', { pseudonymKey: bytes.subarray(1) }, notAKey],
    ['a key that is an array', { pseudonymKey: [...bytes] }, notAKey],
    ['a key that is null', { pseudonymKey: null }, notAKey],
    ['claims that are not an array', { claims: 'tenant' }, notNames],
    ['an empty claim name', { claims: ['tenant', ''] }, notNames],
    ['a claim name that is a number', { claims: [1, 'tenant'] }, notNames],
    [
      'the claim act',
      { claims: ['tenant', 'act'] },
      "'records.claims' must not contain 'act'. Remove it: every record has the actors in 'chain'.",
    ],
    [
      'maxPending: 0',
      { maxPending: 0 },
      "'maxPending' must be a whole number from 1 to 100000, got 0. Pass a number of records.",
    ],
    ['too many pending promises', { maxPending: 100_001 }, "'maxPending' must be a whole number"],
    ['half a promise', { maxPending: 1.5 }, "'maxPending' must be a whole number"],
  ])('refuse %s', (_what, value, message) => {
    expect(() => read(records, value)).toThrow(ConfigError)
    expect(() => read(records, value)).toThrow(message)
  })
})

describe('every option', () => {
  const tables = {
    issuerOptions,
    cacheOptions,
    recordOptions,
    keyStoreOptions,
    verifierOptions,
    resourceServerOptions,
  }
  const rows = Object.entries(tables).flatMap(([table, options]) =>
    Object.entries(options as Record<string, Option<unknown>>).map(
      ([name, option]) => [`${table}.${name}`, option] as const,
    ),
  )

  test.each(rows)('%s has a description that is one sentence', (_name, { description }) => {
    expect(description).toMatch(/^[A-Z`].*\.$/)
  })

  test('that is inherited is ignored', () => {
    const inherited = Object.create({
      maxTokens: 'invalid',
      maxBytes: 'invalid',
    }) as object
    expect(readOptions(cacheOptions, inherited, 'option')).toEqual({
      maxTokens: 10_000,
      maxBytes: 33_554_432,
    })
  })
})
