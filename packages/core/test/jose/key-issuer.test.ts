import { expect, test } from 'vitest'
import { foreignIssuerOf } from '../../src/jose/jwk.ts'
import { defaultProfile } from '../../src/providers/default.ts'

// For whose tokens a key of a key set that tenants share is.

const issuer = 'https://login.example/acme/v2'
const profile = { ...defaultProfile, keyIssuerPlaceholder: '{tenant}' }
const another = 'for another issuer'

test.each([
  [undefined, undefined],
  ['https://login.example/acme/v2', undefined],
  ['https://login.example/{tenant}/v2', undefined],
  ['https://{tenant}/acme/v2', undefined],
  ['https://login.example/other/v2', another],
  ['https://login.example/acme/v2{tenant}', another],
  ['https://login.example/{tenant}', another],
  ['https://login.example/{tenant}/v1', another],
  ['https://other.example/{tenant}/v2', another],
  ['{tenant}/v2', another],
  ['https://login.example/acme/{tenant}/v2', another],
  ['https://login.example/acme/v2{tenant}v2', another],
  ['', another],
  [null, 'issuer is not a string'],
  [['https://login.example/acme/v2'], 'issuer is not a string'],
])('a key with the issuer %j: %s', (named, why) => {
  const jwk = named === undefined ? {} : { issuer: named }
  expect(foreignIssuerOf(jwk, issuer, profile)).toBe(why)
})

test.each([undefined, 'https://other.example', 1])(
  'an issuer %j says nothing where the profile does not know of it',
  (named) => {
    expect(foreignIssuerOf({ issuer: named }, issuer, defaultProfile)).toBeUndefined()
  },
)
