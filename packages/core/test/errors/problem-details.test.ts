import { expect, test } from 'vitest'
import { ConfigError, type RefusalInfo, type RefusalBodyWriter } from '../../src/index.ts'
import { createGate } from '../../src/adapter.ts'
import { aud, bearer, createGateHarness, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const good = issuer.token({ aud })

test('refusalBody receives what the default response contains, and nothing else', async () => {
  const seen: RefusalInfo[] = []
  const refusalBody: RefusalBodyWriter = (refusal) => {
    seen.push(refusal)
    return { contentType: 'text/plain', body: refusal.detail }
  }
  const { guards, pass } = createGateHarness({ ...optionsFor(issuer), refusalBody })
  seen.length = 0
  await pass({}, guards.requireScope('b', 'a'), bearer(good))
  await pass({}, guards.requireAuthentication(), bearer('garbage'))
  expect(seen).toEqual([
    {
      status: 403,
      title: 'Forbidden',
      detail: 'The access token lacks a required scope',
      error: 'insufficient_scope',
      scope: ['b', 'a'],
    },
    {
      status: 401,
      title: 'Unauthorized',
      detail: 'The access token is not valid',
      error: 'invalid_token',
    },
  ])
  expect(Object.isFrozen(seen[0]) && Object.isFrozen(seen[0]?.scope)).toBe(true)
})

test('the default body is a problem details object (RFC 9457)', async () => {
  const { guards, pass } = createGateHarness(optionsFor(issuer))
  const result = await pass({}, guards.requireAuthentication(), bearer('garbage'))
  expect(result).toMatchObject({
    reply: {
      headers: { 'Content-Type': 'application/problem+json' },
      body:
        '{"type":"about:blank","title":"Unauthorized","status":401,' +
        '"detail":"The access token is not valid","error":"invalid_token"}',
    },
  })
})

test('refusalBody is called with an ordinary refusal when the gate is created', () => {
  const seen: RefusalInfo[] = []
  const refusalBody: RefusalBodyWriter = (refusal) => {
    seen.push(refusal)
    return works
  }
  createGate({ ...optionsFor(issuer), refusalBody })
  expect(seen).toEqual([
    { status: 401, title: 'Unauthorized', detail: 'An access token is required' },
  ])
})

test.each(['text/html; charset=utf-8', 'a/b', '!#$/&~'])(
  'refusalBody may return the content type %s',
  async (contentType) => {
    const { guards, pass } = createGateHarness({
      ...optionsFor(issuer),
      refusalBody: () => ({ contentType, body: '' }),
    })
    const result = await pass({}, guards.requireAuthentication())
    expect(result).toMatchObject({ reply: { headers: { 'Content-Type': contentType }, body: '' } })
  },
)

const works = { contentType: 'text/plain', body: 'no' }

test.each<readonly [string, RefusalBodyWriter]>([
  [
    'throws',
    () => {
      throw new Error('later')
    },
  ],
  ['rejects', (() => Promise.reject(new Error('later')).catch(() => works)) as never],
  ['returns nothing', (() => undefined) as never],
  ['returns an object as the body', (() => ({ ...works, body: {} })) as never],
  ['returns no content type', (() => ({ body: '' })) as never],
  ['returns a number as the content type', (() => ({ ...works, contentType: 1 })) as never],
  ['returns a content type without a slash', () => ({ ...works, contentType: 'text' })],
  ['returns a content type without a subtype', () => ({ ...works, contentType: 'text/' })],
  ['returns a content type without a type', () => ({ ...works, contentType: '/plain' })],
  ['returns a content type after a tab', () => ({ ...works, contentType: '\ttext/plain' })],
  ['returns a content type before a tab', () => ({ ...works, contentType: 'text/plain\t' })],
  [
    'returns a list with a content type',
    (() => ({ ...works, contentType: ['text/plain'] })) as never,
  ],
  [
    'returns a content type with a second header',
    () => ({ ...works, contentType: 'text/plain\r\nSet-Cookie: x=y' }),
  ],
])(
  'a refusalBody that %s is a ConfigError at startup, and gets the default body later',
  async (_what, broken) => {
    expect(() => createGate({ ...optionsFor(issuer), refusalBody: broken })).toThrow(ConfigError)

    let started = false
    const refusalBody: RefusalBodyWriter = (refusal) => (started ? broken(refusal) : works)
    const { guards, pass } = createGateHarness({ ...optionsFor(issuer), refusalBody })
    started = true
    expect(await pass({}, guards.requireAuthentication())).toEqual({
      action: 'reply',
      reply: {
        status: 401,
        headers: {
          'Content-Type': 'application/problem+json',
          'Cache-Control': 'no-store',
          'WWW-Authenticate': 'Bearer realm="api"',
        },
        body: expect.stringContaining('An access token is required'),
      },
    })
  },
)

test("refusalBody with onRefusal: 'throw' is a ConfigError", () => {
  const options = { ...optionsFor(issuer), onRefusal: 'throw', refusalBody: () => works } as const
  expect(() => createGate(options)).toThrow(ConfigError)
})
