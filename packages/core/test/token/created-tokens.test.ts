import { describe, expect, test } from 'vitest'
import {
  forgetVerification,
  identifyDecision,
  isAccessToken,
  rawOf,
} from '../../src/verify/client.ts'
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

describe('forgetVerification', () => {
  test('makes the cache forget the token, and no other one', async () => {
    const verifier = createVerifier(optionsFor(issuer))
    const other = issuer.token({ aud })
    for (const jwt of [raw, other, raw, other]) await verifier.verify(jwt)
    const hits = (): number => verifier.health().cache?.hits ?? 0
    expect(hits()).toBe(0)
    const cached = await verifier.verify(raw)
    expect(hits()).toBe(1)
    forgetVerification(cached)
    await verifier.verify(raw)
    expect(hits()).toBe(1)
    await verifier.verify(other)
    expect(hits()).toBe(2)
    // The token was verified again, and is cached again.
    await verifier.verify(raw)
    expect(hits()).toBe(3)
  })

  test('refuses what no verifier created', () => {
    expect(() => forgetVerification({ ...token, raw })).toThrow(TypeError)
  })
})
