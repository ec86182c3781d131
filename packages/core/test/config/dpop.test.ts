import { describe, expect, test } from 'vitest'
import { readDpop } from '../../src/config/dpop.ts'
import { createPolicy, type Policy } from '../../src/config/policy.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

const issuer = 'https://as.example.com'
const publicUrl = 'https://api.example.com'
const policyOf = (options: object, kind: 'verifier' | 'resource server'): Policy =>
  createPolicy({ issuer, audience: 'orders', ...options }, kind)
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const secret = 's'.repeat(32)

const defaults = {
  mode: 'allowed',
  algorithms: ['ES256', 'EdDSA', 'RS256', 'PS256'],
  maxAge: 60,
  maxProofs: 100_000,
  store: undefined,
  nonceSecrets: undefined,
}

describe('dpop', () => {
  test.each<readonly [value: unknown, settings: object | undefined]>([
    ['allowed', defaults],
    ['required', { ...defaults, mode: 'required' }],
    ['off', undefined],
    [{}, defaults],
    [
      { mode: 'required', maxAge: 30 },
      { ...defaults, mode: 'required', maxAge: 30 },
    ],
    [{ algorithms: ['ES256', 'ES256'] }, { ...defaults, algorithms: ['ES256'] }],
  ])('%j becomes the settings %j', (value, settings) => {
    expect(readDpop(value)).toStrictEqual(settings)
  })

  test('gives settings that are frozen', () => {
    expect(Object.isFrozen(readDpop('allowed'))).toBe(true)
  })

  test.each(['', 'on', 'Required'])('is not %j', (value) => {
    expect(() => readDpop(value)).toThrow(
      new ConfigError(
        "'dpop' must be 'allowed', 'required', 'off', or an object.",
        "Set dpop: 'required', or dpop: { mode: 'required', maxAge: 60 }.",
      ),
    )
  })

  test.each([
    [true, 'An object of dpop options is required, got a boolean.'],
    [{ mode: 'off' }, "'mode' must be one of 'allowed', 'required'."],
    [{ maxage: 1 }, "Unknown dpop option 'maxage'. Did you mean 'maxAge'?"],
    [{ maxAge: 0 }, "'maxAge' must be a number from 1 to 300, got 0."],
    [{ maxAge: 301 }, "'maxAge' must be a number from 1 to 300, got 301."],
    [{ maxProofs: 1 }, "'maxProofs' must be a whole number from 2 to 10000000, got 1."],
    [{ maxProofs: 2.5 }, "'maxProofs' must be a whole number from 2 to 10000000, got 2.5."],
    [{ algorithms: [] }, "'dpop.algorithms' must be a non-empty array of supported algorithms."],
  ])('%j is refused: %s', (value, message) => {
    expect(() => readDpop(value)).toThrow(message)
  })
})

describe('dpop.store', () => {
  const consume = (): boolean => true

  test.each([
    ['without a start', { consume }],
    ['with a start', { consume, since: 1_700_000_000_000 }],
  ])('is kept: one %s', (_what, store) => {
    expect(readDpop({ store })?.store).toBe(store)
  })

  test.each([null, {}, { consume: 1 }])('%j is refused', (store) => {
    expect(() => readDpop({ store })).toThrow(
      new ConfigError(
        "'dpop.store' must have the method consume().",
        'Add it, or leave store out.',
      ),
    )
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, '2026-01-01T00:00:00Z', null])(
    'that starts at %s is refused',
    (since) => {
      expect(() => readDpop({ store: { consume, since } })).toThrow(
        new ConfigError(
          "'dpop.store.since' must be a time in milliseconds.",
          'Set it to the time at which the store was empty, in milliseconds since the epoch.',
        ),
      )
    },
  )
})

describe('dpop.nonceSecret', () => {
  test.each<readonly [what: string, value: unknown, secrets: readonly Uint8Array[]]>([
    ['one secret', secret, [bytes(secret)]],
    ['a list', [secret, `${secret}!`], [bytes(secret), bytes(`${secret}!`)]],
  ])('is read as bytes: %s', (_what, nonceSecret, secrets) => {
    const settings = readDpop({ nonceSecret })
    expect(settings?.nonceSecrets).toStrictEqual(secrets)
    expect(Object.isFrozen(settings?.nonceSecrets)).toBe(true)
    expect(settings).not.toHaveProperty('nonceSecret')
  })

  test.each([
    ['a short string', secret.slice(1)],
    ['an empty list', []],
    ['a list with one short string', [secret, secret.slice(1)]],
    ['a list with a long list', [Array.from(secret)]],
    ['bytes', bytes(secret)],
  ])('is not %s', (_what, nonceSecret) => {
    expect(() => readDpop({ nonceSecret })).toThrow(
      new ConfigError(
        "'dpop.nonceSecret' must be a string of at least 32 characters, or a list of them.",
        'Generate one: openssl rand -base64 32.',
      ),
    )
  })
})

describe('where dpop applies', () => {
  test.each<readonly [what: string, options: object, mode: string | undefined]>([
    ['allowed with publicUrl', { publicUrl }, 'allowed'],
    ['allowed with resource', { resource: publicUrl }, 'allowed'],
    ['off without a URL', {}, undefined],
    ['required if that is set', { publicUrl, dpop: 'required' }, 'required'],
    ['off if that is set', { publicUrl, dpop: 'off' }, undefined],
    ['off without a URL if that is set', { dpop: 'off' }, undefined],
  ])('a resource server has it %s', (_what, options, mode) => {
    expect(policyOf(options, 'resource server').dpop?.mode).toBe(mode)
  })

  test.each(['allowed', 'required', {}])('%j requires a URL of the resource server', (dpop) => {
    expect(() => policyOf({ dpop }, 'resource server')).toThrow(
      new ConfigError(
        "'dpop' requires the URL that clients use for this service.",
        "Set publicUrl: 'https://api.example.com', or dpop: 'off'.",
      ),
    )
  })

  test.each<readonly [options: object, mode: string | undefined]>([
    [{}, 'allowed'],
    [{ dpop: 'required' }, 'required'],
    [{ dpop: 'off' }, undefined],
  ])('a verifier with %j has the mode %s', (options, mode) => {
    expect(policyOf(options, 'verifier').dpop?.mode).toBe(mode)
  })

  test('a verifier has no response for a nonce', () => {
    const dpop = { nonceSecret: secret }
    expect(() => policyOf({ dpop }, 'verifier')).toThrow(
      new ConfigError(
        "'dpop.nonceSecret' has no effect without HTTP.",
        'Use it with a resource server, or leave it out.',
      ),
    )
    const secrets = policyOf({ dpop, publicUrl }, 'resource server').dpop?.nonceSecrets
    expect(secrets).toStrictEqual([bytes(secret)])
  })
})
