import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DecisionRecord } from '@resource-server/express'
import { expect, onTestFinished, test } from 'vitest'
import { DecisionStore } from '../src/decision-store.ts'

const issuer = 'https://as.example.com'
const party = (subject: string, of = issuer) => ({ issuer: of, subject })

function record(
  change: Partial<DecisionRecord>,
  ...actors: ReturnType<typeof party>[]
): DecisionRecord {
  return {
    ...{ version: 1, time: '2026-11-24T10:00:00.000Z', outcome: 'granted', checks: [] },
    ...{ issuer, subject: 'user-42', request: { method: 'GET', path: '/items/1' } },
    ...(actors[0] && { actor: actors[0] }),
    ...(actors[0] && { chain: { actors, depth: actors.length, truncated: false } }),
    ...change,
  }
}

const order = party('order-service')
const user = party('user-service')
const question = {
  ...{ issuer, actor: 'order-service', subject: 'user-42', since: '2026-11-24' },
}

test('one query answers what an actor did for a user, on file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'decisions-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'audit.db')
  const store = new DecisionStore(file)
  const refused = { outcome: 'refused', code: 'scope_insufficient', reason: 'x' } as const
  store.write(record({}, order, user))
  store.write(record({ ...refused, time: '2026-11-24T11:00:00.000Z' }, order))
  // None of these are what was asked for.
  store.write(record({ time: '2026-11-23T23:59:59.999Z' }, order))
  store.write(record({ subject: 'user-7' }, order))
  store.write(record({}, user, order))
  store.write(record({}, party('order-service', 'https://elsewhere.example')))
  store.write(record({}))
  store.close()

  const again = new DecisionStore(file)
  expect(again.deedsOf(question)).toEqual([
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
  again.close()
})

test('names are values, whatever they are', () => {
  const store = new DecisionStore(':memory:')
  const name = `'; DROP TABLE decision; --`
  store.write(record({ subject: name }, party(name)))
  expect(store.deedsOf({ ...question, subject: name, actor: name })).toHaveLength(1)
  store.close()
})
