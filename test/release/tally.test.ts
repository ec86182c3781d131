import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { run } from '../../scripts/run.mjs'

const folder = mkdtempSync(join(tmpdir(), 'resource-server-tally-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What a command printed, and its exit code. */
interface Printed {
  readonly text: string
  readonly exit?: string
}

const nothing: Printed = { text: '0 checks passed, 0 failed\n' }

/** What the tally counts. All else is the same at each call. */
function tally(printed: {
  readonly rehearsal?: Printed
  readonly docs?: Printed
  readonly docsTest?: Printed
}): {
  passed: number
  failed: number
} {
  const write = (name: string, { text, exit = '0' }: Printed): [exit: string, file: string] => {
    const file = join(folder, `${name}.txt`)
    writeFileSync(file, text)
    return [exit, file]
  }
  const demo = write('demo', { text: '1 checks passed, 0 failed\n' })
  const rehearsal = write('rehearsal', printed.rehearsal ?? nothing)
  const docs = write('docs', printed.docs ?? nothing)
  const docsTest = write('docs-test', printed.docsTest ?? nothing)
  const args = ['scripts/tally.mjs', '0', ...demo, ...rehearsal, '0', ...docs, ...docsTest]
  const { stdout } = run(process.execPath, args, { quiet: true })
  const [, passed, failed] = /\n(\d+) passed, (\d+) failed\n$/.exec(stdout) ?? []
  return { passed: Number(passed), failed: Number(failed) }
}

describe.each(['rehearsal', 'docs', 'docsTest'] as const)(
  'the last line of .ci/run, of the %s',
  (name) => {
    const none = tally({})

    test('counts the checks', () => {
      const text = 'ok  one\n\n7 checks passed, 2 failed\n'
      expect(tally({ [name]: { text, exit: '1' } })).toEqual({
        passed: none.passed + 7,
        failed: none.failed + 2,
      })
    })

    test('counts a command that broke off as a failure', () => {
      expect(tally({ [name]: { text: 'ok  one\n' } }).failed).toBe(none.failed + 1)
    })

    test('counts a command that failed without a failed check as a failure', () => {
      const text = '7 checks passed, 0 failed\n'
      expect(tally({ [name]: { text, exit: '1' } }).failed).toBe(none.failed + 1)
    })
  },
)
