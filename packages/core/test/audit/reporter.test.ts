import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { syncBuiltinESMExports } from 'node:module'
import util from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createReporter, type Reporter } from '../../src/audit/reporter.ts'
import type { DecisionRecord, VerifierOptions } from '../../src/index.ts'
import { createPolicy } from '../../src/config/policy.ts'
import type { RecordBody } from '../../src/options/decision-record.ts'
import { responseSent } from '../support.ts'

const body: RecordBody = { time: '2026-11-24T12:00:00.000Z', outcome: 'granted', checks: [] }

const reporterWith = (options: Partial<VerifierOptions> = {}): Reporter =>
  createReporter(
    createPolicy({ issuer: 'https://as.example', audience: 'a', ...options }, 'verifier'),
  )

/** A reporter with a listener, and the records that the listener received. */
function reporterWithListener(options: Partial<VerifierOptions> = {}) {
  const records: DecisionRecord[] = []
  const onDecision = (record: DecisionRecord): void => void records.push(record)
  return { reporter: reporterWith({ onDecision, ...options }), records }
}

/** Subscribes to a diagnostics channel until the test ends, and collects the messages. */
function subscribeToChannel(name = 'resource-server:decision'): unknown[] {
  const received: unknown[] = []
  const listener = (message: unknown): void => void received.push(message)
  subscribe(name, listener)
  onTestFinished(() => void unsubscribe(name, listener))
  return received
}

const throws = (): never => {
  throw new Error('must not be called without a listener')
}

describe('a reporter without a listener', () => {
  test('does not build a record, for report or for reportLater', async () => {
    const reporter = reporterWith()
    let built = 0
    const build = (): RecordBody => ((built += 1), body)
    reporter.report(build)
    reporter.reportLater(build)
    subscribeToChannel()
    await responseSent()
    expect(reporterWith().hasListeners()).toBe(true)
    expect(built).toBe(0)
  })

  test('does not read the clock, and runs work in the current asynchronous context', () => {
    const clock = { now: throws, monotonic: throws }
    const reporter = reporterWith({ clock })
    expect(reporter.hasListeners()).toBe(false)
    expect(reporter.stopwatch()()).toBe(undefined)
    const storage = new AsyncLocalStorage<string>()
    const run = storage.run('captured', () => reporter.context())
    let seen: unknown = 'nothing ran'
    storage.run('current', () => run(() => (seen = storage.getStore())))
    expect(seen).toBe('current')
  })
})

describe('a reporter with a listener', () => {
  test('measures durations to the microsecond', () => {
    let time = 1000.5
    const clock = { now: () => 0, monotonic: () => time }
    const lap = reporterWithListener({ clock }).reporter.stopwatch()
    time = 1003.734_56
    expect(lap()).toEqual({ at: 1003.734_56, took: 3.235 })
  })

  test('runs work in the captured asynchronous context', () => {
    const { reporter } = reporterWithListener()
    const storage = new AsyncLocalStorage<string>()
    const run = storage.run('captured', () => reporter.context())
    let seen: unknown = 'nothing ran'
    storage.run('current', () => run(() => (seen = storage.getStore())))
    expect(seen).toBe('captured')
  })

  test('adds the version to a record and freezes it', () => {
    const { reporter, records } = reporterWithListener()
    expect(reporter.hasListeners()).toBe(true)
    reporter.report(() => body)
    expect(records).toEqual([{ version: 1, ...body }])
    expect(Object.isFrozen(records[0])).toBe(true)
  })

  test('reports later records after the current turn of the event loop', async () => {
    const { reporter, records } = reporterWithListener()
    for (let count = 0; count < 150; count += 1) {
      reporter.reportLater(() => body)
      expect(records).toHaveLength(count)
      await responseSent()
    }
    expect(records).toHaveLength(150)
  })

  test('delays at most 100 records', () => {
    const { reporter, records } = reporterWithListener()
    for (let count = 0; count < 100; count += 1) reporter.reportLater(() => body)
    expect(records).toEqual([])
    reporter.reportLater(() => body)
    expect(records).toHaveLength(1)
  })

  test('counts a record that cannot be built as lost in the next record', () => {
    const received = subscribeToChannel()
    const { reporter, records } = reporterWithListener()
    reporter.report(throws)
    expect(records).toEqual([])
    expect(received).toEqual([])
    reporter.report(() => body)
    expect(records).toMatchObject([{ lost: 1 }])
  })

  test('reports to the diagnostics channel without onDecision', () => {
    const received = subscribeToChannel()
    const reporter = reporterWith()
    reporter.report(throws)
    reporter.report(() => body)
    expect(received).toEqual([{ version: 1, ...body }])
  })

  test('replaces subjects with pseudonyms if records.pseudonymKey is set', () => {
    const { reporter, records } = reporterWithListener({
      records: { pseudonymKey: 'k'.repeat(32) },
    })
    reporter.report(() => ({ ...body, subject: 'user-42' }))
    expect(records[0]?.subject).toMatch(/^hmac-sha256:/)
  })
})

