import { expect, onTestFinished, test, vi } from 'vitest'
import { ignoredWrite } from '../../src/adapter.ts'

function collectWarnings() {
  const warned = vi.fn<(warning: Error) => void>()
  process.on('warning', warned)
  onTestFinished(() => void process.off('warning', warned))
  return warned
}

test('a write is ignored, and the first one prints who wrote', async () => {
  const warned = collectWarnings()
  const set = ignoredWrite('req.auth', 'api.token(req)')
  const writer = (value: unknown): void => set(value)
  writer('SECRET')
  writer('SECRET')
  await vi.waitFor(() => expect(warned).toHaveBeenCalled())
  expect(warned).toHaveBeenCalledTimes(1)
  const { message } = warned.mock.calls[0]?.[0] ?? new Error('no warning')
  const [text, ...stack] = message.split('\n')
  expect(text).toBe(
    'A write to req.auth was ignored, because only a guard may set it. Have the other code use another name, ' +
      'and read the token with api.token(req). This warning is shown once. The write came from:',
  )
  expect(stack.length).toBeGreaterThan(1)
  expect(stack[0]).toMatch(/^ +at writer /)
})

test('each property warns on its own', async () => {
  const warned = collectWarnings()
  ignoredWrite('a', 'b')(1)
  ignoredWrite('c', 'd')(1)
  await vi.waitFor(() => expect(warned).toHaveBeenCalledTimes(2))
})

test('a write is ignored without a stack, as with Error.stackTraceLimit = 0', async () => {
  const warned = collectWarnings()
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  onTestFinished(() => void (Error.stackTraceLimit = stackTraceLimit))
  ignoredWrite('a', 'b')(1)
  await vi.waitFor(() => expect(warned).toHaveBeenCalledTimes(1))
  expect(warned.mock.calls[0]?.[0].message).toMatch(/The write came from:\n$/)
})
