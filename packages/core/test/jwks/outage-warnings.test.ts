import { createTestClock } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { OutageWarnings } from '../../src/jwks/outage-warnings.ts'

function createWarnings(limit = Infinity) {
  const clock = createTestClock()
  const printed: string[] = []
  const attempts: string[] = []
  const limiter = {
    print: (message: string): boolean => {
      attempts.push(message)
      if (printed.length >= limit) return false
      printed.push(message)
      return true
    },
  }
  const delays: number[] = []
  const warnings = new OutageWarnings(limiter, {
    monotonic: () => clock.monotonic(),
    schedule: (delay, callback) => {
      delays.push(delay)
      return clock.schedule(delay, callback)
    },
  })
  const update = (issuer: string, state: 'available' | 'stale' | 'unavailable'): void =>
    warnings.update(issuer, state, `${issuer} ${state}`)
  const take = (): readonly string[] => printed.splice(0)
  return { clock, delays, update, take, attempts }
}

describe('an outage', () => {
  test('is printed when it begins and when it ends', () => {
    const { clock, update, take } = createWarnings()
    update('a', 'available')
    expect(take()).toEqual([])
    update('a', 'unavailable')
    expect(take()).toEqual(['a unavailable'])
    clock.advance(60)
    update('a', 'unavailable')
    expect(take()).toEqual([])
    update('a', 'available')
    expect(take()).toEqual(['a available'])
    clock.advance(60)
    update('a', 'available')
    expect(take()).toEqual([])
  })

  test('is printed for each of its stages', () => {
    const { clock, update, take } = createWarnings()
    for (const state of ['stale', 'unavailable', 'stale', 'available'] as const) {
      update('a', state)
      clock.advance(60)
    }
    expect(take()).toEqual(['a stale', 'a unavailable', 'a stale', 'a available'])
  })

  test('is printed at most once per minute, and then in its latest state', () => {
    const { clock, update, take } = createWarnings()
    update('a', 'unavailable')
    clock.advance(10)
    for (let count = 0; count < 20; count += 1) {
      update('a', 'available')
      update('a', 'stale')
    }
    update('a', 'available')
    expect(take()).toEqual(['a unavailable'])
    clock.advance(49.999)
    expect(take()).toEqual([])
    clock.advance(0.001)
    expect(take()).toEqual(['a available'])
  })

  test('that resumes within the minute is not printed again', () => {
    const { clock, update, take } = createWarnings()
    update('a', 'unavailable')
    update('a', 'available')
    update('a', 'unavailable')
    clock.advance(600)
    expect(take()).toEqual(['a unavailable'])
  })

  test('whose state changes again and again is printed once per minute', () => {
    const { clock, update, take } = createWarnings()
    update('a', 'stale')
    take()
    for (const state of ['unavailable', 'stale', 'unavailable'] as const) {
      clock.advance(10)
      update('a', state)
      clock.advance(49.999)
      expect(take()).toEqual([])
      clock.advance(0.001)
      expect(take()).toEqual([`a ${state}`])
    }
  })

  test('that begins again after its end was printed is printed at the end of that minute', () => {
    const { clock, update, take } = createWarnings()
    update('a', 'unavailable')
    clock.advance(60)
    update('a', 'available')
    update('a', 'unavailable')
    expect(take()).toEqual(['a unavailable', 'a available'])
    clock.advance(59.999)
    expect(take()).toEqual([])
    clock.advance(0.001)
    expect(take()).toEqual(['a unavailable'])
  })

  test('starts a timer only if there is something to print', () => {
    const { clock, delays, update } = createWarnings()
    update('a', 'unavailable')
    clock.advance(10)
    update('a', 'unavailable')
    expect(delays).toEqual([])
    update('a', 'available')
    update('a', 'available')
    expect(delays).toEqual([50_000])
  })

  test('of one issuer does not hide that of another', () => {
    const { update, take } = createWarnings()
    update('a', 'unavailable')
    update('b', 'unavailable')
    expect(take()).toEqual(['a unavailable', 'b unavailable'])
  })
})

describe('an outage whose beginning exceeded the limit of the process', () => {
  test('is tried again after a minute, and counts once per minute', () => {
    const { clock, update, take, attempts } = createWarnings(0)
    for (let minute = 1; minute <= 3; minute += 1) {
      for (let count = 0; count < 5; count += 1) update('a', 'unavailable')
      expect(attempts).toHaveLength(minute)
      clock.advance(60)
    }
    expect(take()).toEqual([])
  })

  test('is not printed when it ends', () => {
    const { clock, update, attempts } = createWarnings(0)
    update('a', 'unavailable')
    update('a', 'available')
    clock.advance(60)
    expect(attempts).toEqual(['a unavailable'])
  })
})

test('at most 1000 issuers are remembered, because callers can choose them', () => {
  const { clock, update, take } = createWarnings()
  for (let at = 0; at <= 1000; at += 1) update(`tenant-${at}`, 'unavailable')
  take()
  clock.advance(60)
  update('tenant-0', 'available')
  update('tenant-1', 'available')
  update('tenant-1000', 'available')
  expect(take()).toEqual(['tenant-1 available', 'tenant-1000 available'])
})

test('an issuer whose outage is over does not count', () => {
  const { clock, update, take } = createWarnings()
  update('down', 'unavailable')
  update('over', 'unavailable')
  for (let minute = 0; minute < 2; minute += 1) {
    clock.advance(60)
    update('over', 'available')
  }
  for (let at = 0; at < 999; at += 1) update(`tenant-${at}`, 'unavailable')
  take()
  update('down', 'available')
  expect(take()).toEqual(['down available'])
})
