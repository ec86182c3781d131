import { describe, expect, test } from 'vitest'
import { identifyDecision, isAccessToken, rawOf } from '../../src/client.ts'
import { type AccessToken, createVerifier } from '../../src/index.ts'
import { aud, bearer, createGateHarness, optionsFor, startIssuer } from '../support.ts'

// Packages that exchange tokens accept only tokens that a verifier created.

const issuer = await startIssuer()
const raw = issuer.token({ aud })
const token = await createVerifier(optionsFor(issuer)).verify(raw)

describe('isAccessToken', () => {
  test('accepts a token that a verifier created', () => {
    expect(isAccessToken(token)).toBe(true)
  })

  test.each<[string, unknown]>([
    ['the text of a token', raw],
    ['a copy of its members', { ...token, raw }],
    ['an object that inherits from it', Object.create(token)],
    ['an object with its prototype', Object.create(Object.getPrototypeOf(token) as object)],
    ['a proxy of it', new Proxy(token, {})],
    ['null', null],
    ['nothing', undefined],
  ])('refuses %s', (_what, value) => {
    expect(isAccessToken(value)).toBe(false)
  })

  test('refuses what the constructor of a token creates', () => {
    const Constructor = token.constructor as new (...given: unknown[]) => object
    expect(isAccessToken(new Constructor({ ...token, impliedScopes: [] }, 'forged'))).toBe(false)
  })
})

describe('rawOf', () => {
  test('is the text of the token, whatever other code makes of the property', () => {
    const disguised = Object.create(token, { raw: { value: 'forged' } }) as AccessToken
    expect(rawOf(token)).toBe(raw)
    expect(() => rawOf(disguised)).toThrow(TypeError)
  })
})

describe('identifyDecision', () => {
  test('gives the record of the same request an id, and that of no other request', async () => {
    const { gate, guards, pass, records, settle } = createGateHarness(optionsFor(issuer))
    const [first, second] = [{}, {}]
    for (const key of [first, second]) {
      await pass(key, guards.requireAuthentication(), bearer(raw))
    }
    const id = identifyDecision(gate.token(first)!)
    expect(identifyDecision(gate.token(first)!)).toBe(id)
    await settle(first)
    await settle(second)
    expect(records).toMatchObject([{ id }, {}])
    expect(records[1]).not.toHaveProperty('id')
  })
})
