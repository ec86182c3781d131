import { expect, test } from 'vitest'
import { ConfigError, fromCookie, fromHeader } from '../../src/index.ts'
import { createGate, fromSubprotocol } from '../../src/adapter.ts'

const options = { issuer: 'https://as.example.com', audience: 'order-service' }

test('fromCookie and fromHeader return frozen data', () => {
  expect(fromCookie('__Host-session')).toEqual({
    from: 'cookie',
    name: '__Host-session',
    origins: [],
  })
  const origins = ['https://app.example.com', 'http://localhost:3000']
  const cookie = fromCookie('a', { origins })
  expect(cookie).toEqual({ from: 'cookie', name: 'a', origins })
  expect(fromHeader('X-Token')).toEqual({ from: 'header', name: 'X-Token' })
  expect(fromSubprotocol('access-token_1')).toEqual({ from: 'subprotocol', name: 'access-token_1' })
  for (const each of [cookie, cookie.origins, fromHeader('X-Token'), fromSubprotocol('a')]) {
    expect(Object.isFrozen(each)).toBe(true)
  }
})

test.each([
  ['', 'a string that is not one'],
  ['a b', 'a string that is not one'],
  ['a=b', 'a string that is not one'],
  ['a;b', 'a string that is not one'],
  ['a\n', 'a string that is not one'],
  ['ä', 'a string that is not one'],
  ['a'.repeat(257), 'a string that is not one'],
  [undefined, 'undefined'],
  [7, 'a number'],
  [['a'], 'an array'],
  [/a/, 'an object'],
])('%j is not the name of a cookie or a header', (name, got) => {
  expect(() => fromCookie(name as string)).toThrow(
    new ConfigError(
      `fromCookie() requires the name of a cookie, got ${got}.`,
      "Write fromCookie('__Host-session').",
    ),
  )
  expect(() => fromHeader(name as string)).toThrow(
    new ConfigError(
      `fromHeader() requires the name of a header, got ${got}.`,
      "Write fromHeader('Cf-Access-Jwt-Assertion').",
    ),
  )
  expect(() => fromSubprotocol(name as string)).toThrow(
    new ConfigError(
      `fromSubprotocol() requires the name of a subprotocol, got ${got}.`,
      "Write fromSubprotocol('access_token').",
    ),
  )
})

test('a name may have 256 characters', () => {
  const name = 'a'.repeat(256)
  for (const create of [fromCookie, fromHeader, fromSubprotocol]) {
    expect(create(name)).toMatchObject({ name })
  }
})

test.each(['a.b', '.a', 'a.', '!'])('%j is not the name of a subprotocol with a token', (name) => {
  expect(() => fromSubprotocol(name)).toThrow(
    new ConfigError(
      'The name of the subprotocol must consist of letters, digits, hyphens, and underscores.',
      "Write fromSubprotocol('access_token').",
    ),
  )
})

test.each([
  ['Authorization', "Leave 'credential' out"],
  ['cookie', 'Pass fromCookie'],
  ['Set-Cookie', 'Pass fromCookie'],
  [
    'Proxy-Authorization',
    'That header is for the proxy. Name the one in which it passes the token',
  ],
  ['DPoP', 'That header contains a proof (RFC 9449 section 4). Name the one'],
])('fromHeader refuses %s, which has another purpose', (name, fix) => {
  const call = (): unknown => fromHeader(name)
  expect(call).toThrow(ConfigError)
  expect(call).toThrow(`fromHeader() cannot read the header '${name}'. ${fix}`)
})

test.each([
  'https://app.example.com/',
  'https://app.example.com/a',
  'https://APP.example.com',
  'https://app.example.com:443',
  'https://user@app.example.com',
  'http://app.example.com',
  'app.example.com',
  'null',
  '*',
  'https://*.example.com',
  ' https://app.example.com',
  'https://äpp.example.com',
  'capacitor://localhost',
  '',
  7,
  null,
  ['https://app.example.com'],
])('%j is not an origin', (origin) => {
  const origins = ['https://ok.example.com', origin as string]
  expect(() => fromCookie('a', { origins })).toThrow(
    new ConfigError(
      "'origins' must be a list of origins, as browsers write them in the Origin header.",
      "Write ['https://app.example.com'], without a path and without a trailing slash.",
    ),
  )
})

test.each([
  [{ origins: 'https://app.example.com' }, "'origins' must be a list of origins"],
  [{ origins: undefined }, "'origins' is undefined"],
  [{ origin: [] }, "Unknown fromCookie option 'origin'. Did you mean 'origins'?"],
  ['https://app.example.com', 'An object of fromCookie options is required, got a string'],
  [
    null,
    'An object of fromCookie options is required, got null. Write { origins }, or leave it out.',
  ],
])('fromCookie refuses the options %j', (given, message) => {
  expect(() => fromCookie('a', given as object)).toThrow(message)
})

test.each([
  [
    'a string',
    '__Host-session',
    "'credential' must say where the token is, got a string. Pass fromCookie('__Host-session') or fromHeader('Cf-Access-Jwt-Assertion'). Without the option, the token is in Authorization.",
  ],
  ['a list', [fromCookie('a')], 'An object of credential members is required, got an array'],
  ['a function', fromCookie, "'credential' must say where the token is, got a function"],
  ['null', null, "'credential' must say where the token is, got null"],
  ['an empty object', {}, "'credential' must say where the token is, got an object"],
  ['another place', { from: 'query', name: 'a' }, "'credential' must say where the token is"],
  ['a header with more', { from: 'header', name: 'a', scheme: 'x' }, "'credential' must say"],
  ['a header without a name', { from: 'header' }, 'requires the name of a header'],
  ['a cookie without a name', { from: 'cookie' }, 'requires the name of a cookie'],
  ['a cookie with more', { from: 'cookie', name: 'a', path: '/' }, 'Unknown fromCookie option'],
])('the option refuses %s', (_what, credential, message) => {
  expect(() => createGate({ ...options, credential: credential as never })).toThrow(message)
})

test('the option accepts what another copy of this package created', () => {
  const sources = [
    fromCookie('a', { origins: ['https://app.example.com'] }),
    fromHeader('X-Token'),
    fromSubprotocol('access_token'),
  ]
  for (const credential of sources) {
    expect(() => createGate({ ...options, credential: { ...credential } })).not.toThrow()
  }
})

test.each([
  [{ ignoreOtherSchemes: true, optional: true }, "'ignoreOtherSchemes' has no effect"],
  [{ dpop: 'allowed', publicUrl: 'https://a.example' }, "'dpop' cannot be combined"],
  [{ dpop: { mode: 'required' }, publicUrl: 'https://a.example' }, "'dpop' cannot be combined"],
  [{ mtls: { from: 'socket' } }, "'mtls' cannot be combined with 'credential'"],
  [{ mtls: { checkedBy: 'gateway' } }, "'mtls' cannot be combined with 'credential'"],
] as const)('credential and %j are a ConfigError', (others, message) => {
  for (const credential of [fromCookie('a'), fromHeader('X-Token')]) {
    const create = (): unknown => createGate({ ...options, ...others, credential })
    expect(create).toThrow(ConfigError)
    expect(create).toThrow(message)
  }
})

test('credential works with resource, publicUrl, and DPoP turned off', () => {
  for (const others of [
    { resource: 'https://a.example' },
    { publicUrl: 'https://a.example' },
    { dpop: 'off' as const },
    { ignoreOtherSchemes: false },
  ]) {
    expect(() => createGate({ ...options, ...others, credential: fromCookie('a') })).not.toThrow()
  }
})
