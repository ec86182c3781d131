import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/index.ts'
import { recordPolicy } from '../../src/config/records.ts'

const enough = 'a key of thirty-two bytes, so it'
const bytes = new TextEncoder().encode(enough)

test('without options, nobody is hashed, no claim is recorded and a thousand records may wait', () => {
  const policy = recordPolicy({})
  expect(policy).toEqual({ pseudonymKey: undefined, claims: [], maxPending: 1000 })
  expect(Object.isFrozen(policy)).toBe(true)
  expect(recordPolicy({ records: {} })).toEqual(policy)
})

describe('a key', () => {
  test('of text is its UTF-8', () => {
    expect(recordPolicy({ records: { pseudonymKey: enough } }).pseudonymKey).toEqual(bytes)
  })

  test('of bytes is copied: nobody changes it later', () => {
    const given = Uint8Array.from(bytes)
    const { pseudonymKey } = recordPolicy({ records: { pseudonymKey: given } })
    given.fill(0)
    expect(pseudonymKey).toEqual(bytes)
  })

  test('is as long as the hash at least', () => {
    expect(recordPolicy({ records: { pseudonymKey: 'ä'.repeat(16) } }).pseudonymKey).toHaveLength(
      32,
    )
  })
})

test('claims are a copy that nobody changes later', () => {
  const given = ['tenant', 'region']
  const { claims } = recordPolicy({ records: { claims: given } })
  given.push('email')
  expect(claims).toEqual(['tenant', 'region'])
  expect(Object.isFrozen(claims)).toBe(true)
})

test.each([1, 100_000])('%i records may wait', (maxPending) => {
  expect(recordPolicy({ records: { maxPending } }).maxPending).toBe(maxPending)
})

const notAKey =
  "'pseudonymKey' is not a key of 32 bytes or more. " +
  'Give random bytes, or a string of them, from where your secrets are.'
const notNames = "'claims' is not a list of names. Write claims: ['tenant']."
const notANumber =
  "'maxPending' is not a whole number from 1 to 100000. Give it in records, as a number."

test.each<readonly [what: string, records: unknown, says: string]>([
  ['a list', [], "There is no object of records. Write at least { issuer: 'https://…' }."],
  [
    'an unknown member',
    { key: enough },
    "There is no option of records called 'key'. There are pseudonymKey, claims, maxPending.",
  ],
  ['a key a byte too short', { pseudonymKey: enough.slice(1) }, notAKey],
  ['bytes that are too few', { pseudonymKey: bytes.subarray(1) }, notAKey],
  ['a key that is a list', { pseudonymKey: [...bytes] }, notAKey],
  ['a key that is nothing', { pseudonymKey: null }, notAKey],
  ['claims that are no list', { claims: 'tenant' }, notNames],
  ['a claim without a name', { claims: ['tenant', ''] }, notNames],
  ['a claim that is no name', { claims: [1, 'tenant'] }, notNames],
  [
    'act',
    { claims: ['tenant', 'act'] },
    "'claims' names act. Leave it out: every record has it as 'chain'.",
  ],
  ['no room at all', { maxPending: 0 }, notANumber],
  ['too much room', { maxPending: 100_001 }, notANumber],
  ['half a place', { maxPending: 1.5 }, notANumber],
])('%s is misuse', (_what, records, says) => {
  const make = () => recordPolicy({ records })
  expect(make).toThrow(ConfigError)
  expect(make).toThrow(expect.objectContaining({ message: says }))
})
