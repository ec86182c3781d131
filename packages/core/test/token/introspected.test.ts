import { describe, expect, test } from 'vitest'
import { readIntrospected } from '../../src/token/introspected.ts'

const issuer = 'https://as.example'
const nothing = { issuer, audience: undefined }

describe('readIntrospected', () => {
  test('adds the issuer that was asked, and removes active', () => {
    expect(readIntrospected({ active: true, sub: 'user-42' }, nothing)).toEqual({
      claims: { iss: issuer, sub: 'user-42' },
    })
  })

  test('adds the audience only if one is accepted and the response has none', () => {
    const source = { issuer, audience: ['orders'] }
    const audienceIn = (answer: object): unknown => {
      const { claims } = readIntrospected({ ...answer }, source) as { claims: { aud?: unknown } }
      return claims.aud
    }
    expect(audienceIn({})).toEqual(['orders'])
    expect(audienceIn({ aud: 'stock' })).toBe('stock')
    expect(readIntrospected({}, nothing)).toEqual({ claims: { iss: issuer } })
  })

  test('prefers the response to the claims of the JWT that was verified', () => {
    const verified = { iss: issuer, sub: 'user-42', aud: 'orders', scope: 'a b', jti: 'j' }
    const answer = { active: true, sub: 'user-42', scope: 'a', jti: 'j' }
    expect(readIntrospected(answer, { issuer, audience: ['stock'], verified })).toEqual({
      claims: { ...verified, scope: 'a' },
    })
  })

  test.each([
    { token_type: 'Bearer' },
    { token_type: 'DPoP', cnf: {} },
    { token_use: 'access' },
    { token_use: 'ACCESS_token' },
    { token_type: 'bearer', token_use: 'access', iss: issuer },
  ])('accepts %j', (answer) => {
    expect(readIntrospected(answer, nothing)).toEqual({ claims: { iss: issuer, ...answer } })
  })

  test.each<readonly [answer: object, code: string, reason: string, claim: string]>([
    [
      { token_type: 'refresh' },
      'not_an_access_token',
      'token_type in the introspection response is "refresh"',
      'token_type',
    ],
    [
      { token_use: 'Refresh\n' },
      'not_an_access_token',
      String.raw`token_use in the introspection response is "Refresh\u000a"`,
      'token_use',
    ],
    [
      { token_type: 'access' },
      'not_an_access_token',
      'token_type in the introspection response is "access"',
      'token_type',
    ],
    [
      { token_type: ['Bearer'] },
      'not_an_access_token',
      'token_type in the introspection response is not a string',
      'token_type',
    ],
    [
      { token_use: null },
      'not_an_access_token',
      'token_use in the introspection response is not a string',
      'token_use',
    ],
    [
      { token_type: 'DPoP' },
      'binding_unsupported',
      'token_type is DPoP, but the response has no cnf',
      'cnf',
    ],
    [
      { iss: 'https://other.example' },
      'issuer_not_trusted',
      'iss in the introspection response is another issuer',
      'iss',
    ],
  ])('refuses %j with %s: %s', (answer, code, reason, claim) => {
    expect(readIntrospected({ ...answer }, nothing)).toMatchObject({
      code,
      reason,
      detail: { claim },
    })
  })

  test.each([
    ['iss', 'https://other.example'],
    ['sub', 'user-7'],
    ['jti', undefined],
  ])('refuses a response whose %s is not that of the JWT', (name, value) => {
    const verified = { iss: issuer, sub: 'user-42', jti: 'j' }
    expect(readIntrospected({ [name]: value }, { ...nothing, verified })).toMatchObject({
      code: 'claim_malformed',
      reason: `${name} in the introspection response is not that of the token`,
      detail: { claim: name },
    })
  })
})
