import { describe, expect, test } from 'vitest'
import { refuse } from '../../src/errors/refusal.ts'
import { RequestState } from '../../src/http/request-state.ts'

const inContext = (work: () => void): void => work()
const gate = {}
const newState = (): RequestState =>
  new RequestState(gate, { method: 'GET', url: '/orders?a=b', headers: [] }, inContext)

test('a new request is pending', () => {
  expect(newState()).toEqual({
    gate,
    ofOtherGate: undefined,
    request: { method: 'GET', url: '/orders?a=b', headers: [] },
    decisions: [],
    trace: {},
    inContext,
    credential: 'unread',
    verification: undefined,
    verificationMs: undefined,
    isStarted: false,
    outcome: 'pending',
    recorded: false,
    running: undefined,
  })
})

test('a request is refused once its outcome is a refusal', () => {
  const state = newState()
  expect(state.isRefused).toBe(false)
  state.outcome = refuse('token_expired', 'why')
  expect(state.isRefused).toBe(true)
})

describe('waitFor', () => {
  test('marks the request as running until the promise settles', async () => {
    const state = newState()
    const result = state.waitFor(Promise.resolve('done'))
    expect(state.running).toBeInstanceOf(Promise)
    expect(await result).toBe('done')
    expect(state.running).toBeUndefined()
  })

  test('ends with a rejection too, and passes it on', async () => {
    const state = newState()
    await expect(state.waitFor(Promise.reject(new Error('x')))).rejects.toThrow('x')
    expect(state.running).toBeUndefined()
  })

  test('keeps the request running until the last promise settles', async () => {
    const state = newState()
    const { promise, resolve } = withResolvers()
    const first = state.waitFor(Promise.resolve())
    const second = state.waitFor(promise)
    await first
    expect(state.running).toBeInstanceOf(Promise)
    resolve()
    await second
    expect(state.running).toBeUndefined()
  })
})

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
