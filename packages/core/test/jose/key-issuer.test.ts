import { expect, test } from 'vitest'
import { keyIssuerProblem } from '../../src/jose/jwk.ts'
import { defaultProfile } from '../../src/providers/default.ts'

// Tenants that share a key set: which of them a key belongs to.

const issuer = 'https://login.example/acme/v2'
const profile = { ...defaultProfile, keyIssuerPlaceholder: '{tenant}' }
const another = 'belongs to another issuer'

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
])('for a key with the issuer %j, the problem is %s', (template, problem) => {
  const jwk = template === undefined ? {} : { issuer: template }
  expect(keyIssuerProblem(jwk, issuer, profile)).toBe(problem)
})

test.each([undefined, 'https://other.example', 1])(
  'the issuer %j of a key is ignored if the profile has no placeholder',
  (template) => {
    expect(keyIssuerProblem({ issuer: template }, issuer, defaultProfile)).toBeUndefined()
  },
)
