import { describe, expect, test } from 'vitest'
import { codes, titles } from '../src/codes.ts'

const rows = Object.entries(codes)

/** What a status may say in the challenge: RFC 6750 section 3.1, RFC 9470 section 3. */
const errorsOf: Readonly<Record<number, readonly (string | undefined)[]>> = {
  400: ['invalid_request'],
  401: [undefined, 'invalid_token', 'insufficient_user_authentication'],
  403: [undefined, 'insufficient_scope'],
  503: [undefined],
}

describe.each(rows)('%s', (_code, { category, status, error, description, spec }) => {
  test('is unavailable exactly where its status is 503', () => {
    expect(category === 'unavailable').toBe(status === 503)
  })

  test('has an error that its status may carry, and a title', () => {
    expect(errorsOf[status]).toContain(error)
    expect(titles[status]).toMatch(/^[A-Z]/)
  })

  test('is described in characters that need no escape in a challenge', () => {
    expect(description).toMatch(/^[A-Z][\x20\x21\x23-\x5b\x5d-\x7e]+[^.]$/)
  })

  test('says where the rule stands', () => {
    expect(spec).toMatch(/^https:\/\/www\.rfc-editor\.org\/rfc\/rfc\d{4}#section-[\d.]+$/)
  })
})

test('nobody can change the table', () => {
  expect([codes, ...Object.values(codes)].every((row) => Object.isFrozen(row))).toBe(true)
})
