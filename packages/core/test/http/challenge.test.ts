import { describe, expect, test, vi } from 'vitest'
import { RequestRefusedError } from '../../src/adapter.ts'
import { readDpop } from '../../src/config/dpop.ts'
import { codes } from '../../src/errors/codes.ts'
import { refuse, VerificationError } from '../../src/errors/refusal.ts'
import type { RefusalInfo } from '../../src/errors/problem-details.ts'
import { nonceHeaders, replyTo } from '../../src/http/challenge.ts'

const plain = { realm: 'api', resource: undefined, refusalBody: undefined, dpop: undefined }

const challengeOf = (...refusal: Parameters<typeof refuse>): string | undefined =>
  replyTo(refuse(...refusal), plain).headers['WWW-Authenticate']

test('the challenge for a missing credential has no error code (RFC 6750 section 3.1)', () => {
  expect(challengeOf('credential_missing', '')).toBe('Bearer realm="api"')
})

test.each([
  ['a scope', { scope: ['orders:read', 'a/b'] }, 'scope="orders:read a/b"'],
  ['acr_values', { acrValues: ['mfa', 'hwk'] }, 'acr_values="mfa hwk"'],
  ['max_age', { maxAge: 0 }, 'max_age="0"'],
])('the challenge contains %s', (_what, detail, parameter) => {
  expect(challengeOf('scope_insufficient', '', detail)).toMatch(new RegExp(`, ${parameter}$`))
})

test('resource_metadata is the last parameter of a challenge', () => {
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
  ['a letter that is not ASCII', 'aäb', 'ab'],
  ['an escaped quote at the end', 'a\\"', String.raw`a\\\"`],
])('%s in the realm is escaped or removed', (_what, realm, quoted) => {
  const { headers } = replyTo(refuse('credential_missing', ''), { ...plain, realm })
  expect(headers['WWW-Authenticate']).toBe(`Bearer realm="${quoted}"`)
})

describe('with DPoP, a challenge for each scheme is sent', () => {
  const error = 'error="invalid_token", error_description="The access token expired"'
  const algorithms = 'algs="ES256 EdDSA Ed25519 RS256 PS256"'
  type Scheme = 'Bearer' | 'DPoP'

  test.each<readonly [mode: 'allowed' | 'required' | 'off', scheme: Scheme | undefined, string]>([
    ['allowed', 'Bearer', `Bearer realm="api", ${error}, DPoP realm="api", ${algorithms}`],
    ['allowed', 'DPoP', `Bearer realm="api", DPoP realm="api", ${algorithms}, ${error}`],
    [
      'allowed',
      undefined,
      `Bearer realm="api", ${error}, DPoP realm="api", ${algorithms}, ${error}`,
    ],
    ['required', 'Bearer', `DPoP realm="api", ${algorithms}, ${error}`],
    ['required', 'DPoP', `DPoP realm="api", ${algorithms}, ${error}`],
    ['off', 'DPoP', `Bearer realm="api", ${error}`],
  ])('if it is %s, for a request with the scheme %s', (mode, scheme, expected) => {
    const settings = { ...plain, dpop: readDpop(mode) }
    const refusal = refuse('token_expired', '')
    expect(replyTo(refusal, settings, { scheme }).headers['WWW-Authenticate']).toBe(expected)
    const named = refuse('token_expired', '', { ...(scheme && { scheme }) })
    expect(replyTo(named, settings).headers['WWW-Authenticate']).toBe(expected)
  })

  test('and a nonce, which scripts of other origins can read', () => {
    const nonce = {
      'DPoP-Nonce': 'n',
      'Access-Control-Expose-Headers': 'DPoP-Nonce, WWW-Authenticate',
    }
    const refusal = refuse('proof_nonce_required', '', { dpopNonce: 'n' })
    const settings = { ...plain, dpop: readDpop('allowed') }
    expect(replyTo(refusal, settings).headers).toMatchObject(nonce)
    expect(replyTo(refuse('token_expired', ''), settings, { nonce: 'n' }).headers).toMatchObject(
      nonce,
    )
    expect(replyTo(refuse('token_expired', ''), settings).headers).not.toHaveProperty('DPoP-Nonce')
  })

  test.each<readonly [exposed: unknown, expected: string]>([
    [undefined, 'DPoP-Nonce, WWW-Authenticate'],
    [7, 'DPoP-Nonce, WWW-Authenticate'],
    ['X-A', 'X-A, DPoP-Nonce, WWW-Authenticate'],
    [' X-A ,, X-B', 'X-A, X-B, DPoP-Nonce, WWW-Authenticate'],
    [['X-A', 'X-B'], 'X-A, X-B, DPoP-Nonce, WWW-Authenticate'],
    ['www-authenticate', 'www-authenticate, DPoP-Nonce'],
    ['DPOP-NONCE, WWW-Authenticate', 'DPOP-NONCE, WWW-Authenticate'],
  ])('if the application exposes %j, a nonce exposes %j', (exposed, expected) => {
    const responseHeader = vi.fn<(name: string) => unknown>(() => exposed)
    expect(nonceHeaders('n', responseHeader)).toEqual({
      'DPoP-Nonce': 'n',
      'Access-Control-Expose-Headers': expected,
    })
    expect(responseHeader).toHaveBeenCalledExactlyOnceWith('access-control-expose-headers')
  })
})

