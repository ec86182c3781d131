import { expect, test } from 'vitest'
import { createVerifier, type DecisionRecord, formatActorChain } from '../../src/index.ts'
import { answered, aud, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()

async function told(claims: Record<string, unknown>): Promise<readonly string[]> {
  const records: DecisionRecord[] = []
  const onDecision = (record: DecisionRecord) => records.push(record)
  const verifier = createVerifier({ ...optionsFor(issuer), onDecision })
  const token = await verifier.verify(issuer.token({ aud, claims }))
  await answered()
  return [formatActorChain(token), ...records.map(formatActorChain)]
}

test.each<readonly [string, Record<string, unknown>, string]>([
  ['nobody', {}, 'user-42'],
  ['one', { act: { sub: 'order-service' } }, 'user-42 ⇐ order-service'],
  [
    'several: who acts now is last',
    { act: { sub: 'order-service', act: { sub: 'user-service' } } },
    'user-42 ⇐ user-service ⇐ order-service',
  ],
  ['a client by its id', { act: { sub: 'a-uuid', client_id: 'shop' } }, 'user-42 ⇐ shop'],
  [
    'one of another issuer',
    { act: { sub: 'admin', iss: 'https://other.example' } },
    'user-42 ⇐ admin (https://other.example)',
  ],
  ['a name of two lines', { act: { sub: 'a\nb\u202e' } }, String.raw`user-42 ⇐ a\u{a}b\u{202e}`],
  ['a name that is a chain', { act: { sub: 'a ⇐ root' } }, String.raw`user-42 ⇐ a \u{21d0} root`],
  ['the longest name', { act: { sub: 'x'.repeat(64) } }, `user-42 ⇐ ${'x'.repeat(64)}`],
  ['a long name', { act: { sub: 'x'.repeat(100) } }, `user-42 ⇐ ${'x'.repeat(63)}…`],
])('%s acts', async (_what, claims, line) => {
  expect(await told(claims)).toEqual([line, line])
})

test('a chain that could not be read to its end says so', () => {
  const party = { issuer: issuer.url, subject: 'a' }
  const record: DecisionRecord = {
    ...{ version: 1, time: '', outcome: 'refused', checks: [], issuer: issuer.url },
    chain: { actors: [party], depth: 9, truncated: true },
  }
  expect(formatActorChain(record)).toBe('? ⇐ … ⇐ a')
})
