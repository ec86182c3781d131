import { failed } from '../doctor/finding.ts'
import type { Finding } from '../terminal.ts'
import { parametersOf, sourceOf, type Step, type Target } from './step.ts'

/**
 * An error handler decides what becomes of a refusal that a guard throws, and of a guard that fails. What it does is
 * read from its source, so a handler that hands the error to other code is not reported.
 *
 * @param guards the guards that run for this target
 */
export function judgeErrorHandlers(target: Target, guards: readonly Step[]): readonly Finding[] {
  const { before, after } = target
  const [first] = guards
  if (!first) return []
  const start = before.indexOf(first)
  const between = before.slice(start).filter(isErrorHandler)
  // Middleware that waits for what comes after it can catch its errors.
  const around = [
    ...before.slice(0, start).filter((step) => isErrorHandler(step) || catches(step)),
    ...between,
    ...after.filter(isErrorHandler),
  ]
  const throws = guards.some(({ description }) => description?.server.onRefusal === 'throw')
  return [
    ...between.filter(passesOn).map((step) => letsThrough(step, target)),
    ...around.filter((step) => throws && hidesStatus(step)).map(swallows),
  ]
}

function letsThrough({ name }: Step, { method, path }: Target): Finding {
  return failed(
    'error handler',
    `${name} calls next() without the error, between a guard and the handler of ${method} ${path}: the handler runs ` +
      'even though the guard threw',
    'Call next(error), or put the error handler after all routes.',
  )
}

function swallows({ name }: Step): Finding {
  return failed(
    'error handler',
    `${name} does not use the status of the error, so a request that a guard refused gets status 200`,
    "Send error.status, error.headers, and error.body, or leave 'onRefusal' at its default.",
  )
}

function isErrorHandler({ role }: Step): boolean {
  return role === 'errors'
}

function catches({ handler, role }: Step): boolean {
  return role === 'other' && /\bcatch\b/.test(sourceOf(handler))
}

/** Whether it calls its last parameter, `next`, without an argument. */
function passesOn({ handler }: Step): boolean {
  const next = parametersOf(handler).at(-1) ?? ''
  if (!/^\w+$/.test(next)) return false
  const before = sourceOf(handler)
    .replaceAll(/\(\s+\)/g, '()')
    .split(`${next}()`)
    .slice(0, -1)
  return before.some((text) => !/[\w.]$/.test(text))
}

/** A status that is written out, such as `status(200)`. */
const setsSuccess = /(?:status(?:Code)?|code|writeHead|sendStatus)\s*(?:\(|=|:)\s*2\d\d\b/
/** What a handler does that passes the status or the error on. */
const usesStatus = /status|\bthrow\b|\bcode\(|writeHead|\bnext\(\s*[\w$]|\bemit\(/

function hidesStatus({ handler }: Step): boolean {
  const source = sourceOf(handler)
  return source !== '' && (setsSuccess.test(source) || !usesStatus.test(source))
}
