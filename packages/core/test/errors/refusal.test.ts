import * as installed from '@resource-server/core'
import { describe, expect, test } from 'vitest'
import { codes } from '../../src/errors/codes.ts'
import {
  claimOf,
  ConfigError,
  refuse,
  shownEntry,
  VerificationError,
} from '../../src/errors/refusal.ts'

// The built package is a second copy of this one, like another version in node_modules.

test('refuse() returns a frozen value with the category of its code', () => {
  const refusal = refuse('token_expired', 'exp is 9 s ago')
  expect(Object.isFrozen(refusal)).toBe(true)
  expect(refusal).toMatchObject({ code: 'token_expired', category: 'refused', detail: {} })
  expect(refuse('keys_unavailable', 'no answer').category).toBe('unavailable')
})

test('claimOf returns the claim at fault, and an empty object if there is none', () => {
  expect(claimOf({ claim: 'exp', retryAfter: 2 })).toStrictEqual({ claim: 'exp' })
  expect(claimOf({ retryAfter: 2 })).toStrictEqual({})
})

test('shownEntry is the entry of the code, or that of an inactive token if the refusal is hidden', () => {
  expect(shownEntry(refuse('audience_mismatch', 'why'))).toBe(codes.audience_mismatch)
  expect(shownEntry(refuse('audience_mismatch', 'why', { hidden: true }))).toBe(
    codes.token_inactive,
  )
})

describe('ConfigError', () => {
  const make = () => new ConfigError('The audience is missing.', "Write audience: 'order-service'.")

  test('has a message with the problem and the fix', () => {
    const error = make()
    expect(error.message).toBe("The audience is missing. Write audience: 'order-service'.")
    expect(error).toMatchObject({ problem: 'The audience is missing.', name: 'ConfigError' })
    expect(error.fix).toBe("Write audience: 'order-service'.")
    expect(error).toBeInstanceOf(Error)
  })

  test('is recognized by another copy of the package, and only by its own class', () => {
    expect(make()).toBeInstanceOf(installed.ConfigError)
    expect(new installed.ConfigError('a', 'b')).toBeInstanceOf(ConfigError)
    expect(make()).not.toBeInstanceOf(VerificationError)
  })
})

describe('VerificationError', () => {
  const make = () =>
    new VerificationError(refuse('keys_unavailable', 'no answer', { retryAfter: 2, claim: 'iss' }))

  test('has the code, category, reason, retryAfter and claim of the refusal', () => {
    expect(make()).toMatchObject({
      name: 'VerificationError',
      code: 'keys_unavailable',
      category: 'unavailable',
      reason: 'no answer',
      retryAfter: 2,
      message: 'keys_unavailable: no answer',
    })
    expect(make().claim).toBe('iss')
  })

  test('does not show the claim to JSON.stringify, because a host may send an error as JSON', () => {
    expect(JSON.stringify(make())).not.toContain('iss')
  })

  test('omits the code and the reason from JSON and from copies', () => {
    expect(JSON.parse(JSON.stringify(make()))).toEqual({ category: 'unavailable', retryAfter: 2 })
    expect(Object.keys(Object.assign({}, make()))).toEqual(['category', 'retryAfter'])
  })

  test('accepts another message', () => {
    const error = new VerificationError(refuse('token_expired', 'exp is 9 s ago'), 'No.')
    expect(error).toMatchObject({ message: 'No.', reason: 'exp is 9 s ago', category: 'refused' })
  })

  test('is recognized by another copy of the package, and only by its own class', () => {
    expect(make()).toBeInstanceOf(installed.VerificationError)
    expect(make()).not.toBeInstanceOf(ConfigError)
  })

  test.each([undefined, null, 'ConfigError', {}, new Error('x')])(
    '%s is not an instance of either error class',
    (value) => {
      expect(value instanceof VerificationError || value instanceof ConfigError).toBe(false)
    },
  )
})

test.each([
  ['ConfigError', () => new ConfigError('a', 'b')],
  ['VerificationError', () => new VerificationError(refuse('token_expired', ''))],
])('%s has the brand that other copies look for, but not as an own property', (name, make) => {
  const brand = Symbol.for(`@resource-server/core ${name}`)
  expect(Reflect.get(make(), brand)).toBe(true)
  expect(Reflect.ownKeys(make())).not.toContain(brand)
})
