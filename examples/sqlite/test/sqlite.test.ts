import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DecisionRecord } from '@resource-server/express'
import { expect, onTestFinished, test } from 'vitest'
import { DecisionStore } from '../src/decision-store.ts'

const issuer = 'https://as.example.com'
const actorOf = (subject: string, from = issuer) => ({ issuer: from, subject })

function record(
  changes: Partial<DecisionRecord>,
  ...actors: ReturnType<typeof actorOf>[]
): DecisionRecord {
  return {
    version: 1,
    time: '2026-11-24T10:00:00.000Z',
    outcome: 'granted',
    checks: [],
    issuer,
    subject: 'user-42',
    request: { method: 'GET', path: '/items/1' },
    ...(actors[0] && {
      actor: actors[0],
      chain: { actors, depth: actors.length, truncated: false },
    }),
    ...changes,
  }
}

const orderService = actorOf('order-service')
const userService = actorOf('user-service')
const query = { issuer, actor: 'order-service', subject: 'user-42', since: '2026-11-24' }

test('finds what an actor did for a user after the file is reopened', () => {
  const directory = mkdtempSync(join(tmpdir(), 'decisions-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'audit.db')
  const store = new DecisionStore(file)
  const refused = { outcome: 'refused', code: 'scope_insufficient', reason: 'x' } as const
  store.write(record({}, orderService, userService))
  store.write(record({ ...refused, time: '2026-11-24T11:00:00.000Z' }, orderService))
  // None of these match the query.
  store.write(record({ time: '2026-11-23T23:59:59.999Z' }, orderService))
  store.write(record({ subject: 'user-7' }, orderService))
  store.write(record({}, userService, orderService))
  store.write(record({}, actorOf('order-service', 'https://elsewhere.example')))
  store.write(record({}))
  store.close()

  const reopened = new DecisionStore(file)
  expect(reopened.requestsBy(query)).toEqual([
    {
      time: '2026-11-24T10:00:00.000Z',
      request: 'GET /items/1',
      outcome: 'granted',
      chain: 'user-42 ⇐ user-service ⇐ order-service',
    },
    {
      time: '2026-11-24T11:00:00.000Z',
      request: 'GET /items/1',
      outcome: 'refused',
      chain: 'user-42 ⇐ order-service',
    },
  ])
  reopened.close()
})

test('treats names with SQL in them as plain values', () => {
  const store = new DecisionStore(':memory:')
  const name = `'; DROP TABLE decision; --`
  store.write(record({ subject: name }, actorOf(name)))
  expect(store.requestsBy({ ...query, subject: name, actor: name })).toHaveLength(1)
  store.close()
})
