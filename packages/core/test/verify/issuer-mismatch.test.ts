import { describe, expect, test, vi } from 'vitest'
import { describeMismatch } from '../../src/verify/issuer-mismatch.ts'

// Why an iss is not trusted, and what the operator can change.

const issuersOf = (...names: readonly string[]) =>
  new Map(names.map((name) => [name, undefined as never]))
const reasonFor = (iss: unknown, ...names: readonly string[]): string =>
  describeMismatch(iss, issuersOf(...names))

const advice = {
  slash: "They differ by a trailing slash. Set 'issuer' exactly as in the token",
  spelling:
    "They are the same URL, written differently (for example, in uppercase). Set 'issuer' exactly as in the token",
  scheme:
    'They differ in the scheme (http and https). If the authorization server is behind a proxy, configure its public ' +
    "URL there. Set 'issuer' to the iss of its tokens",
  address:
    'They differ in the address. If both are the same authorization server, which this service reaches at ' +
    "a different address than the clients do (localhost, a container name), set 'issuer' to the iss of its tokens " +
    "and 'jwksUri' to a URL of its key set that this service can reach",
  path: 'They differ in the path. The token is from another realm or tenant of the same server',
}

const realm = 'https://k.example.com/realms/shop'

describe('describeMismatch names both values and explains', () => {
  test.each<readonly [what: string, iss: string, known: string, kind: keyof typeof advice]>([
    ['a trailing slash', `${realm}/`, realm, 'slash'],
    ['a missing trailing slash', 'https://a.example.com', 'https://a.example.com/', 'slash'],
    ['another realm', 'https://k.example.com/realms/test', realm, 'path'],
    ['the server without a path', 'https://k.example.com/', realm, 'path'],
    ['uppercase in the path', 'https://k.example.com/realms/Shop', realm, 'spelling'],
    ['uppercase in the host', 'https://K.example.com/realms/shop', realm, 'spelling'],
    ['the default port', 'https://k.example.com:443/realms/shop', realm, 'spelling'],
    ['http instead of https', 'http://k.example.com/realms/shop', realm, 'scheme'],
    ['http and a trailing slash', 'http://k.example.com/realms/shop/', realm, 'scheme'],
    ['localhost', 'http://localhost:8080/realms/shop', realm, 'address'],
    ['a container name', realm, 'http://keycloak:8080/realms/shop', 'address'],
    ['two names', 'http://localhost:8080/x', 'http://keycloak:8080/x', 'address'],
    ['a loopback address', 'http://127.0.0.1:8080/x', 'http://localhost:8080/x', 'address'],
    ['a Kubernetes service', realm, 'https://k.auth.svc.cluster.local/realms/shop', 'address'],
    ['a private address', realm, 'http://10.0.0.7:8080/realms/shop', 'address'],
    ['another port', 'https://k.example.com:8443/realms/shop', realm, 'address'],
  ])('%s', (_what, iss, known, kind) => {
    expect(reasonFor(iss, known)).toBe(
      `the token's iss is "${iss}", expected "${known}". ${advice[kind]}`,
    )
  })
})

describe('another address of the same path may be the same server', () => {
  const isLikely = (host: string): boolean =>
    reasonFor(`http://${host}/realms/shop`, realm).includes(advice.address)

  test.each([
    ...['10.0.0.7', '192.168.1.2', '172.16.0.1', '172.19.0.1', '172.20.0.1', '172.29.0.1'],
    ...['172.30.0.1', '172.31.0.1', '127.0.0.1', 'keycloak', 'k.local', 'k.internal'],
    ...['k.localhost', 'k.auth.svc', 'k.auth.svc.cluster.local', 'k.auth.svc.example.com'],
  ])('if it is internal, as %s is', (host) => {
    expect(isLikely(host)).toBe(true)
  })

  test.each([
    ...['11.0.0.7', '110.0.0.7', '192.169.1.2', '172.15.0.1', '172.32.0.1', '10.0.0.7.nip.io'],
    ...['k.local.example.com', 'k.internal.example.com', 'svc.example.com', 'example.com'],
  ])('but not if it is public, as %s is', (host) => {
    expect(isLikely(host)).toBe(false)
  })
})

test('describeMismatch compares an iss of at most 512 characters', () => {
  const iss = `${realm}/`.padEnd(512, 'x')
  expect(reasonFor(iss, realm)).toContain(advice.path)
  expect(reasonFor(`${iss}x`, realm)).not.toContain(advice.path)
})

test('describeMismatch looks at the configured issuers once', () => {
  const issuers = issuersOf(realm)
  const keys = vi.spyOn(issuers, 'keys')
  for (const iss of ['x', 'y']) describeMismatch(iss, issuers)
  expect(keys).toHaveBeenCalledOnce()
})

test.each([
  ['another server', 'https://other.example/realms/shop'],
  ['another path of an internal server', 'http://localhost:8080/other'],
  ['a string that is not a URL', 'shop'],
  ['an empty text', ''],
  ['a string that is too long to compare', `${realm}/${'x'.repeat(500)}`],
])('describeMismatch does not guess for %s', (_what, iss) => {
  expect(reasonFor(iss, realm)).toMatch(/, expected "https:[^"]+"$/)
})

test('describeMismatch explains the closest of several issuers', () => {
  const others = ['https://k.example.com/realms/other', 'my-issuer', realm]
  expect(reasonFor('http://k.example.com/realms/shop', ...others)).toContain(advice.scheme)
  expect(reasonFor(`${realm}/`, ...others)).toContain(advice.slash)
})

test('describeMismatch names at most five issuers and compares at most twenty', () => {
  const many = Array.from({ length: 25 }, (_, at) => `https://t${at}.example.com/x`)
  const reason = reasonFor('http://t19.example.com/x', ...many)
  expect(reason).toContain('"https://t4.example.com/x", and 20 more]')
  expect(reason).not.toContain('https://t5.')
  expect(reason).toContain(advice.scheme)
  expect(reasonFor('http://t20.example.com/x', ...many)).not.toContain(advice.scheme)
})

test('describeMismatch escapes an iss, and cuts it to 128 characters', () => {
  const iss = `\u001b[2J\u202e\u0085\u2028"${'x'.repeat(200)}`
  const [quoted = ''] = /"(?:\\.|[^"])*"(?:\.\.\.)?/.exec(reasonFor(iss, realm)) ?? []
  expect(quoted).toMatch(/^"\\u001b\[2J\\u202e\\u0085\\u2028\\"x+"\.\.\.$/)
  expect(quoted).toHaveLength(128)
})

test.each([
  [undefined, 'the token has no iss'],
  [1, "the token's iss is not a string"],
  [{ toString: 1 }, "the token's iss is not a string"],
  ['x', 'the token\'s iss is "x"'],
])('describeMismatch without configured issuers, for %j: %s', (iss, reason) => {
  expect(reasonFor(iss)).toBe(reason)
})
