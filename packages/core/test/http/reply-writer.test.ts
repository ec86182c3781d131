import { expect, test } from 'vitest'
import { refuse } from '../../src/errors/refusal.ts'
import type { ReplySettings } from '../../src/http/challenge.ts'
import { replyTo } from '../../src/http/challenge.ts'
import { replyWriter } from '../../src/http/reply-writer.ts'

const settings: ReplySettings = {
  realm: 'api',
  resource: undefined,
  refusalBody: undefined,
  dpop: undefined,
}

test('two requests that are refused for the same reason get the same reply, which is frozen', () => {
  const write = replyWriter(settings)
  const first = write(refuse('token_expired', 'a', { claim: 'exp' }), { scheme: 'Bearer' })
  const second = write(refuse('token_expired', 'b', { explained: true }), { scheme: 'Bearer' })
  expect(second).toBe(first)
  expect(first).toEqual(replyTo(refuse('token_expired', ''), settings, { scheme: 'Bearer' }))
  expect(Object.isFrozen(first)).toBe(true)
  expect(Object.isFrozen(first.headers)).toBe(true)
})

test('so do two refusals with the same scheme and the same number of seconds', () => {
  const write = replyWriter(settings)
  for (const make of [
    () => refuse('credential_malformed', '', { scheme: 'Bearer' }),
    () => refuse('keys_unavailable', '', { retryAfter: 1 }),
  ]) {
    expect(write(make(), {})).toBe(write(make(), {}))
  }
})

test.each([
  ['another code', refuse('signature_invalid', ''), {}],
  ['another scheme', refuse('token_expired', ''), { scheme: 'DPoP' }],
  ['a scheme that only the refusal names', refuse('token_expired', '', { scheme: 'DPoP' }), {}],
  ['scopes', refuse('token_expired', '', { scope: ['a'] }), {}],
  ['classes of authentication', refuse('token_expired', '', { acrValues: ['a'] }), {}],
  ['a maximum age', refuse('token_expired', '', { maxAge: 1 }), {}],
  ['a hidden reason', refuse('token_expired', '', { hidden: true }), {}],
  ['a nonce of the request', refuse('token_expired', ''), { nonce: 'n' }],
  ['a nonce of the refusal', refuse('token_expired', '', { dpopNonce: 'n' }), {}],
] as const)('a reply with %s is its own', (_what, refusal, context) => {
  const write = replyWriter(settings)
  const plain = write(refuse('token_expired', ''), {})
  expect(write(refusal, context)).toEqual(replyTo(refusal, settings, context))
  expect(write(refusal, context)).not.toBe(plain)
  // Neither does it replace what other requests get.
  expect(write(refuse('token_expired', ''), {})).toEqual(plain)
})

test('a reply has the number of seconds of its own refusal', () => {
  const write = replyWriter(settings)
  const after = (retryAfter: number) =>
    write(refuse('keys_unavailable', '', { retryAfter }), {}).headers['Retry-After']
  expect([after(1), after(2), after(2)]).toEqual(['1', '2', '2'])
})

test("a user's function writes every body", () => {
  let count = 0
  const refusalBody = () => ({ contentType: 'text/plain', body: String((count += 1)) })
  const write = replyWriter({ ...settings, refusalBody })
  const body = () => write(refuse('token_expired', ''), {}).body
  expect([body(), body()]).toEqual(['1', '2'])
})