describe.each(Object.keys(codes) as (keyof typeof codes)[])('the reply for %s', (code) => {
  const secret = 'the internal reason'
  const reply = () => replyTo(refuse(code, secret, { retryAfter: 3 }), plain)

  test('contains the description of the code, not the reason', () => {
    expect(JSON.stringify(reply())).not.toContain(secret)
    expect(JSON.parse(reply().body)).toMatchObject({ detail: codes[code].description })
  })

  test('has a challenge if the request was refused, but not if the result is unavailable', () => {
    expect('WWW-Authenticate' in reply().headers).toBe(codes[code].category === 'refused')
  })

  test('cannot be cached', () => {
    expect(reply().headers).toMatchObject({ 'Cache-Control': 'no-store', 'Retry-After': '3' })
  })

  test('becomes an error with the same data and without a stack trace', () => {
    const sent = reply()
    const error = new RequestRefusedError(refuse(code, secret), sent)
    expect(error).toMatchObject({ code, status: sent.status, statusCode: sent.status })
    expect(error.headers).toEqual(sent.headers)
    // Code that handles the error may add to them, and other requests get the same reply.
    expect(error.headers).not.toBe(sent.headers)
    expect(error.body).toBe(sent.body)
    expect(error.message).toBe(codes[code].description)
    expect(error.stack).toBe(`VerificationError: ${error.message}`)
    expect(error.reason).toBe(secret)
    expect(error.expose).toBe(codes[code].category === 'refused')
  })
})

describe('the whole reply', () => {
  const problem = { type: 'about:blank', title: 'Unauthorized', status: 401 }
  const headers = { 'Content-Type': 'application/problem+json', 'Cache-Control': 'no-store' }

  test('for a missing credential', () => {
    const { body, ...rest } = replyTo(refuse('credential_missing', ''), plain)
    const challenge = 'Bearer realm="api"'
    expect(rest).toStrictEqual({
      status: 401,
      headers: { ...headers, 'WWW-Authenticate': challenge },
    })
    expect(JSON.parse(body)).toStrictEqual({
      ...problem,
      detail: 'An access token is required',
    })
  })

  test('for an expired token, with the details of a refusal', () => {
    const refusal = refuse('token_expired', '', { scope: ['a', 'b'], acrValues: ['c'], maxAge: 5 })
    const { body, ...rest } = replyTo(refusal, plain)
    const challenge =
      'Bearer realm="api", error="invalid_token", error_description="The access token expired", ' +
      'scope="a b", acr_values="c", max_age="5"'
    expect(rest).toStrictEqual({
      status: 401,
      headers: { ...headers, 'WWW-Authenticate': challenge },
    })
    expect(JSON.parse(body)).toStrictEqual({
      ...problem,
      detail: 'The access token expired',
      error: 'invalid_token',
    })
  })

  test('for unavailable keys', () => {
    const { body, ...rest } = replyTo(refuse('keys_unavailable', '', { retryAfter: 0 }), plain)
    expect(rest).toStrictEqual({ status: 503, headers: { ...headers, 'Retry-After': '0' } })
    expect(JSON.parse(body)).toStrictEqual({
      ...problem,
      title: 'Service Unavailable',
      status: 503,
      detail: 'The access token cannot be verified at the moment',
    })
  })
})

describe('refusalBody', () => {
  const write = ({ status, detail }: RefusalInfo) => ({
    contentType: 'text/plain',
    body: `${status} ${detail}`,
  })

  test('writes the body of the reply', () => {
    const reply = replyTo(refuse('token_expired', ''), { ...plain, refusalBody: write })
    expect(reply.headers).toMatchObject({ 'Content-Type': 'text/plain' })
    expect(reply.body).toBe('401 The access token expired')
  })

  test('is replaced by the default body if it throws', () => {
    const reply = replyTo(refuse('token_expired', ''), {
      ...plain,
      refusalBody: () => {
        throw new Error('a fault')
      },
    })
    expect(reply).toEqual(replyTo(refuse('token_expired', ''), plain))
  })

  test.each<readonly [string, Parameters<typeof refuse>, object]>([
    [
      'only the status for a missing credential',
      ['credential_missing', 'why'],
      { status: 401, title: 'Unauthorized', detail: 'An access token is required' },
    ],
    [
      'the error and the scopes of a challenge',
      ['scope_insufficient', 'why', { scope: ['a'], acrValues: ['b'], maxAge: 1 }],
      {
        status: 403,
        title: 'Forbidden',
        detail: 'The access token lacks a required scope',
        error: 'insufficient_scope',
        scope: ['a'],
      },
    ],
    [
      'retryAfter with status 503',
      ['verification_failed', 'why', { retryAfter: 1 }],
      {
        status: 503,
        title: 'Service Unavailable',
        retryAfter: 1,
        detail: 'The access token cannot be verified at the moment',
      },
    ],
  ])('receives %s', (_what, refusal, view) => {
    const received: RefusalInfo[] = []
    const refusalBody = (info: RefusalInfo) => (received.push(info), write(info))
    replyTo(refuse(...refusal), { ...plain, refusalBody })
    expect(received).toStrictEqual([view])
    expect(Object.isFrozen(received[0])).toBe(true)
  })
})

test('instanceof RequestRefusedError works across copies of the package', () => {
  const refusal = refuse('token_expired', '')
  const error = new RequestRefusedError(refusal, replyTo(refusal, plain))
  expect(error).toBeInstanceOf(RequestRefusedError)
  expect(error).toBeInstanceOf(VerificationError)
  expect(new VerificationError(refusal)).not.toBeInstanceOf(RequestRefusedError)
  const mark = Symbol.for('@resource-server/core RequestRefusedError')
  expect(Reflect.get(error, mark)).toBe(true)
  expect(Object.create({ [mark]: true })).toBeInstanceOf(RequestRefusedError)
})
