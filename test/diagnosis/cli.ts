import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@resource-server/cli'
import { onTestFinished } from 'vitest'
import { root } from '../../scripts/run.mjs'

export interface Result {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command in this process, with this text on standard input. Wraps its output if there are columns. */
export async function cli(args: readonly string[], input = '', columns?: number): Promise<Result> {
  const written = { out: '', err: '' }
  const code = await run(args, {
    stdin: (async function* () {
      yield input
    })(),
    write: (text) => (written.out += text),
    warn: (text) => (written.err += text),
    color: false,
    isInteractive: false,
    columns,
  })
  return { code, ...written }
}

let count = 0

/**
 * Writes a module that can import what a package of this repository can. Node loads a file once, so each has its own
 * name.
 */
export function moduleFile(text: string, directory = '.'): string {
  const folder = join(root, directory, 'node_modules', '.cache', 'diagnosis')
  const file = join(folder, `${process.pid}-${(count += 1)}.mjs`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, text)
  onTestFinished(() => rmSync(file, { force: true }))
  return file
}

/** What a terminal with 80 columns and 24 lines shows, without line breaks. */
export async function firstScreen(args: readonly string[], input?: string): Promise<string> {
  const { out, err } = await cli(args, input, 80)
  const lines = `${err}${out}`.split('\n').slice(0, 24)
  return lines.join(' ').replaceAll(/\s+/g, ' ')
}

/** Runs `doctor` with a configuration. */
export function doctor(text: string): Promise<Result> {
  return cli(['doctor', '--config', moduleFile(text)])
}
