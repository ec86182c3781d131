import { describe, expect, test } from 'vitest'
import { RefusedRequest } from '../src/adapter.ts'
import { codes } from '../src/codes.ts'
import { refuse } from '../src/refusal.ts'
import { replyTo } from '../src/response.ts'

const plain = { realm: 'api', resource: undefined, refusalBody: undefined }

const challengeOf = (...refusal: Parameters<typeof refuse>): string | undefined =>
  replyTo(refuse(...refusal), plain).headers['WWW-Authenticate']

test('what nobody presented is challenged without an error code (RFC 6750 section 3.1)', () => {
  expect(challengeOf('credential_missing', '')).toBe('Bearer realm="api"')
})

test.each([
  ['a scope', { scope: ['orders:read', 'a/b'] }, 'scope="orders:read a/b"'],
  ['acr_values', { acrValues: ['mfa', 'hwk'] }, 'acr_values="mfa hwk"'],
  ['max_age', { maxAge: 0 }, 'max_age="0"'],
])('%s is named in the challenge', (_what, detail, named) => {
  expect(challengeOf('scope_insufficient', '', detail)).toMatch(new RegExp(`, ${named}$`))
})

test('a challenge names the metadata, last, and with whatever else it says', () => {
  const resource = { metadataUrl: 'https://api.example.com/.well-known/oauth-protected-resource' }
  const { headers } = replyTo(refuse('token_expired', ''), { ...plain, resource })
  expect(headers['WWW-Authenticate']).toBe(
    'Bearer realm="api", error="invalid_token", error_description="The access token expired", ' +
      `resource_metadata="${resource.metadataUrl}"`,
  )
})

test.each([
  ['a quote', 'a"b', String.raw`a\"b`],
  ['a backslash', 'a\\', 'a\\\\'],
  ['a line break and a header', 'a\r\nSet-Cookie: x=y', 'aSet-Cookie: x=y'],
  ['letters beyond ASCII', 'aäb', 'ab'],
  ['an escape that ends the string', 'a\\"', String.raw`a\\\"`],
])('%s cannot leave its quotes', (_what, realm, quoted) => {
  const { headers } = replyTo(refuse('credential_missing', ''), { ...plain, realm })
  expect(headers['WWW-Authenticate']).toBe(`Bearer realm="${quoted}"`)
})

describe.each(Object.keys(codes) as (keyof typeof codes)[])('%s', (code) => {
  const secret = 'the whole reason'
  const reply = replyTo(refuse(code, secret, { retryAfter: 3 }), plain)

  test('tells the caller its sentence and not its reason', () => {
    expect(JSON.stringify(reply)).not.toContain(secret)
    expect(JSON.parse(reply.body)).toMatchObject({ detail: codes[code].description })
  })

  test('is challenged where it was judged, and only there', () => {
    expect('WWW-Authenticate' in reply.headers).toBe(codes[code].category === 'refused')
  })

  test('is never cached', () => {
    expect(reply.headers).toMatchObject({ 'Cache-Control': 'no-store', 'Retry-After': '3' })
  })

  test('as an error says no more than the wire, and where it was made to nobody', () => {
    const error = new RefusedRequest(refuse(code, secret), reply)
    expect(error).toMatchObject({ code, status: reply.status, statusCode: reply.status })
    expect(error.headers).toBe(reply.headers)
    expect(error.message).toBe(codes[code].description)
    expect(error.stack).toBe(`VerificationError: ${error.message}`)
    expect(error.reason).toBe(secret)
  })
})
