import { styleText } from 'node:util'
import { ConfigError } from '@resource-server/core'

/** What the command reads and writes. */
export interface Terminal {
  readonly stdin: AsyncIterable<Uint8Array | string>
  /** Writes a result. */
  readonly write: (text: string) => void
  /** Writes an error or a note. */
  readonly warn: (text: string) => void
  /** Whether to use colors. */
  readonly color: boolean
  /** Whether a person types into `stdin`. If so, the command says what it is waiting for. */
  readonly isInteractive: boolean
  /** The width of the terminal, in characters. Longer lines are wrapped. Default: nothing is wrapped. */
  readonly columns?: number | undefined
  /** Ends a command that runs until it is told to stop. Default: such a command ends at once. */
  readonly stop?: AbortSignal
}

/**
 * The exit codes, for scripts.
 *
 * - `ok`: the token is accepted, or the setup has no problem.
 * - `problem`: the token is refused, or the setup has a problem.
 * - `unknown`: the keys could not be fetched, the signature was not checked, or a route could not be examined.
 * - `usage`: the arguments or the configuration are wrong.
 *
 * @example
 * ```ts
 * import { type ExitCode, exitCodes } from '@resource-server/cli'
 *
 * export const isDecided = (code: ExitCode): boolean =>
 *   code === exitCodes.ok || code === exitCodes.problem
 * ```
 */
export const exitCodes: {
  readonly ok: 0
  readonly problem: 1
  readonly unknown: 2
  readonly usage: 64
} = Object.freeze({ ok: 0, problem: 1, unknown: 2, usage: 64 })

/** One of `exitCodes`. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** One line of a report. */
export interface Finding {
  readonly check: string
  readonly result: 'passed' | 'failed' | 'warning' | 'skipped'
  readonly detail: string
  /** What to do, as a sentence. */
  readonly fix?: string
  readonly code?: string
}

const marks = {
  passed: { mark: '✔', style: 'green' },
  failed: { mark: '✘', style: 'red' },
  warning: { mark: '!', style: 'yellow' },
  skipped: { mark: '–', style: 'dim' },
} as const

/** A wider column would leave no room for the details. */
const maxCheckWidth = 32

/** A table of findings, with the checks in one column, and what to do below each finding. */
export function formatFindings(findings: readonly Finding[], { color, columns }: Terminal): string {
  const widths = findings.map(({ check }) => check.length)
  const width = Math.min(maxCheckWidth, Math.max(...widths))
  const lines = findings.flatMap(({ check, result, detail, fix, code }) => {
    const { mark, style } = marks[result]
    const paint = (text: string): string =>
      color ? styleText(style, text, { validateStream: false }) : text
    const shown = code === undefined ? detail : `${detail} (${code})`
    const texts = [shown, ...(fix === undefined ? [] : [`→ ${fix}`])].map(withoutControls)
    const margin = ' '.repeat(width + 4)
    const [first = '', ...others] = texts.flatMap((text) => wrap(text, columns, margin.length))
    return [
      `${paint(`${mark} ${withoutControls(check).padEnd(width)}`)}  ${first}`,
      ...others.map((line) => margin + line),
    ]
  })
  return `${lines.join('\n')}\n`
}

/** A text of a server, such as the kid of a key, must not control the terminal. */
function withoutControls(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n]/gu, '?')
}

/** Breaks a text at spaces, if the terminal is wide enough for a margin. */
function wrap(text: string, columns: number | undefined, margin: number): readonly string[] {
  const room = (columns ?? Infinity) - margin
  if (room < 24) return [text]
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= room) {
      lines[lines.length - 1] = `${last} ${word}`
    } else lines.push(word)
  }
  return lines
}

/** An error in the arguments, the configuration, or the app: what is wrong, and what to do. */
export function formatError(error: unknown, terminal: Terminal): string {
  const isOurs = error instanceof ConfigError
  const finding = isOurs
    ? { detail: error.problem, fix: error.fix }
    : { detail: error instanceof Error ? error.message : 'unexpected error' }
  return formatFindings([{ check: 'error', result: 'failed', ...finding }], terminal)
}

/** The title of a part of a report. */
export function formatTitle(title: string, { color }: Terminal): string {
  return color ? styleText('bold', title, { validateStream: false }) : title
}

export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
