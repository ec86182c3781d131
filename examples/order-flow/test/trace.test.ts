import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TracedRecord } from '@resource-server/trace'
import { expect, it, onTestFinished } from 'vitest'
import { parseDemoOptions } from '../src/demo/arguments.ts'
import { Report } from '../src/demo/report.ts'
import { runDemo } from '../src/demo/run-demo.ts'

it('--trace draws every decision of the demo as SVG or as Mermaid', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'trace-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const steps = new Map<TracedRecord, string>()
  await runDemo(new Report({ write: () => {} }, undefined), (drawn) => {
    for (const [record, step] of drawn) steps.set(record, step)
  })
  const all = [...steps.keys()]
  const decisions = all.filter((record) => !('kind' in record))
  const exchanges = all.filter((record) => 'kind' in record)
  // The first request, eleven, one while the server was down and one after, and the one before the sign-out.
  expect(exchanges.map(({ outcome }) => outcome)).toHaveLength(2 + 22 + 1 + 2 + 2)
  expect(decisions.map(({ code, outcome }) => code ?? outcome).toSorted()).toEqual(
    [
      // The eleven requests, those while the server was down and after it was back, and the one before the sign-out.
      ...Array<string>(33 + 1 + 3 + 3).fill('granted'),
      'token_revoked',
      'token_revoked',
      'granted',
      'granted',
      'granted',
      'granted',
      'audience_mismatch',
      'audience_mismatch',
      'not_an_access_token',
      'issuer_not_trusted',
      'token_malformed',
      'algorithm_not_allowed',
      'token_expired',
      'scope_insufficient',
      'delegation_required',
      'credential_repeated',
      'credential_missing',
      // catalog-service
      'granted',
      'audience_mismatch',
    ].toSorted(),
  )
  expect(steps.get(decisions.find(({ code }) => code === 'token_expired')!)).toBe('6.8')
  expect(exchanges.map((record) => steps.get(record))[0]).toBe('2.1')
  for (const [name, start] of [
    ['trace.svg', '<svg '],
    ['trace.mmd', 'sequenceDiagram\n'],
  ] as const) {
    const trace = parseDemoOptions(['--trace', join(directory, name)]).trace!
    trace.draw(steps)
    const drawn = readFileSync(trace.file, 'utf8')
    expect(drawn.startsWith(start)).toBe(true)
    expect(drawn).toMatch(name === 'trace.svg' ? />6\.8<\/text>/ : /: 6\.8 GET /)
    expect(drawn).toContain('user-42 ⇐ user-service ⇐ order-service · read:items')
  }
})

it('parseDemoOptions returns no options by default and rejects unknown options and values', () => {
  expect(parseDemoOptions([])).toEqual({ trace: undefined, startServer: undefined })
  expect(() => parseDemoOptions(['--trace', 'trace.png'])).toThrow('ends in .svg or .mmd')
  expect(() => parseDemoOptions(['--trcae', 'trace.svg'])).toThrow("Unknown option '--trcae'")
  expect(() => parseDemoOptions(['--issuer', 'dex'])).toThrow(
    '--issuer must be keycloak or spring-authorization-server',
  )
})
