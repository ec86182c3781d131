import { createHook } from 'node:async_hooks'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { digest as nodeDigest } from '../../src/platform/node-crypto.ts'
import * as node from '../../src/platform/node.ts'
import * as web from '../../src/platform/web.ts'

// What differs between runtimes must not differ in what it says.

const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
const wellSpelled = fc.uint8Array({ minLength: 1, maxLength: 40 })
const anyLetters = fc
  .array(fc.constantFrom(...letters), { maxLength: 12 })
  .map((list) => list.join(''))
const odd = fc
  .array(
    fc.constantFrom(...letters.slice(0, 4), '+', '/', '=', ' ', '\n', '\0', 'é', '😀', '\ud800'),
    { maxLength: 8 },
  )
  .map((list) => list.join(''))

const decode = (segment: string): readonly (readonly number[] | undefined)[] =>
  [node, web].map(({ decodeBase64url }) => {
    const bytes = decodeBase64url(segment)
    return bytes && [...bytes]
  })

test('both decode what was encoded', () => {
  fc.assert(
    fc.property(wellSpelled, (bytes) => {
      const segment = Buffer.from(bytes).toString('base64url')
      expect(decode(segment)).toEqual([[...bytes], [...bytes]])
    }),
  )
})

test('both take the same spellings, and nothing else', () => {
  fc.assert(
    fc.property(fc.oneof(anyLetters, odd, fc.string()), (segment) => {
      const [first, second] = decode(segment)
      expect(first).toEqual(second)
      if (first) expect(Buffer.from(first).toString('base64url')).toBe(segment)
    }),
    { numRuns: 2000 },
  )
})

test('of all two-character segments, both take the 256 that spell a byte', () => {
  const pairs = letters.flatMap((one) => letters.map((two) => one + two))
  const taken = pairs.filter((pair) => decode(pair)[0])
  expect(taken).toEqual(pairs.filter((pair) => decode(pair)[1]))
  expect(taken).toHaveLength(256)
})

test('the digest is SHA-256', () => {
  expect(nodeDigest('abc')).toBe('ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=')
})

test('who watches asynchronous resources sees the context under its name', () => {
  const types: string[] = []
  const hook = createHook({ init: (_id, type) => void types.push(type) }).enable()
  node.context()
  hook.disable()
  expect(types).toEqual(['ResourceServerDecision'])
})
