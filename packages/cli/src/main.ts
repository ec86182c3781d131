#!/usr/bin/env node
import { run } from './run.ts'

const { stdin, stdout, stderr } = process

// Warnings of the packages repeat what the report says. Those of other code are printed as usual.
const emitWarning = process.emitWarning.bind(process)
process.emitWarning = (warning: string | Error, ...rest: unknown[]) => {
  const [options] = rest as [string | { readonly type?: string } | undefined]
  const type = typeof options === 'object' ? options.type : options
  if (type !== 'ResourceServerWarning') Reflect.apply(emitWarning, undefined, [warning, ...rest])
}

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

const code = await run(process.argv.slice(2), {
  stdin,
  write: (text) => void stdout.write(text),
  warn: (text) => void stderr.write(text),
  // Honors NO_COLOR, FORCE_COLOR, and TERM.
  color: stdout.isTTY && !process.env['NO_COLOR'] && stdout.hasColors(),
  isInteractive: stdin.isTTY,
  columns: stdout.isTTY ? stdout.columns : undefined,
  stop: stop.signal,
})

// An app or a configuration that was loaded may keep connections open, which would keep the process alive.
stdout.write('', () => process.exit(code))
