// Counts and prints what the rehearsal checks, and keeps it within its time.
import { run } from '../../run.mjs'

/** For all of it, in milliseconds. */
const limit = 15 * 60_000
const started = Date.now()

export const counts = { passed: 0, failed: 0 }

/** @type {() => number} in seconds, rounded */
export const secondsSpent = () => Math.round((Date.now() - started) / 1000)

/** @type {() => number} in milliseconds, at least 1 */
export const timeLeft = () => Math.max(1, limit - (Date.now() - started))

/** @type {(name: string, ok: boolean, output?: string) => void} `output` is shown if it is not ok */
export function check(name, ok, output = '') {
  counts[ok ? 'passed' : 'failed'] += 1
  console.log(`${ok ? 'ok    ' : 'NOT OK'} ${String(secondsSpent()).padStart(4)} s  ${name}`)
  if (!ok && output) console.log(output.trim().replaceAll(/^/gm, '    '))
}

/**
 * A check that the following ones rest on.
 *
 * @type {(name: string, result: { ok: boolean, output: string }) => void}
 * @throws if it is not ok
 */
export function must(name, { ok, output }) {
  check(name, ok, output)
  if (!ok) throw new Error(`The rehearsal cannot go on after: ${name}`)
}

/** @type {typeof run} with what is left of the time, and quiet unless the options say otherwise */
export function inTime(command, args, options = {}) {
  return run(command, args, { quiet: true, timeout: timeLeft(), ...options })
}
