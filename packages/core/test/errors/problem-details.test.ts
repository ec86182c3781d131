import { expect, test } from 'vitest'
import { ConfigError, type RefusalInfo, type RefusalBodyWriter } from '../../src/index.ts'
import { createGate } from '../../src/adapter.ts'
import { aud, bearer, openDesk, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const good = issuer.token({ aud })

test('it sees what the default answer says, and nothing else', async () => {
  const seen: RefusalInfo[] = []
  const refusalBody: RefusalBodyWriter = (refusal) => {
    seen.push(refusal)
    return { contentType: 'text/plain', body: refusal.detail }
  }
  const { guards, pass } = openDesk({ ...optionsFor(issuer), refusalBody })
  seen.length = 0
  await pass({}, guards.requireScope('b', 'a'), bearer(good))
  await pass({}, guards.requireAuthentication(), bearer('garbage'))
  expect(seen).toEqual([
    {
      ...{ status: 403, title: 'Forbidden', detail: 'The access token lacks a required scope' },
      ...{ error: 'insufficient_scope', scope: ['b', 'a'] },
    },
    {
      ...{ status: 401, title: 'Unauthorized', detail: 'The access token is not valid' },
      error: 'invalid_token',
    },
  ])
  expect(Object.isFrozen(seen[0]) && Object.isFrozen(seen[0]?.scope)).toBe(true)
})

test('the default is an RFC 9457 problem', async () => {
  const { guards, pass } = openDesk(optionsFor(issuer))
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

test('it is tried out with a refusal as any other', () => {
  const seen: RefusalInfo[] = []
  const refusalBody: RefusalBodyWriter = (refusal) => {
    seen.push(refusal)
    return works
  }
  createGate({ ...optionsFor(issuer), refusalBody })
  expect(seen).toEqual([
    { status: 401, title: 'Unauthorized', detail: 'This resource needs an access token' },
  ])
})

test.each(['text/html; charset=utf-8', 'a/b', '!#$/&~'])(
  'it may be of the type %s',
  async (contentType) => {
    const { guards, pass } = openDesk({
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
  ['returns an object for a body', (() => ({ ...works, body: {} })) as never],
  ['returns no content type', (() => ({ body: '' })) as never],
  ['returns a number for a content type', (() => ({ ...works, contentType: 1 })) as never],
  ['returns a content type that is none', () => ({ ...works, contentType: 'text' })],
  ['returns half a content type', () => ({ ...works, contentType: 'text/' })],
  ['returns the other half', () => ({ ...works, contentType: '/plain' })],
  ['returns an indented content type', () => ({ ...works, contentType: '\ttext/plain' })],
  ['returns a content type with a tab', () => ({ ...works, contentType: 'text/plain\t' })],
  [
    'returns a list that reads like a content type',
    (() => ({ ...works, contentType: ['text/plain'] })) as never,
  ],
  ['ends the header', () => ({ ...works, contentType: 'text/plain\r\nSet-Cookie: x=y' })],
])('one that %s dies at the start, and changes no refusal later', async (_what, broken) => {
  expect(() => createGate({ ...optionsFor(issuer), refusalBody: broken })).toThrow(ConfigError)

  let started = false
  const refusalBody: RefusalBodyWriter = (refusal) => (started ? broken(refusal) : works)
  const { guards, pass } = openDesk({ ...optionsFor(issuer), refusalBody })
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
      body: expect.stringContaining('This resource needs an access token'),
    },
  })
})

test('it has nothing to write where refusals are thrown', () => {
  const options = { ...optionsFor(issuer), onRefusal: 'throw', refusalBody: () => works } as const
  expect(() => createGate(options)).toThrow(ConfigError)
})
