import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DecisionRecord } from '@resource-server/express'
import { expect, it, onTestFinished } from 'vitest'
import { play } from '../src/demo/play.ts'
import { Report } from '../src/demo/report.ts'
import { wishesOf } from '../src/demo/arguments.ts'

it('draws every decision of the demo', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'trace-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const all: DecisionRecord[] = []
  await play(new Report({ write: () => {} }, undefined), (records) => void all.push(...records))
  expect(all.map(({ code, outcome }) => code ?? outcome).toSorted()).toEqual(
    [
      ...['granted', 'granted', 'granted', 'granted', 'audience_mismatch', 'audience_mismatch'],
      ...['not_an_access_token', 'issuer_not_trusted', 'token_malformed', 'algorithm_not_allowed'],
      ...['token_expired', 'scope_insufficient', 'delegation_required', 'credential_repeated'],
      // At catalog-service.
      ...['credential_missing', 'granted', 'audience_mismatch'],
    ].toSorted(),
  )
  for (const [name, start] of [
    ['trace.svg', '<svg '],
    ['trace.mmd', 'sequenceDiagram\n'],
  ] as const) {
    const trace = wishesOf(['--trace', join(directory, name)]).trace!
    trace.draw(all)
    const drawn = readFileSync(trace.file, 'utf8')
    expect(drawn.startsWith(start)).toBe(true)
    expect(drawn).toContain('user-42 ⇐ user-service ⇐ order-service · read:items')
  }
})

it('is not asked for by default, and says what it can draw before anything is played', () => {
  expect(wishesOf([])).toEqual({ trace: undefined, startServer: undefined })
  expect(() => wishesOf(['--trace', 'trace.png'])).toThrow('ends in .svg or .mmd')
  expect(() => wishesOf(['--trcae', 'trace.svg'])).toThrow("Unknown option '--trcae'")
  expect(() => wishesOf(['--issuer', 'dex'])).toThrow('--issuer takes keycloak or spring')
})
