import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { pseudonymize, pseudonymous } from '../../src/audit/pseudonym.ts'
import type { RecordBody } from '../../src/options/decision-record.ts'

const text = 'a key of thirty-two bytes or more'
const key = new TextEncoder().encode(text)
const issuer = 'https://as.example'
const body: RecordBody = { time: '', outcome: 'granted', checks: [] }
const hashed = (name: string): string =>
  `hmac-sha256:${createHmac('sha256', text).update(name).digest('base64url')}`

test.each([
  ['text', text],
  ['bytes', key],
])('it is an HMAC under a key of %s, and says so', (_what, given) => {
  expect(pseudonymize(given, 'user-42')).toBe(hashed('user-42'))
})

test('a record of nobody stays as it is', () => {
  expect(pseudonymous(body, key)).toStrictEqual(body)
})

test('the subject is hashed', () => {
  expect(pseudonymous({ ...body, subject: 'a' }, key)).toStrictEqual({
    ...body,
    subject: hashed('a'),
  })
})

describe('an actor', () => {
  const person = { issuer, subject: 'agent-7' }
  const service = { issuer, subject: 'shop', clientId: 'shop' }
  const ofClient = { issuer, subject: 'agent-8', clientId: 'shop' }

  test.each([
    ['without a client id is hashed', person, { issuer, subject: hashed('agent-7') }],
    ['of the name of its client stays', service, service],
    [
      'beside its client is hashed',
      ofClient,
      { issuer, subject: hashed('agent-8'), clientId: 'shop' },
    ],
  ])('%s, alone and in its chain', (_what, actor, shown) => {
    const chain = { actors: [actor], depth: 2, truncated: true }
    expect(pseudonymous({ ...body, actor, chain }, key)).toStrictEqual({
      ...body,
      actor: shown,
      chain: { ...chain, actors: [shown] },
    })
  })
})

test('of the request, the path is left out: it often names somebody', () => {
  const request = { method: 'GET', path: '/users/user-42', route: '/users/:id' }
  expect(pseudonymous({ ...body, request }, key)).toStrictEqual({
    ...body,
    request: { method: 'GET', route: '/users/:id' },
  })
})

test('a reason keeps its words, and no name that it quotes', () => {
  const chain = { actors: [{ issuer, subject: 'b"c' }], depth: 1, truncated: false }
  const actors = [...chain.actors, { issuer, subject: 'shop', clientId: 'shop' }]
  const reason = String.raw`"a" is not "b\"c", and "a" is not "shop" or a`
  const record = { ...body, subject: 'a', chain: { ...chain, actors }, reason }
  expect(pseudonymous(record, key).reason).toBe(
    `"${hashed('a')}" is not "${hashed('b"c')}", and "${hashed('a')}" is not "shop" or a`,
  )
})
