import { createHash, createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import * as node from '../../src/platform/node-crypto.ts'
import { digest, hmac } from '../../src/platform/sha256.ts'
import * as web from '../../src/platform/web-crypto.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test.each([
  // The examples for FIPS 180-4 that NIST publishes.
  ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  ],
])('digest: the SHA-256 of %o matches the published example', (message, expected) => {
  expect(hex(digest(Buffer.from(message)))).toBe(expected)
})

// RFC 4231, test cases 1, 2 and 6. The key of case 6 is longer than a block.
test.each([
  ['0b'.repeat(20), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  [
    hex(Buffer.from('Jefe')),
    'what do ya want for nothing?',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  [
    'aa'.repeat(131),
    'Test Using Larger Than Block-Size Key - Hash Key First',
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  ],
])('hmac: the key %s gives the HMAC in RFC 4231', (key, message, expected) => {
  expect(hex(hmac(Buffer.from(key, 'hex'), Buffer.from(message)))).toBe(expected)
})

test.each([63, 64, 65])(
  'hmac: a key of %i bytes, near the block size, gives the same result as node:crypto',
  (length) => {
    const key = Buffer.alloc(length, 7)
    expect(hex(hmac(key, Buffer.from('a')))).toBe(
      createHmac('sha256', key).update('a').digest('hex'),
    )
  },
)

test('digest and hmac give the same results as node:crypto for any bytes', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 300 }),
      fc.uint8Array({ maxLength: 200 }),
      (message, key) => {
        expect(hex(digest(message))).toBe(createHash('sha256').update(message).digest('hex'))
        expect(hex(hmac(key, message))).toBe(
          createHmac('sha256', key).update(message).digest('hex'),
        )
      },
    ),
    { numRuns: 300 },
  )
})

test('hmacSha256Async gives the same result on both platforms', () => {
  const keys = fc.uint8Array({ minLength: 32, maxLength: 200 })
  return fc.assert(
    fc.asyncProperty(keys, fc.string({ unit: 'binary' }), async (key, text) => {
      const expected = createHmac('sha256', key).update(text).digest('base64url')
      expect(await web.hmacSha256Async(key, text)).toBe(expected)
      expect(await node.hmacSha256Async(key, text)).toBe(expected)
    }),
    { numRuns: 200 },
  )
})

test('sha256 and hmacSha256 give the same results on both platforms', () => {
  const key = Buffer.from('k'.repeat(32))
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(web.sha256(text)).toBe(node.sha256(text))
      expect(web.hmacSha256(key, text)).toBe(node.hmacSha256(key, text))
    }),
    { numRuns: 200 },
  )
})
