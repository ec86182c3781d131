import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { endSocket } from '../../src/verify/end-socket.ts'

// With real sockets, packages/ws and test/hosts/connections.test.ts show the same.

class Socket extends EventEmitter {
  readonly calls: unknown[] = []
  close(...given: unknown[]): void {
    this.calls.push(['close', ...given])
  }
  terminate(): void {
    this.calls.push('terminate')
  }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('a socket is closed with 4401, and cut off if its client does not answer within a second', () => {
  const socket = new Socket()
  endSocket(socket, 'revoked')
  vi.advanceTimersByTime(999)
  expect(socket.calls).toEqual([['close', 4401, 'token revoked']])
  vi.advanceTimersByTime(1)
  expect(socket.calls).toEqual([['close', 4401, 'token revoked'], 'terminate'])
})

test('a socket whose client answers is not cut off', () => {
  const socket = new Socket()
  endSocket(socket, 'expired')
  socket.emit('close')
  vi.advanceTimersByTime(10_000)
  expect(socket.calls).toEqual([['close', 4401, 'token expired']])
})

test('messages are dropped, even for listeners that are added later, and other events are not', () => {
  const socket = new Socket()
  const seen: unknown[] = []
  socket.on('message', (data) => seen.push(data))
  endSocket(socket, 'expired')
  socket.on('message', (data) => seen.push(data))
  socket.on('pong', (data) => seen.push(data))
  expect(socket.emit('message', 'late')).toBe(false)
  expect(socket.emit('pong', 'pong')).toBe(true)
  expect(seen).toEqual(['pong'])
})
