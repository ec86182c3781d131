import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { FetchError, withinDeadline } from '../../src/lib/fetch-json.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Starts work that never ends. `outcome()` returns its state. */
function start(ended = new AbortController()) {
  let received: AbortSignal | undefined
  let outcome: unknown = 'pending'
  withinDeadline((signal) => {
    received = signal
    return new Promise(() => {})
  }, ended.signal).catch((error: unknown) => (outcome = error))
  return {
    ended,
    signal: () => received,
    outcome: async () => {
      await vi.advanceTimersByTimeAsync(0)
      return outcome
    },
  }
}

describe('withinDeadline, with work that does not end', () => {
  test('rejects after five seconds, and aborts the signal', async () => {
    const { signal, outcome } = start()
    await vi.advanceTimersByTimeAsync(4999)
    expect(await outcome()).toBe('pending')
    expect(signal()?.aborted).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await outcome()).toEqual(new FetchError('no answer within 5000 ms'))
    expect(signal()?.aborted).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('loses only a tenth of the time if the process is blocked', async () => {
    const { outcome } = start()
    for (let part = 0; part < 9; part += 1) await vi.advanceTimersToNextTimerAsync()
    expect(await outcome()).toBe('pending')
    await vi.advanceTimersToNextTimerAsync()
    expect(await outcome()).toBeInstanceOf(FetchError)
  })

  test('rejects when the given signal aborts', async () => {
    const { ended, signal, outcome } = start()
    ended.abort()
    expect(await outcome()).toEqual(new FetchError('closed'))
    expect(signal()?.aborted).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('rejects immediately if the given signal is already aborted', async () => {
    const ended = new AbortController()
    ended.abort()
    const { outcome } = start(ended)
    expect(await outcome()).toEqual(new FetchError('closed'))
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('withinDeadline, with work that ends', () => {
  const { signal } = new AbortController()

  test('resolves with the result, and leaves no timer', async () => {
    expect(await withinDeadline(async () => 'done', signal)).toBe('done')
    expect(vi.getTimerCount()).toBe(0)
  })

  test('rejects with the error of the work, and leaves no timer', async () => {
    const fault = new Error('a fault')
    await expect(withinDeadline(() => Promise.reject(fault), signal)).rejects.toBe(fault)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('leaves no timer after several parts of the deadline', async () => {
    let end = (): void => {}
    const work = withinDeadline(() => new Promise<void>((resolve) => (end = resolve)), signal)
    await vi.advanceTimersByTimeAsync(1200)
    end()
    await work
    expect(vi.getTimerCount()).toBe(0)
  })

  test('does not abort the signal of finished work', async () => {
    const ended = new AbortController()
    const received = await withinDeadline(async (own) => own, ended.signal)
    ended.abort()
    expect(received.aborted).toBe(false)
  })
})
