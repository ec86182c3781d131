import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { pseudonymize, pseudonymous } from '../../src/audit/pseudonym.ts'
import type { RecordBody } from '../../src/options/decision-record.ts'

const text = 'a key of thirty-two bytes or more'
const key = new TextEncoder().encode(text)
const issuer = 'https://as.example'
const body: RecordBody = { time: '', outcome: 'granted', checks: [] }
const pseudonymOf = (name: string): string =>
  `hmac-sha256:${createHmac('sha256', text).update(name).digest('base64url')}`

test.each([
  ['a string', text],
  ['bytes', key],
])('pseudonymize returns a prefixed HMAC with a key given as %s', (_what, keyForm) => {
  expect(pseudonymize(keyForm, 'user-42')).toBe(pseudonymOf('user-42'))
})

test('a record without names is not changed', () => {
  expect(pseudonymous(body, key)).toStrictEqual(body)
})

test('the subject is replaced', () => {
  expect(pseudonymous({ ...body, subject: 'a' }, key)).toStrictEqual({
    ...body,
    subject: pseudonymOf('a'),
  })
})

describe('the subject of an actor, in actor and in chain', () => {
  const person = { issuer, subject: 'agent-7' }
  const service = { issuer, subject: 'shop', clientId: 'shop' }
  const personWithClient = { issuer, subject: 'agent-8', clientId: 'shop' }

  test.each([
    [
      'is replaced if the actor has no client ID',
      person,
      { issuer, subject: pseudonymOf('agent-7') },
    ],
    ['is kept if it is the client ID', service, service],
    [
      'is replaced if the client ID is different',
      personWithClient,
      { issuer, subject: pseudonymOf('agent-8'), clientId: 'shop' },
    ],
  ])('%s', (_what, actor, shown) => {
    const chain = { actors: [actor], depth: 2, truncated: true }
    expect(pseudonymous({ ...body, actor, chain }, key)).toStrictEqual({
      ...body,
      actor: shown,
      chain: { ...chain, actors: [shown] },
    })
  })
})

test('the path of the request is removed, because it may contain a name', () => {
  const request = { method: 'GET', path: '/users/user-42', route: '/users/:id' }
  expect(pseudonymous({ ...body, request }, key)).toStrictEqual({
    ...body,
    request: { method: 'GET', route: '/users/:id' },
  })
})

test('quoted names in the reason are replaced, and the other text is kept', () => {
  const chain = { actors: [{ issuer, subject: 'b"c' }], depth: 1, truncated: false }
  const actors = [...chain.actors, { issuer, subject: 'shop', clientId: 'shop' }]
  const reason = String.raw`"a" is not "b\"c", and "a" is not "shop" or a`
  const record = { ...body, subject: 'a', chain: { ...chain, actors }, reason }
  expect(pseudonymous(record, key).reason).toBe(
    `"${pseudonymOf('a')}" is not "${pseudonymOf('b"c')}", and "${pseudonymOf('a')}" is not "shop" or a`,
  )
})
