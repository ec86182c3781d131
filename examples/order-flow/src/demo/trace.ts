import { writeFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import process from 'node:process'
import { type TracedRecord, traceMermaid, traceSvg } from '@resource-server/trace'

const formats: Readonly<Record<string, (records: readonly TracedRecord[]) => string>> = {
  '.svg': traceSvg,
  '.mmd': traceMermaid,
}

export interface Trace {
  readonly file: string
  readonly draw: (records: readonly TracedRecord[]) => void
}

/**
 * Prepares the trace for `--trace trace.svg` or `--trace trace.mmd`.
 *
 * @throws Error if the file has another extension
 */
export function traceTo(path: string): Trace {
  // npm runs scripts in the repository root. A relative path refers to the folder where npm was run.
  const file = resolve(process.env['INIT_CWD'] ?? '.', path)
  const format = formats[extname(file)]
  if (!format)
    throw new Error(`--trace needs a file that ends in ${Object.keys(formats).join(' or ')}`)
  return { file, draw: (records) => writeFileSync(file, format(records)) }
}
