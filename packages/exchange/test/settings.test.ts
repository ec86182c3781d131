import { webcrypto } from 'node:crypto'
import { ConfigError } from '@resource-server/core'
import {
  auth0,
  cognito,
  dex,
  entra,
  hydra,
  keycloak,
  okta,
  springAuthorizationServer,
  zitadel,
} from '@resource-server/core/providers'
import { expect, test } from 'vitest'
import { dialects, nextHop, type NextHopOptions } from '../src/index.ts'

const valid: NextHopOptions = {
  issuer: 'https://as.example.com',
  client: { id: 'order-service', secret: 's3cret' },
  audience: 'inventory-service',
}

const { privateKey, publicKey } = await webcrypto.subtle.generateKey(
  ...([{ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']] as const),
)
const { requestedTokenType: _type, ...withoutRequestedType } = dialects.rfc8693
const store = { get: async () => undefined, set: async () => {}, delete: async () => {} }

test.each<[string, Partial<NextHopOptions>]>([
  [
    'a client with a secret in the form',
    { client: { id: 'a', secret: 'b', authentication: 'post' } },
  ],
  ['a client with a key', { client: { id: 'a', privateKey } }],
  ['a client with a named key', { client: { id: 'a', privateKey: { key: privateKey, kid: 'k' } } }],
  ['a client with a certificate', { client: { id: 'a', authentication: 'mtls' } }],
  ['several audiences', { audience: ['a', 'b'] }],
  ['a URN as resource', { resource: 'urn:example:stock' }],
  ['a list of scopes', { scope: ['a', 'b'] }],
  ['an origin with a slash', { origin: 'https://inventory.internal/' }],
  ['an http origin on this machine', { origin: 'http://localhost:3000' }],
  ['http with allowInsecureHttp', { origin: 'http://inventory', allowInsecureHttp: true }],
  ['a key pair', { dpop: { privateKey, publicKey } }],
  ['a store', { store: { store, secret: 'x'.repeat(32) } }],
  ['a dialect by name', { dialect: 'keycloak' }],
  [
    'a dialect that requests no type of token',
    { dialect: { ...withoutRequestedType, name: 'mine' } },
  ],
  ['a dialect as an object', { dialect: { ...dialects.rfc8693, name: 'mine' } }],
])('accepts %s', (_what, changes) => {
  expect(() => nextHop({ ...valid, ...changes })).not.toThrow()
})

test.each<[string, object, RegExp]>([
  ['an unknown option', { audiences: 'a' }, /Did you mean 'audience'/],
  ['an option that is undefined', { scope: undefined }, /environment variable/],
  ['no issuer', { issuer: undefined }, /issuer/],
  ['an issuer that is not a URL', { issuer: 'as.example.com' }, /absolute URL/],
  ['an http issuer', { issuer: 'http://as.example.com' }, /https/],
  ['a client that is a string', { client: 'order-service' }, /client option/],
  ['a client without an id', { client: { secret: 'x' } }, /client\.id/],
  ['an empty secret', { client: { id: 'a', secret: '' } }, /environment variable/],
  ['a missing secret', { client: { id: 'a', secret: undefined } }, /environment variable/],
  ['a client without a credential', { client: { id: 'a' } }, /no credential/],
  ['an unknown client option', { client: { id: 'a', key: 'x' } }, /Unknown client option/],
  ['a secret and a key', { client: { id: 'a', secret: 'x', privateKey } }, /not used/],
  ['a secret with mtls', { client: { id: 'a', secret: 'x', authentication: 'mtls' } }, /not used/],
  ['basic without a secret', { client: { id: 'a', authentication: 'basic' } }, /needs/],
  ['a method that is unknown', { client: { id: 'a', authentication: 'jwt' } }, /one of/],
  ['a method of Object', { client: { id: 'a', authentication: 'toString' } }, /one of/],
  ['a public key', { client: { id: 'a', privateKey: publicKey } }, /private CryptoKey/],
  [
    'a secret that is bytes',
    { client: { id: 'a', secret: new Uint8Array(9) } },
    /must be a string/,
  ],
  ['no target', { audience: undefined }, /audience/],
  ['an empty audience', { audience: '' }, /non-empty/],
  ['no audiences', { audience: [] }, /non-empty/],
  ['an audience that is the client', { audience: ['a', 'order-service'] }, /this service itself/],
  ['a relative resource', { resource: '/stock' }, /absolute URI/],
  ['a resource with a fragment', { resource: 'https://a.example/#x' }, /fragment/],
  ['an empty scope', { scope: '' }, /single spaces/],
  ['scopes with two spaces', { scope: 'a  b' }, /single spaces/],
  ['a wildcard', { scope: 'a *' }, /wildcard/],
  ['a scope with a quote', { scope: 'a"b' }, /scopes/],
  ['an origin with a path', { origin: 'https://a.example/v1' }, /without a path/],
  ['an origin with a query', { origin: 'https://a.example/?x' }, /without a path/],
  ['an origin with a user', { origin: 'https://u@a.example' }, /without a path/],
  ['an origin with a wildcard', { origin: 'https://*.example' }, /wildcard/],
  ['an http origin', { origin: 'http://inventory' }, /https/],
  ['an origin of another kind', { origin: 'file:///etc' }, /scheme, a host/],
  ['an http token endpoint', { tokenEndpoint: 'http://as.example.com/token' }, /https/],
  ['a token endpoint with a query', { tokenEndpoint: 'https://a.example/?a=b' }, /query/],
  ['an unknown dialect', { dialect: 'okto' }, /must be one of/],
  ['a dialect of Object', { dialect: 'toString' }, /must be one of/],
  ['an incomplete dialect', { dialect: { name: 'mine' } }, /is missing/],
  ['a key without its pair', { dpop: { privateKey } }, /key pair/],
  ['a cache of the wrong kind', { cache: { entries: 5 } }, /Unknown cache option/],
  ['a store without delete', { store: { store: { ...store, delete: 1 }, secret: 'x' } }, /methods/],
  ['a short store secret', { store: { store, secret: 'short' } }, /32 bytes/],
  ['a store without a secret', { store: { store } }, /32 bytes/],
  ['a short pseudonym key', { records: { pseudonymKey: 'short' } }, /32 bytes/],
  ['an unknown record option', { records: { key: 'x' } }, /Unknown record option/],
  ['a timeout of 0', { timeout: 0 }, /timeout/],
  ['a timeout of true', { timeout: true }, /timeout/],
  ['a clock that is a date', { clock: new Date() }, /clock/],
])('refuses %s', (_what, changes, message) => {
  const create = (): unknown => nextHop({ ...valid, ...changes })
  expect(create).toThrow(ConfigError)
  expect(create).toThrow(message)
})

test('never prints the secret in a message', () => {
  const secret = 'do-not-print'
  for (const client of [
    { id: 'a', secret, authentication: 'mtls' },
    { id: 'a', secret, authentication: 'private_key_jwt' },
    { id: 1, secret },
  ]) {
    let message = ''
    try {
      nextHop({ ...valid, client } as NextHopOptions)
    } catch (error) {
      message = String(error)
    }
    expect(message).toContain('ConfigError')
    expect(message).not.toContain(secret)
  }
})

const tenant = '11111111-2222-4333-8444-555555555555'
const { audience: _, ...untargeted } = valid

test.each<[string, Partial<NextHopOptions>]>([
  ['Keycloak with an audience', { issuer: keycloak('https://k.example/realms/a'), audience: 'b' }],
  ['Keycloak with a scope', { issuer: keycloak('https://k.example/realms/a'), scope: 'b' }],
  ['Spring with a scope', { issuer: springAuthorizationServer('https://s.example'), scope: 'b' }],
  ['Auth0 with an audience', { issuer: auth0('shop.eu.auth0.com'), audience: 'https://b' }],
  ['Okta', { issuer: okta('https://o.okta.com/oauth2/default'), audience: 'api://b' }],
  ['ZITADEL', { issuer: zitadel('https://z.example'), audience: '123' }],
  ['Entra with a scope', { issuer: entra({ tenant }), scope: 'api://b/.default' }],
])('accepts %s', (_what, changes) => {
  expect(() => nextHop({ ...untargeted, ...changes })).not.toThrow()
})

test.each<[string, Partial<NextHopOptions>, RegExp]>([
  [
    'Keycloak with a resource',
    { issuer: keycloak('https://k.example/realms/a'), resource: 'https://b' },
    /has no 'resource'/,
  ],
  [
    'Auth0 with two audiences',
    { issuer: auth0('shop.eu.auth0.com'), audience: ['a', 'b'] },
    /one audience/,
  ],
  ['Auth0 without an audience', { issuer: auth0('shop.eu.auth0.com'), scope: 'a' }, /'audience'/],
  [
    'Okta with a resource',
    { issuer: okta('https://o/oauth2/a'), resource: 'urn:b' },
    /no 'resource'/,
  ],
  ['Entra with an audience', { issuer: entra({ tenant }), audience: 'b' }, /has no 'audience'/],
  ['Entra without a scope', { issuer: entra({ tenant }) }, /not named/],
  ['Hydra', { issuer: hydra('https://h.example'), audience: 'b' }, /no token exchange/],
  [
    'Dex',
    { issuer: dex('https://d.example', { acceptIdTokens: true }), audience: 'b' },
    /Dex exchanges only/,
  ],
  [
    'Cognito',
    { issuer: cognito({ region: 'eu-west-1', userPoolId: 'eu-west-1_AbC' }), audience: 'b' },
    /no token exchange/,
  ],
])('refuses %s at startup', (_what, changes, message) => {
  expect(() => nextHop({ ...untargeted, ...changes })).toThrow(message)
})
