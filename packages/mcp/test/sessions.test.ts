import { expect, test } from 'vitest'
import { createSessions } from '../src/sessions.ts'
import {
  createMcp,
  initialize,
  legacy,
  openSession,
  resource,
  send,
  startIssuer,
  startWithSessions,
} from './support.ts'

const issuer = await startIssuer()
const token = issuer.token({ aud: resource, scope: 'mcp:basic', clientId: 'client-1' })

test('a session that its owner has ended does not exist any more', async () => {
  const { port } = await startWithSessions(createMcp(issuer))
  const session = await openSession(port, token)
  const headers = { 'Mcp-Session-Id': session }
  const stranger = issuer.token({ aud: resource, scope: 'mcp:basic', clientId: 'client-2' })
  expect(await send(port, { method: 'DELETE', token: stranger, headers })).toMatchObject({
    status: 404,
  })
  expect(await send(port, { method: 'DELETE', token, headers })).toMatchObject({ status: 200 })
  expect(await send(port, { token, ...legacy('tools/list', {}, session) })).toMatchObject({
    status: 404,
    body: expect.stringContaining('Session not found') as unknown,
  })
})

test('a token that lacks a scope does not open a session', async () => {
  const { port } = await startWithSessions(createMcp(issuer))
  const weak = issuer.token({ aud: resource, clientId: 'client-1' })
  const { status, headers } = await send(port, { token: weak, ...initialize() })
  expect([status, headers['mcp-session-id']]).toEqual([403, undefined])
})

test('a session that exists keeps its owner', () => {
  const sessions = createSessions()
  sessions.open('a', 'first')
  sessions.open('a', 'second')
  expect([sessions.belongsTo('a', 'first'), sessions.belongsTo('a', 'second')]).toEqual([
    true,
    false,
  ])
})

test('a caller that opens too many sessions loses its own oldest, not those of others', () => {
  const sessions = createSessions({ maxPerOwner: 2, maxSessions: 10 })
  sessions.open('x', 'other')
  for (const id of ['a', 'b', 'c']) sessions.open(id, 'caller')
  const open = ['a', 'b', 'c'].filter((id) => sessions.belongsTo(id, 'caller'))
  expect(open).toEqual(['b', 'c'])
  expect(sessions.belongsTo('x', 'other')).toBe(true)
})

test('the number of all sessions is limited', () => {
  const sessions = createSessions({ maxPerOwner: 2, maxSessions: 3 })
  for (const id of ['a', 'b', 'c', 'd']) sessions.open(id, id)
  expect(['a', 'b', 'c', 'd'].filter((id) => sessions.belongsTo(id, id))).toEqual(['b', 'c', 'd'])
  sessions.end('b')
  sessions.end('b')
  sessions.open('e', 'e')
  expect(['c', 'd', 'e'].filter((id) => sessions.belongsTo(id, id))).toEqual(['c', 'd', 'e'])
})
