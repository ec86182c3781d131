import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { DecisionRecord } from '../../src/index.ts'
import { createSink } from '../../src/audit/sink.ts'
import { aud, bearer, createGateHarness, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const valid = issuer.token({ aud })
const record: DecisionRecord = { version: 1, time: '', outcome: 'granted', checks: [] }

/** A sink whose function returns promises that the test settles. */
function slowSink(maxPending: number) {
  const pending: PromiseWithResolvers<void>[] = []
  const received: DecisionRecord[] = []
  const onLoss = vi.fn<(total: number, why: string) => void>()
  const sink = createSink(
    (each) => {
      received.push(each)
      const deferred = {} as PromiseWithResolvers<void>
      deferred.promise = new Promise((resolve, reject) =>
        Object.assign(deferred, { resolve, reject }),
      )
      pending.push(deferred)
      return deferred.promise
    },
    { maxPending, onLoss },
  )
  return { sink, pending, received, onLoss }
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

describe('a sink whose function is slow', () => {
  test('loses records above maxPending and counts them in the next record', async () => {
    const { sink, pending, received, onLoss } = slowSink(2)
    for (let count = 0; count < 7; count += 1) sink.take(record)
    expect(received).toHaveLength(2)
    const cause = '2 records are pending'
    expect(onLoss.mock.calls).toEqual([1, 2, 3, 4, 5].map((total) => [total, cause]))
    pending[0]!.resolve()
    await settled()
    sink.take(record)
    sink.take(record)
    expect(received.map(({ lost }) => lost)).toEqual([undefined, undefined, 5])
    pending[1]!.resolve()
    pending[2]!.resolve()
    await settled()
    sink.take(record)
    sink.take(record)
    expect(received.slice(3).map(({ lost }) => lost)).toEqual([1, undefined])
  })

  test('has at most maxPending promises for any number of records', () => {
    const { sink, pending } = slowSink(10)
    for (let count = 0; count < 100_000; count += 1) sink.take(record)
    expect(pending).toHaveLength(10)
  })
})

describe('a sink loses and counts a record if its function', () => {
  test.each<readonly [string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('disk full')
      },
      'it threw Error: "disk full"',
    ],
    [
      'throws undefined',
      () => {
        throw undefined
      },
      'it threw undefined',
    ],
    [
      'throws an error with control characters',
      () => {
        throw new TypeError('a\n\u009b\u202e')
      },
      String.raw`it threw TypeError: "a\u000a\u009b\u202e"`,
    ],
    [
      'throws an error whose message cannot be read',
      () => {
        throw Object.defineProperty(new Error(''), 'message', {
          get() {
            throw new Error('no message')
          },
        })
      },
      'it threw object',
    ],
    [
      'rejects',
      () => Promise.reject(new Error('disk full')),
      'it rejected with Error: "disk full"',
    ],
    ['rejects with undefined', () => Promise.reject(), 'it rejected with undefined'],
    [
      'returns a thenable that throws',
      () => ({
        then: () => {
          throw new Error('x')
        },
      }),
      'it rejected with Error: "x"',
    ],
    [
      'returns an object whose then getter throws',
      () => ({
        get then() {
          throw new Error('x')
        },
      }),
      'it threw Error: "x"',
    ],
  ])('%s', async (_what, write, cause) => {
    const losses: unknown[] = []
    let works = false
    const received: DecisionRecord[] = []
    const sink = createSink((each) => (works ? received.push(each) : write()), {
      maxPending: 10,
      onLoss: (total, reported) => losses.push([total, reported]),
    })
    sink.take(record)
    await settled()
    sink.take(record)
    await settled()
    expect(losses).toEqual([
      [1, cause],
      [2, cause],
    ])
    works = true
    sink.take(record)
    expect(received).toEqual([{ ...record, lost: 2 }])
  })

  test('rejects, and repeats the number of earlier losses in the next record', async () => {
    const lost: (number | undefined)[] = []
    const sink = createSink(
      (each) => {
        lost.push(each.lost)
        return Promise.reject()
      },
      { maxPending: 10, onLoss: () => {} },
    )
    for (let count = 0; count < 3; count += 1) {
      sink.take(record)
      await settled()
    }
    expect(lost).toEqual([undefined, 1, 2])
  })
})

test.each([undefined, null, 0, {}, { then: 1 }])(
  'a sink does not lose a record if its function returns %j',
  (value) => {
    const onLoss = vi.fn<() => void>()
    const sink = createSink(() => value, { maxPending: 1, onLoss })
    for (let count = 0; count < 3; count += 1) sink.take(record)
    expect(onLoss).not.toHaveBeenCalled()
  },
)

test('a sink counts a record that could not be built as lost', () => {
  const { sink, received, onLoss } = slowSink(2)
  sink.lose(new Error('no route'))
  const cause = 'a record could not be built: Error: "no route"'
  expect(onLoss.mock.calls).toEqual([[1, cause]])
  sink.take(record)
  expect(received).toEqual([{ ...record, lost: 1 }])
})

describe('lost records', () => {
  test('are published on a diagnostics channel, with one warning for the process', async () => {
    const messages: unknown[] = []
    const listener = (message: unknown): void => void messages.push(message)
    subscribe('resource-server:lost', listener)
    const warned = vi.fn<(warning: Error) => void>()
    process.on('warning', warned)
    onTestFinished(() => {
      unsubscribe('resource-server:lost', listener)
      process.off('warning', warned)
    })
    const { guards, pass } = createGateHarness({
      ...optionsFor(issuer),
      onDecision: () => Promise.reject(new Error('disk full')),
    })
    for (let count = 0; count < 3; count += 1)
      await pass({}, guards.requireActor('a'), bearer(valid))
    await settled()
    expect(messages).toEqual([{ lost: 1 }, { lost: 2 }, { lost: 3 }])
    expect(warned.mock.calls.map(([{ name, message }]) => [name, message])).toEqual([
      [
        'ResourceServerWarning',
        'Decision records are being lost: onDecision does not accept them (it rejected with Error: "disk full").',
      ],
    ])
  })
})

test('at most 100 records wait in a loop that never yields to the event loop', async () => {
  const { gate, guards, records } = createGateHarness(optionsFor(issuer))
  const guard = guards.requireActor('a')
  const request = { method: 'GET', url: '/', headers: bearer(valid) }
  for (let count = 0; count < 1000; count += 1) await gate.pass({}, request, guard)
  expect(records.length).toBe(900)
})
