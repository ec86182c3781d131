import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import { syncBuiltinESMExports } from 'node:module'
import util from 'node:util'
import * as fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import * as nodeCrypto from '../../src/platform/node-crypto.ts'
import * as node from '../../src/platform/node.ts'
import * as web from '../../src/platform/web.ts'
import * as webCrypto from '../../src/platform/web-crypto.ts'

// The implementations for Node and for other runtimes must give the same results.

const letters = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
const someBytes = fc.uint8Array({ minLength: 1, maxLength: 40 })
const letterSequence = fc
  .array(fc.constantFrom(...letters), { maxLength: 12 })
  .map((list) => list.join(''))
const invalid = fc
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

test('both platforms decode the base64url encoding of any bytes', () => {
  fc.assert(
    fc.property(someBytes, (bytes) => {
      const segment = Buffer.from(bytes).toString('base64url')
      expect(decode(segment)).toEqual([[...bytes], [...bytes]])
    }),
  )
})

test('both platforms accept the same strings, all of them canonical base64url', () => {
  fc.assert(
    fc.property(fc.oneof(letterSequence, invalid, fc.string()), (segment) => {
      const [first, second] = decode(segment)
      expect(first).toEqual(second)
      if (first) expect(Buffer.from(first).toString('base64url')).toBe(segment)
    }),
    { numRuns: 2000 },
  )
})

test('both platforms accept exactly 256 two-character strings, one for each byte', () => {
  const pairs = letters.flatMap((one) => letters.map((two) => one + two))
  const accepted = pairs.filter((pair) => decode(pair)[0])
  expect(accepted).toEqual(pairs.filter((pair) => decode(pair)[1]))
  expect(accepted).toHaveLength(256)
})

test('the digest on Node is SHA-256 in base64', () => {
  expect(nodeCrypto.digest('abc')).toBe('ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=')
})

test('context() creates an async resource named ResourceServerDecision', () => {
  const types: string[] = []
  const hook = createHook({ init: (_id, type) => void types.push(type) }).enable()
  node.context()
  hook.disable()
  expect(types).toEqual(['ResourceServerDecision'])
})

test.each([
  ['Node', nodeCrypto],
  ['other runtimes', webCrypto],
])('on %s, sha256Async hashes strings in UTF-8, and bytes', async (_what, { sha256Async }) => {
  const abc = 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0'
  expect(await sha256Async('abc')).toBe(abc)
  expect(await sha256Async(new TextEncoder().encode('abc'))).toBe(abc)
  expect(await sha256Async('ä')).toBe(nodeCrypto.sha256('ä'))
})

test('defer runs work after the current operation', async () => {
  const order: string[] = []
  node.defer(() => order.push('deferred'))
  order.push('now')
  await new Promise((resolve) => void setImmediate(resolve))
  expect(order).toEqual(['now', 'deferred'])
})

test('printLine prints to stderr in the form of Node', () => {
  const printed = vi.spyOn(console, 'error').mockReturnValue()
  onTestFinished(() => void vi.restoreAllMocks())
  node.printLine('a line')
  expect(printed.mock.calls).toEqual([[`RESOURCE-SERVER ${process.pid}: a line`]])
})

test('context() runs work in the asynchronous context in which it was called', () => {
  const storage = new AsyncLocalStorage<string>()
  const run = storage.run('captured', () => node.context())
  const seen: unknown[] = []
  storage.run('current', () => run(() => void seen.push(storage.getStore())))
  expect(seen).toEqual(['captured'])
})

test('warn emits a process warning with the name of this project', async () => {
  const warned = vi.fn<(warning: Error) => void>()
  process.on('warning', warned)
  onTestFinished(() => void process.off('warning', warned))
  node.warn('a message')
  await vi.waitFor(() => expect(warned).toHaveBeenCalledOnce())
  const { name, message } = warned.mock.calls[0]?.[0] ?? new Error('no warning')
  expect([name, message]).toEqual(['ResourceServerWarning', 'a message'])
})

test.each([true, false])('isDebugging() is %s if Node says so for resource-server', (enabled) => {
  // Node reads NODE_DEBUG only when the process starts.
  vi.spyOn(util, 'debuglog').mockImplementation((section) =>
    Object.assign((): void => {}, { enabled: section === 'resource-server' ? enabled : !enabled }),
  )
  syncBuiltinESMExports()
  onTestFinished(() => {
    vi.restoreAllMocks()
    syncBuiltinESMExports()
  })
  expect(node.isDebugging()).toBe(enabled)
})
