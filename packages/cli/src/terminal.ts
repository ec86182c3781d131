import { styleText } from 'node:util'

/** What the command reads and writes. */
export interface Terminal {
  readonly stdin: AsyncIterable<Uint8Array | string>
  /** Writes a result. */
  readonly write: (text: string) => void
  /** Writes an error or a note. */
  readonly warn: (text: string) => void
  /** Whether to use colors. */
  readonly color: boolean
  /** Whether a person types into `stdin`, so that the command says what it waits for. */
  readonly isInteractive: boolean
}

/**
 * The exit codes, for scripts.
 *
 * - `ok`: the token is granted, or the setup has no problem.
 * - `problem`: the token is refused, or the setup has a problem.
 * - `unknown`: the keys could not be fetched, or the signature was not checked.
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
  readonly result: 'passed' | 'failed' | 'skipped'
  readonly detail: string
  readonly code?: string
}

const marks = {
  passed: { mark: '✔', style: 'green' },
  failed: { mark: '✘', style: 'red' },
  skipped: { mark: '–', style: 'dim' },
} as const

/** A table of findings, with the checks in one column. */
export function formatFindings(findings: readonly Finding[], { color }: Terminal): string {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const lines = findings.map(({ check, result, detail, code }) => {
    const { mark, style } = marks[result]
    const shown = code === undefined ? detail : `${detail} (${code})`
    const line = `${mark} ${check.padEnd(width)}  ${shown}`
    return color ? styleText(style, line, { validateStream: false }) : line
  })
  return `${lines.join('\n')}\n`
}

export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}
