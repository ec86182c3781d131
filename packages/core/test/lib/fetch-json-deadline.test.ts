import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FetchError, withinDeadline } from '../../src/lib/fetch-json.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Work that never ends, and what became of it so far. */
function start(ended = new AbortController()) {
  let given: AbortSignal | undefined
  let outcome: unknown = 'open'
  withinDeadline((signal) => {
    given = signal
    return new Promise(() => {})
  }, ended.signal).catch((error: unknown) => (outcome = error))
  return {
    ended,
    signal: () => given,
    outcome: async () => {
      await vi.advanceTimersByTimeAsync(0)
      return outcome
    },
  }
}

describe('work that does not end', () => {
  test('is over after five seconds, and told', async () => {
    const { signal, outcome } = start()
    await vi.advanceTimersByTimeAsync(4999)
    expect(await outcome()).toBe('open')
    expect(signal()?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await outcome()).toEqual(new FetchError('no answer within 5000 ms'))
    expect(signal()?.aborted).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('loses a tenth of its time where the process was too busy to look', async () => {
    const { outcome } = start()
    for (let part = 0; part < 9; part += 1) await vi.advanceTimersToNextTimerAsync()
    expect(await outcome()).toBe('open')
    await vi.advanceTimersToNextTimerAsync()
    expect(await outcome()).toBeInstanceOf(FetchError)
  })

  test('is over sooner where what it is for has ended', async () => {
    const { ended, signal, outcome } = start()
    ended.abort()
    expect(await outcome()).toEqual(new FetchError('closed'))
    expect(signal()?.aborted).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is over at once where that had ended before', async () => {
    const ended = new AbortController()
    ended.abort()
    const { outcome } = start(ended)
    expect(await outcome()).toEqual(new FetchError('closed'))
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('work that ends', () => {
  const { signal } = new AbortController()

  test('gives what it came to, and leaves no timer', async () => {
    expect(await withinDeadline(async () => 'done', signal)).toBe('done')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('fails as it failed, and leaves no timer', async () => {
    const fault = new Error('a fault')
    await expect(withinDeadline(() => Promise.reject(fault), signal)).rejects.toBe(fault)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('leaves no timer where it took a while', async () => {
    let end = (): void => {}
    const work = withinDeadline(() => new Promise<void>((resolve) => (end = resolve)), signal)
    await vi.advanceTimersByTimeAsync(1200)
    end()
    await work
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is not told of an end that comes later', async () => {
    const ended = new AbortController()
    const given = await withinDeadline(async (own) => own, ended.signal)
    ended.abort()
    expect(given.aborted).toBe(false)
  })
})
