import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createTestClock } from '@resource-server/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type KeyEvent, KeyEventReporter, publishKeyEvent } from '../../src/jwks/events.ts'
import { outageWarnings } from '../../src/jwks/outage-warnings.ts'

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

describe('the operator is told', () => {
  const { issuer } = event
  const error = new Error('answered with status 503')

  /** A reporter, and what it passes on. What is printed is limited for the whole process: outage-warnings.test.ts. */
  function createReporter(log: 'warnings' | 'refusals' | 'off' = 'warnings', keys = 0) {
    const update = vi.spyOn(outageWarnings, 'update').mockReturnValue()
    onTestFinished(() => update.mockRestore())
    const options = { clock: createTestClock(), log }
    const reporter = new KeyEventReporter(issuer, options, () => ({ keys, skipped: [] }))
    return { reporter, told: update.mock.calls }
  }

  function reportAll(reporter: KeyEventReporter): void {
    reporter.reportFailed(error, 1)
    reporter.reportStale(error)
    reporter.reportFetched(1)
  }

  test('that keys are unavailable, that old ones are in use, and that they are available again', () => {
    const { reporter, told } = createReporter()
    reportAll(reporter)
    expect(told).toEqual([
      [
        issuer,
        'unavailable',
        `JWKS of '${issuer}' is unavailable, so its tokens cannot be verified: answered with status 503.`,
      ],
      [
        issuer,
        'stale',
        `JWKS of '${issuer}' cannot be refreshed. The last keys stay in use for the time set by staleIfError: answered with status 503.`,
      ],
      [issuer, 'available', `JWKS of '${issuer}' is available again.`],
    ])
  })

  test('of a failed fetch only if no key is usable', () => {
    const { reporter, told } = createReporter('warnings', 1)
    reporter.reportFailed(error, 1)
    expect(told).toEqual([])
  })

  test('once that old keys are in use, until a fetch succeeds', () => {
    const { reporter, told } = createReporter()
    reporter.reportStale(error)
    reporter.reportStale(error)
    expect(told).toHaveLength(1)
    reporter.reportFetched(1)
    reporter.reportStale(error)
    expect(told.map(([, state]) => state)).toEqual(['stale', 'available', 'stale'])
  })

  test.each([
    ['warnings', 3],
    ['refusals', 3],
    ['off', 0],
  ] as const)('with log: %j, %i times', (log, times) => {
    const { reporter, told } = createReporter(log)
    reportAll(reporter)
    expect(told).toHaveLength(times)
  })

  test('nothing after close(), because a fetch that it aborts is not an outage', () => {
    const { reporter, told } = createReporter()
    reporter.close()
    reportAll(reporter)
    expect(told).toEqual([])
  })
})
