import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createReporter, type Reporter } from '../../src/audit/reporter.ts'
import type { DecisionRecord, VerifierOptions } from '../../src/index.ts'
import { createPolicy } from '../../src/config/policy.ts'
import type { RecordBody } from '../../src/options/decision-record.ts'
import { answered } from '../support.ts'

const body: RecordBody = { time: '2026-11-24T12:00:00.000Z', outcome: 'granted', checks: [] }

const reporterWith = (options: Partial<VerifierOptions> = {}): Reporter =>
  createReporter(
    createPolicy({ issuer: 'https://as.example', audience: 'a', ...options }, 'verifier'),
  )

/** A reporter with a listener, and what that has heard. */
function listening(options: Partial<VerifierOptions> = {}) {
  const records: DecisionRecord[] = []
  const onDecision = (record: DecisionRecord): void => void records.push(record)
  return { reporter: reporterWith({ onDecision, ...options }), records }
}

/** Somebody who watches the channel, until the test is over. */
function watched(): unknown[] {
  const heard: unknown[] = []
  const listener = (message: unknown): void => void heard.push(message)
  subscribe('resource-server:decision', listener)
  onTestFinished(() => void unsubscribe('resource-server:decision', listener))
  return heard
}

const unwanted = (): never => {
  throw new Error('built for nobody')
}

describe('where nobody listens', () => {
  test('nothing is built, at once or later', async () => {
    const reporter = reporterWith()
    let built = 0
    const make = (): RecordBody => ((built += 1), body)
    reporter.report(make)
    reporter.reportLater(make)
    watched()
    await answered()
    expect(reporterWith().hasListeners()).toBe(true)
    expect(built).toBe(0)
  })

  test('nothing is timed, and work runs where it is', () => {
    const clock = { now: unwanted, monotonic: unwanted }
    const reporter = reporterWith({ clock })
    expect(reporter.hasListeners()).toBe(false)
    expect(reporter.stopwatch()()).toBe(undefined)
    const storage = new AsyncLocalStorage<string>()
    const run = storage.run('then', () => reporter.context())
    let seen: unknown = 'nothing ran'
    storage.run('now', () => run(() => (seen = storage.getStore())))
    expect(seen).toBe('now')
  })
})

describe('where somebody listens', () => {
  test('a stopwatch counts from its start, to the microsecond', () => {
    let time = 1000.5
    const clock = { now: () => 0, monotonic: () => time }
    const lap = listening({ clock }).reporter.stopwatch()
    time = 1003.734_56
    expect(lap()).toEqual({ at: 1003.734_56, took: 3.235 })
  })

  test('work runs in the asynchronous context of before', () => {
    const { reporter } = listening()
    const storage = new AsyncLocalStorage<string>()
    const run = storage.run('then', () => reporter.context())
    let seen: unknown = 'nothing ran'
    storage.run('now', () => run(() => (seen = storage.getStore())))
    expect(seen).toBe('then')
  })

  test('a record has its version, and cannot be changed', () => {
    const { reporter, records } = listening()
    expect(reporter.hasListeners()).toBe(true)
    reporter.report(() => body)
    expect(records).toEqual([{ version: 1, ...body }])
    expect(Object.isFrozen(records[0])).toBe(true)
  })

  test('later is later, however often', async () => {
    const { reporter, records } = listening()
    for (let count = 0; count < 150; count += 1) {
      reporter.reportLater(() => body)
      expect(records).toHaveLength(count)
      await answered()
    }
    expect(records).toHaveLength(150)
  })

  test('no more than a hundred records wait', () => {
    const { reporter, records } = listening()
    for (let count = 0; count < 100; count += 1) reporter.reportLater(() => body)
    expect(records).toEqual([])
    reporter.reportLater(() => body)
    expect(records).toHaveLength(1)
  })

  test('a record that cannot be made is counted, and told of by the next one', () => {
    const heard = watched()
    const { reporter, records } = listening()
    reporter.report(unwanted)
    expect(records).toEqual([])
    expect(heard).toEqual([])
    reporter.report(() => body)
    expect(records).toMatchObject([{ lost: 1 }])
  })

  test('on the channel alone, all goes as well', () => {
    const heard = watched()
    const reporter = reporterWith()
    reporter.report(unwanted)
    reporter.report(() => body)
    expect(heard).toEqual([{ version: 1, ...body }])
  })

  test('subjects are hashed where there is a key for it', () => {
    const { reporter, records } = listening({ records: { pseudonymKey: 'k'.repeat(32) } })
    reporter.report(() => ({ ...body, subject: 'user-42' }))
    expect(records[0]?.subject).toMatch(/^hmac-sha256:/)
  })
})
