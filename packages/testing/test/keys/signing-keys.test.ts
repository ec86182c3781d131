import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSigningKey } from '../../src/index.ts'

/** The type of the key, or the message of the error. */
function outcomeOf(create: () => { readonly publicJwk: object }): unknown {
  try {
    return (create().publicJwk as { readonly kty?: unknown }).kty
  } catch (error) {
    return (error as Error).message
  }
}

test('a key for ML-DSA is generated, or the error says which version of Node.js can', () => {
  const generate = generateKeyPairSync as unknown as (type: string) => unknown
  const native = outcomeOf(() => {
    generate('ml-dsa-44')
    return { publicJwk: { kty: 'AKP' } }
  })
  expect(outcomeOf(() => createSigningKey('ML-DSA-44', 'key-1'))).toBe(
    native === 'AKP' ? 'AKP' : 'Keys for ML-DSA-44 need Node.js 24.7 or newer.',
  )
})
