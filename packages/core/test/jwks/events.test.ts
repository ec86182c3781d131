import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, onTestFinished, test } from 'vitest'
import { type KeyEvent, publishKeyEvent } from '../../src/jwks/events.ts'

const event: KeyEvent = {
  ...{ version: 1, time: '2026-01-01T00:00:00.000Z', issuer: 'https://as.example.com' },
  ...{ event: 'fetched', keys: 1, skipped: [] },
}

function listen(): readonly unknown[] {
  const heard: unknown[] = []
  const hear = (message: unknown): void => void heard.push(message)
  subscribe('resource-server:keys', hear)
  onTestFinished(() => void unsubscribe('resource-server:keys', hear))
  return heard
}

test('an event goes to the channel resource-server:keys, frozen', () => {
  const heard = listen()
  publishKeyEvent(() => ({ ...event }))
  expect(heard).toEqual([event])
  expect(Object.isFrozen(heard[0])).toBe(true)
})

test('nothing is built where nobody listens', () => {
  let built = 0
  const build = (): KeyEvent => {
    built += 1
    return { ...event }
  }
  publishKeyEvent(build)
  expect(built).toBe(0)
  listen()
  publishKeyEvent(build)
  expect(built).toBe(1)
})

test('what goes wrong with an event stops nothing', () => {
  const heard = listen()
  const build = (): KeyEvent => {
    throw new RangeError('Invalid time value')
  }
  expect(() => publishKeyEvent(build)).not.toThrow()
  expect(heard).toEqual([])
})
