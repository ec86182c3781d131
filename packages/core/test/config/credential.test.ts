import { describe, expect, test } from 'vitest'
import {
  credentialRule,
  isOnlySource,
  readCredentialSource,
  requireBearerOnly,
} from '../../src/config/credential.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { ConfigError } from '../../src/errors/refusal.ts'
import {
  type CredentialSource,
  fromCookie,
  fromHeader,
  fromSubprotocol,
} from '../../src/options/credential-source.ts'

const own = 'https://api.example'
const app = 'https://app.example'
const publicUrls = { origins: [{ origin: own, path: '/orders' }], prefix: 'kept' } as const
const cookie = fromCookie('Session', { origins: [app] })

describe('credentialRule', () => {
  test.each<readonly [from: string, source: CredentialSource, rule: object]>([
    [
      'a cookie',
      cookie,
      { name: 'Session', header: 'cookie', isOnlySource: true, origins: new Set([app, own]) },
    ],
    [
      'a header',
      fromHeader('X-Token'),
      { name: 'X-Token', header: 'x-token', isOnlySource: true, origins: new Set([own]) },
    ],
    [
      'a subprotocol',
      fromSubprotocol('token'),
      {
        name: 'token',
        header: 'sec-websocket-protocol',
        isOnlySource: false,
        origins: new Set([own]),
      },
    ],
  ])('says how a token is read from %s', (_from, source, rule) => {
    const found = credentialRule(source, publicUrls)
    expect(found).toEqual({ from: source.from, ...rule })
    expect(Object.isFrozen(found)).toBe(true)
  })

  test('is undefined if the token is in Authorization', () => {
    expect(credentialRule(undefined, publicUrls)).toBe(undefined)
    expect(isOnlySource(undefined)).toBe(false)
  })
})

test('readCredentialSource returns a copy of what another copy of this package created', () => {
  expect(readCredentialSource({ ...cookie })).toEqual(cookie)
  expect(() => readCredentialSource('cookie')).toThrow(ConfigError)
})

describe('requireBearerOnly', () => {
  const fine = { ignoreOtherSchemes: false, mtls: undefined, wantsDpop: false }

  test('accepts that no option concerns Authorization', () => {
    expect(() => requireBearerOnly(fine)).not.toThrow()
  })

  test.each([
    [
      { ignoreOtherSchemes: true },
      "'ignoreOtherSchemes' has no effect with 'credential', because Authorization is not read.",
      'Leave ignoreOtherSchemes out.',
    ],
    [
      { wantsDpop: true },
      "'dpop' cannot be combined with 'credential': the DPoP scheme belongs to Authorization (RFC 9449 section 7.1).",
      'Leave out dpop or credential.',
    ],
    [
      { mtls: {} },
      "'mtls' cannot be combined with 'credential': tokens that are bound to a certificate are accepted only in Authorization.",
      'Leave out mtls or credential.',
    ],
  ])('refuses %j: %s', (options, problem, fix) => {
    expect(() => requireBearerOnly({ ...fine, ...options })).toThrow(new ConfigError(problem, fix))
  })
})

describe('a policy with credential', () => {
  const policyOf = (options: object) =>
    createPolicy(
      { issuer: 'https://as.example', audience: 'orders', publicUrl: own, ...options },
      'resource server',
    )

  test('has no DPoP, unless the token may be in Authorization, too', () => {
    expect(policyOf({}).dpop).toMatchObject({ mode: 'allowed' })
    expect(policyOf({ credential: cookie }).dpop).toBe(undefined)
    expect(policyOf({ credential: cookie, dpop: 'off' }).dpop).toBe(undefined)
    const credential = fromSubprotocol('token')
    expect(policyOf({ credential, dpop: 'required' }).dpop).toMatchObject({ mode: 'required' })
  })

  test.each([
    [{ dpop: 'allowed' }, "'dpop' cannot be combined with 'credential'"],
    [{ mtls: { from: 'socket' } }, "'mtls' cannot be combined with 'credential'"],
    [{ optional: true, ignoreOtherSchemes: true }, "'ignoreOtherSchemes' has no effect"],
  ])('cannot have %j', (options, message) => {
    expect(() => policyOf({ credential: cookie, ...options })).toThrow(message)
    expect(() => policyOf(options)).not.toThrow()
  })
})
