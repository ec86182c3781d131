import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { DecisionRecord } from '../../src/index.ts'
import { createSink } from '../../src/audit/sink.ts'
import { aud, bearer, openDesk, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const good = issuer.token({ aud })
const record: DecisionRecord = { version: 1, time: '', outcome: 'granted', checks: [] }

/** A sink whose promises are settled by hand. */
function slowSink(maxPending: number) {
  const open: PromiseWithResolvers<void>[] = []
  const taken: DecisionRecord[] = []
  const onLoss = vi.fn<(total: number, why: string) => void>()
  const sink = createSink(
    (each) => {
      taken.push(each)
      const promise = {} as PromiseWithResolvers<void>
      promise.promise = new Promise((resolve, reject) =>
        Object.assign(promise, { resolve, reject }),
      )
      open.push(promise)
      return promise.promise
    },
    { maxPending, onLoss },
  )
  return { sink, open, taken, onLoss }
}

const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

describe('a sink that is slow', () => {
  test('loses what is too much, and says so in the next record it takes', async () => {
    const { sink, open, taken, onLoss } = slowSink(2)
    for (let count = 0; count < 7; count += 1) sink.take(record)
    expect(taken).toHaveLength(2)
    const why = '2 records wait for it'
    expect(onLoss.mock.calls).toEqual([1, 2, 3, 4, 5].map((total) => [total, why]))
    open[0]!.resolve()
    await settled()
    sink.take(record)
    sink.take(record)
    expect(taken.map(({ lost }) => lost)).toEqual([undefined, undefined, 5])
    open[1]!.resolve()
    open[2]!.resolve()
    await settled()
    sink.take(record)
    sink.take(record)
    expect(taken.slice(3).map(({ lost }) => lost)).toEqual([1, undefined])
  })

  test('holds no more than its bound, however many there are', () => {
    const { sink, open } = slowSink(10)
    for (let count = 0; count < 100_000; count += 1) sink.take(record)
    expect(open).toHaveLength(10)
  })
})

describe('a sink that fails', () => {
  test.each<readonly [string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('disk full')
      },
      'it threw',
    ],
    [
      'throws nothing',
      () => {
        throw undefined
      },
      'it threw',
    ],
    ['rejects', () => Promise.reject(new Error('disk full')), 'it rejected'],
    ['rejects with nothing', () => Promise.reject(), 'it rejected'],
    [
      'returns a thenable that throws',
      () => ({
        then: () => {
          throw new Error('x')
        },
      }),
      'it rejected',
    ],
    [
      'returns what cannot be looked at',
      () => ({
        get then() {
          throw new Error('x')
        },
      }),
      'it threw',
    ],
  ])('%s: the record is lost, and counted', async (_what, write, why) => {
    const lost: unknown[] = []
    let works = false
    const taken: DecisionRecord[] = []
    const sink = createSink((each) => (works ? taken.push(each) : write()), {
      maxPending: 10,
      onLoss: (total, reason) => lost.push([total, reason]),
    })
    sink.take(record)
    await settled()
    sink.take(record)
    await settled()
    expect(lost).toEqual([
      [1, why],
      [2, why],
    ])
    works = true
    sink.take(record)
    expect(taken).toEqual([{ ...record, lost: 2 }])
  })

  test('what it did not hear of is told again', async () => {
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

test.each([undefined, null, 0, {}, { then: 1 }])('a sink that returns %j has taken it', (value) => {
  const onLoss = vi.fn<() => void>()
  const sink = createSink(() => value, { maxPending: 1, onLoss })
  for (let count = 0; count < 3; count += 1) sink.take(record)
  expect(onLoss).not.toHaveBeenCalled()
})

test('a record that could not be made is lost as well', () => {
  const { sink, taken, onLoss } = slowSink(2)
  sink.lose()
  expect(onLoss.mock.calls).toEqual([[1, 'a record could not be made']])
  sink.take(record)
  expect(taken).toEqual([{ ...record, lost: 1 }])
})

describe('losses', () => {
  test('are on a channel, and everybody is warned once', async () => {
    const messages: unknown[] = []
    const listener = (message: unknown): void => void messages.push(message)
    subscribe('resource-server:lost', listener)
    const warned = vi.fn<(warning: Error) => void>()
    process.on('warning', warned)
    onTestFinished(() => {
      unsubscribe('resource-server:lost', listener)
      process.off('warning', warned)
    })
    const { guards, pass } = openDesk({ ...optionsFor(issuer), onDecision: () => Promise.reject() })
    for (let count = 0; count < 3; count += 1)
      await pass({}, guards.requireActor('a'), bearer(good))
    await settled()
    expect(messages).toEqual([{ lost: 1 }, { lost: 2 }, { lost: 3 }])
    expect(warned.mock.calls.map(([{ name, message }]) => [name, message])).toEqual([
      [
        'ResourceServerWarning',
        'Decision records are being lost: onDecision does not accept them (it rejected).',
      ],
    ])
  })
})

test('records do not pile up where a loop never lets the event loop turn', async () => {
  const { gate, guards, records } = openDesk(optionsFor(issuer))
  const guard = guards.requireActor('a')
  const request = { method: 'GET', url: '/', headers: bearer(good) }
  for (let count = 0; count < 1000; count += 1) await gate.pass({}, request, guard)
  expect(records.length).toBe(900)
})
