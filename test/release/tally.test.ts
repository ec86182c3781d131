import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { run } from '../../scripts/run.mjs'

const folder = mkdtempSync(join(tmpdir(), 'resource-server-tally-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What the tally counts, given what the rehearsal printed. All else is the same at each call. */
function tally(rehearsal: string, exit = '0'): { passed: number; failed: number } {
  const demo = join(folder, 'demo.txt')
  const output = join(folder, 'rehearsal.txt')
  writeFileSync(demo, '1 checks passed, 0 failed\n')
  writeFileSync(output, rehearsal)
  const args = ['scripts/tally.mjs', '0', '0', demo, exit, output, '0']
  const { stdout } = run(process.execPath, args, { quiet: true })
  const [, passed, failed] = /\n(\d+) passed, (\d+) failed\n$/.exec(stdout) ?? []
  return { passed: Number(passed), failed: Number(failed) }
}

describe('the last line of .ci/run', () => {
  const none = tally('0 checks passed, 0 failed\n')

  test('counts the checks of the rehearsal', () => {
    expect(tally('ok  one\n\n7 checks passed, 2 failed\n', '1')).toEqual({
      passed: none.passed + 7,
      failed: none.failed + 2,
    })
  })

  test('counts a rehearsal that broke off as a failure', () => {
    expect(tally('ok  one\n').failed).toBe(none.failed + 1)
  })

  test('counts a rehearsal that failed without a failed check as a failure', () => {
    expect(tally('7 checks passed, 0 failed\n', '1').failed).toBe(none.failed + 1)
  })
})
