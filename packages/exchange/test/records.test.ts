import { createHash } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import process from 'node:process'
import { pseudonymize } from '@resource-server/core'
import { expect, onTestFinished, test } from 'vitest'
import { type ExchangeRecord, nextHop } from '../src/index.ts'
import { errorOf, setUp } from './support.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')

/** The messages of the process warnings of this project, from now on. */
function warnings(): string[] {
  const messages: string[] = []
  const add = ({ name, message }: Error): void => {
    if (name === 'ResourceServerWarning') messages.push(message)
  }
  process.on('warning', add)
  onTestFinished(() => void process.off('warning', add))
  return messages
}

/** Node emits a warning in the next tick. */
const nextTick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('records are published on the channel without an option', async () => {
  const records: unknown[] = []
  const listener = (record: unknown): void => void records.push(record)
  subscribe('resource-server:exchange', listener)
  onTestFinished(() => void unsubscribe('resource-server:exchange', listener))
  const { hop, subject } = await setUp()
  await hop.token(await subject())
  expect(records).toMatchObject([{ kind: 'exchange', outcome: 'exchanged' }])
  expect(Object.isFrozen(records.at(0))).toBe(true)
})

test('a token without a jti is named by its hash', async () => {
  const records: ExchangeRecord[] = []
  const { issuer, hop, subject } = await setUp({ onExchange: (record) => records.push(record) })
  issuer.tokenEndpoint.alter({ access_token: 'opaque' })
  const caller = await subject({ claims: { jti: undefined } })
  await hop.token(caller)
  expect(records).toMatchObject([
    { subjectTokenSha256: sha256(caller.raw), tokenSha256: sha256('opaque') },
  ])
  expect(records.at(0)).not.toHaveProperty('jti')
  expect(records.at(0)).not.toHaveProperty('subjectJti')
})

test('a narrower scope is reported, and the token is used', async () => {
  const records: ExchangeRecord[] = []
  const { issuer, options, subject } = await setUp()
  issuer.tokenEndpoint.alter({ scope: 'stock:read' })
  const hop = nextHop({
    ...options,
    scope: 'stock:read stock:write',
    onExchange: (record) => records.push(record),
  })
  expect(await hop.token(await subject())).toMatchObject({ scopes: ['stock:read'] })
  expect(records).toMatchObject([{ outcome: 'exchanged', anomalies: ['scope_narrower'] }])
})

test('the subject is replaced with its pseudonym', async () => {
  const records: ExchangeRecord[] = []
  const pseudonymKey = 'k'.repeat(32)
  const { hop, subject } = await setUp({
    records: { pseudonymKey },
    onExchange: (record) => records.push(record),
  })
  await hop.token(await subject({ sub: 'alex@example.com' }))
  expect(records).toMatchObject([{ subject: pseudonymize(pseudonymKey, 'alex@example.com') }])
  expect(JSON.stringify(records)).not.toContain('alex')
})

test.each<[string, () => unknown]>([
  [
    'throws',
    () => {
      throw new Error('full')
    },
  ],
  ['rejects', () => Promise.reject(new Error('full'))],
])('a function in onExchange that %s does not affect the call', async (_what, onExchange) => {
  const { hop, subject } = await setUp({ onExchange, log: 'off' })
  expect(await hop.token(await subject())).toMatchObject({ tokenType: 'Bearer' })
  await nextTick()
})

test('the operator is warned once about a problem, and again after it was solved', async () => {
  const messages = warnings()
  const { issuer, hop, subject } = await setUp()
  const refuse = async (): Promise<void> => {
    issuer.tokenEndpoint.refuse('invalid_client')
    await errorOf(hop.token(await subject()))
    issuer.clock.advance(5)
  }
  await refuse()
  await refuse()
  await nextTick()
  expect(messages).toHaveLength(1)
  expect(messages.at(0)).toMatch(/cannot be exchanged for inventory-service: .*invalid_client/)
  expect(messages.at(0)).not.toMatch(/ey[\w-]{20}/)
  issuer.tokenEndpoint.reset()
  await hop.token(await subject())
  await refuse()
  await nextTick()
  expect(messages).toHaveLength(2)
})

test('nothing is printed with log: off', async () => {
  const messages = warnings()
  const { issuer, hop, subject } = await setUp({ log: 'off' })
  issuer.tokenEndpoint.refuse('invalid_client')
  await errorOf(hop.token(await subject()))
  await nextTick()
  expect(messages).toEqual([])
})
