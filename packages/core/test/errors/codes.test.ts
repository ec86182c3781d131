import { describe, expect, test } from 'vitest'
import { codes, explanationOf, titles } from '../../src/errors/codes.ts'

const rows = Object.entries(codes)

const bare = ['credential_missing', 'credential_scheme_unsupported']
const opaque = 'The access token is not valid'

/** The error in the challenge of each status: RFC 6750 section 3.1, RFC 9470 section 3, RFC 9449 section 7.1. */
const errorOf = (code: string, status: number): string | undefined => {
  if (code === 'authentication_insufficient') return 'insufficient_user_authentication'
  if (code === 'proof_nonce_required') return 'use_dpop_nonce'
  if (code.startsWith('proof_')) return 'invalid_dpop_proof'
  if (bare.includes(code)) return undefined
  if (status === 403) return code.endsWith('_insufficient') ? 'insufficient_scope' : undefined
  return { 400: 'invalid_request', 401: 'invalid_token' }[status]
}

describe.each(rows)('the code %s', (code, entry) => {
  test('is unavailable if its status is 503, and refused otherwise', () => {
    expect(entry.category).toBe(entry.status === 503 ? 'unavailable' : 'refused')
  })

  test('has the error for its status, and the status has a reason phrase', () => {
    expect(entry.error).toBe(errorOf(code, entry.status))
    expect(titles[entry.status]).toMatch(/^[A-Z]/)
  })

  test('has a description that needs no escaping in a challenge', () => {
    expect(entry.description).toMatch(/^[A-Z][\x20\x21\x23-\x5b\x5d-\x7e]+[^.]$/)
  })

  test('links to the RFC section with the rule', () => {
    expect(entry.spec).toMatch(/^https:\/\/www\.rfc-editor\.org\/rfc\/rfc\d{4}#section-[\d.]+$/)
  })
})

test('a code is explained in its section of docs/codes.md', () => {
  expect(explanationOf('token_expired')).toBe('docs/codes.md#token_expired')
})

test('the table of codes is frozen', () => {
  expect([codes, ...Object.values(codes)].every((row) => Object.isFrozen(row))).toBe(true)
})

test('refusals before the signature is verified, and of inactive tokens, have the same description, and no others do', () => {
  const start = rows.findIndex(([code]) => code === 'token_too_large')
  const end = rows.findIndex(([code]) => code === 'signature_invalid')
  const early = rows.slice(start, end + 1)
  expect(early.map(([, { description }]) => description)).toEqual(early.map(() => opaque))
  const inactive = rows.filter(([code]) => code === 'token_inactive')
  expect(rows.filter(([, { description }]) => description === opaque)).toEqual([
    ...early,
    ...inactive,
  ])
})
