import { describe, expect, test } from 'vitest'
import { authenticateOnly } from '../../src/guards/guards.ts'
import { GuardsMade } from '../../src/http/guards-made.ts'

test.each([() => {}, {}, []])('what the host made of a guard leads back to it', (handler) => {
  const made = new GuardsMade()
  expect(made.add(handler, authenticateOnly)).toBe(handler)
  expect(made.guardOf(handler)).toBe(authenticateOnly)
})

describe('what leads to no guard', () => {
  test.each([undefined, null, 'name', 7, Symbol('handler'), {}, () => {}])('%s', (other) => {
    const made = new GuardsMade()
    made.add({}, authenticateOnly)
    expect(made.guardOf(other)).toBeUndefined()
  })

  test.each([undefined, null, 'name', 7])('and what a host made of it is %s', (handler) => {
    const made = new GuardsMade()
    expect(made.add(handler, authenticateOnly)).toBe(handler)
    expect(made.guardOf(handler)).toBeUndefined()
  })
})

test('the scopes are those of all guards, once each', () => {
  const made = new GuardsMade()
  made.add({}, authenticateOnly)
  expect([...made.scopes]).toEqual([])
  made.add({}, { ...authenticateOnly, scopeNeed: { all: ['b', 'a'] } })
  made.add('handler', { ...authenticateOnly, scopeNeed: { any: ['a', 'c'] } })
  expect([...made.scopes]).toEqual(['b', 'a', 'c'])
})
