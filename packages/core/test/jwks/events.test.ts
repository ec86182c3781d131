import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, onTestFinished, test } from 'vitest'
import { type KeyEvent, publishKeyEvent } from '../../src/jwks/events.ts'

const event: KeyEvent = {
  version: 1,
  time: '2026-01-01T00:00:00.000Z',
  issuer: 'https://as.example.com',
  event: 'fetched',
  keys: 1,
  skipped: [],
}

/** Subscribes to the channel and returns the list of received messages. */
function collectMessages(): readonly unknown[] {
  const received: unknown[] = []
  const onMessage = (message: unknown): void => void received.push(message)
  subscribe('resource-server:keys', onMessage)
  onTestFinished(() => void unsubscribe('resource-server:keys', onMessage))
  return received
}

test('publishes a frozen event on the channel resource-server:keys', () => {
  const received = collectMessages()
  publishKeyEvent(() => ({ ...event }))
  expect(received).toEqual([event])
  expect(Object.isFrozen(received[0])).toBe(true)
})

test('builds no event without subscribers', () => {
  let built = 0
  const build = (): KeyEvent => {
    built += 1
    return { ...event }
  }
  publishKeyEvent(build)
  expect(built).toBe(0)
  collectMessages()
  publishKeyEvent(build)
  expect(built).toBe(1)
})

test('ignores an error while an event is built', () => {
  const received = collectMessages()
  const build = (): KeyEvent => {
    throw new RangeError('Invalid time value')
  }
  expect(() => publishKeyEvent(build)).not.toThrow()
  expect(received).toEqual([])
})
