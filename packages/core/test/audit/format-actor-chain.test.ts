import { describe, expect, test } from 'vitest'
import { createVerifier, type DecisionRecord, formatActorChain } from '../../src/index.ts'
import { responseSent, aud, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()

/** The formatted chain of a token, and of its decision record. */
async function formatBoth(claims: Record<string, unknown>): Promise<readonly string[]> {
  const records: DecisionRecord[] = []
  const onDecision = (record: DecisionRecord) => records.push(record)
  const verifier = createVerifier({ ...optionsFor(issuer), onDecision })
  const token = await verifier.verify(issuer.token({ aud, claims }))
  await responseSent()
  return [formatActorChain(token), ...records.map(formatActorChain)]
}

describe('formatActorChain', () => {
  test.each<readonly [string, Record<string, unknown>, string]>([
    ['shows only the subject if there is no actor', {}, 'user-42'],
    [
      'shows one actor after the subject',
      { act: { sub: 'order-service' } },
      'user-42 ⇐ order-service',
    ],
    [
      'shows the current actor last',
      { act: { sub: 'order-service', act: { sub: 'user-service' } } },
      'user-42 ⇐ user-service ⇐ order-service',
    ],
    [
      'shows the client ID of an actor that has one',
      { act: { sub: 'a-uuid', client_id: 'shop' } },
      'user-42 ⇐ shop',
    ],
    [
      'shows the issuer of an actor of another issuer',
      { act: { sub: 'admin', iss: 'https://other.example' } },
      'user-42 ⇐ admin (https://other.example)',
    ],
    [
      'escapes control characters in a name',
      { act: { sub: 'a\nb\u202e' } },
      String.raw`user-42 ⇐ a\u{a}b\u{202e}`,
    ],
    [
      'escapes the separator in a name',
      { act: { sub: 'a ⇐ root' } },
      String.raw`user-42 ⇐ a \u{21d0} root`,
    ],
    [
      'shows a name of 64 characters in full',
      { act: { sub: 'x'.repeat(64) } },
      `user-42 ⇐ ${'x'.repeat(64)}`,
    ],
    [
      'cuts a longer name to 64 characters',
      { act: { sub: 'x'.repeat(100) } },
      `user-42 ⇐ ${'x'.repeat(63)}…`,
    ],
  ])('%s', async (_what, claims, line) => {
    expect(await formatBoth(claims)).toEqual([line, line])
  })

  test('shows an ellipsis for actors that are missing from a record', () => {
    const party = { issuer: issuer.url, subject: 'a' }
    const record: DecisionRecord = {
      version: 1,
      time: '',
      outcome: 'refused',
      checks: [],
      issuer: issuer.url,
      chain: { actors: [party], depth: 9, truncated: true },
    }
    expect(formatActorChain(record)).toBe('? ⇐ … ⇐ a')
  })
})