describe('refusals in the log', () => {
  const refused: RecordBody = {
    ...body,
    outcome: 'refused',
    code: 'scope_insufficient',
    reason: 'the token has no scope "ä"',
  }
  const line = `RESOURCE-SERVER ${process.pid}: `

  /** The lines that are printed to stderr until the test ends. */
  function collectLines(): readonly string[] {
    const lines: string[] = []
    vi.spyOn(console, 'error').mockImplementation((text: string) => void lines.push(text))
    onTestFinished(() => void vi.restoreAllMocks())
    return lines
  }

  /** As if NODE_DEBUG named this project: Node reads it only when the process starts. */
  function debug(): void {
    const enabled = Object.assign((): void => {}, { enabled: true })
    vi.spyOn(util, 'debuglog').mockImplementation((section) =>
      section === 'resource-server' ? enabled : expect.unreachable(),
    )
    syncBuiltinESMExports()
    onTestFinished(() => {
      vi.restoreAllMocks()
      syncBuiltinESMExports()
    })
  }

  test.each<readonly [parts: Partial<RecordBody>, text: string]>([
    [{}, String.raw`refused: scope_insufficient: the token has no scope "\u00e4"`],
    [{ guard: 'requireScope', reason: 'why' }, 'refused by requireScope: scope_insufficient: why'],
    [
      { reason: 'why', request: { method: 'GET', path: '/orders/7' } },
      'GET refused: scope_insufficient: why',
    ],
    [
      {
        reason: 'why',
        guard: 'a',
        request: { method: 'GET', path: '/orders/7', route: '/:kind/:id' },
      },
      'GET /:kind/:id refused by a: scope_insufficient: why',
    ],
    [
      { outcome: 'unavailable', code: 'keys_unavailable', reason: 'why ' },
      'unavailable: keys_unavailable: why',
    ],
  ])('a record with %j is printed as one line of ASCII', (parts, text) => {
    const lines = collectLines()
    reporterWith({ log: 'refusals' }).report(() => ({ ...refused, ...parts }))
    const { code } = { ...refused, ...parts }
    expect(lines).toEqual([`${line}${text} (docs/codes.md#${code})`])
  })

  test('have the pseudonyms of the record', () => {
    const lines = collectLines()
    const options = { log: 'refusals', records: { pseudonymKey: 'k'.repeat(32) } } as const
    reporterWith(options).report(() => ({ ...refused, subject: 'ann', reason: '"ann" may not' }))
    expect(lines).toEqual([expect.stringMatching(/: "hmac-sha256:[\w-]{43}" may not \(/)])
  })

  test('do not include what was granted', () => {
    const lines = collectLines()
    reporterWith({ log: 'refusals' }).report(() => body)
    expect(lines).toEqual([])
  })

  test.each([
    ['warnings', false, 0],
    ['warnings', true, 1],
    ['refusals', false, 1],
    ['off', false, 0],
    ['off', true, 0],
  ] as const)('with log: %j, and NODE_DEBUG set: %j, are %i lines', (log, debugging, count) => {
    const lines = collectLines()
    if (debugging) debug()
    const reporter = reporterWith({ log })
    expect(reporter.hasListeners()).toBe(count > 0)
    reporter.report(() => refused)
    expect(lines).toHaveLength(count)
  })
})

describe('the loss of a record', () => {
  const message =
    'Decision records are being lost: onDecision does not accept them ' +
    '(a record could not be built: Error: "must not be called without a listener").'

  test.each<readonly [log: 'warnings' | 'refusals' | 'off', warnings: readonly string[]]>([
    ['warnings', [message]],
    ['refusals', [message]],
    ['off', []],
  ])('is published each time, and with log: %j warns once at most', async (log, warnings) => {
    // Node emits warnings later, so those of earlier tests are still to come.
    await responseSent()
    const warned = vi.fn<(warning: Error) => void>()
    process.on('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    const lost = subscribeToChannel('resource-server:lost')
    const { reporter } = reporterWithListener({ log })
    reporter.report(throws)
    reporter.report(throws)
    await responseSent()
    expect(lost).toEqual([{ lost: 1 }, { lost: 2 }])
    expect(warned.mock.calls.map(([warning]) => warning.message)).toEqual(warnings)
  })
})
