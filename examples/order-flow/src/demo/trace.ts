import { writeFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import process from 'node:process'
import {
  type TracedRecord,
  traceMermaid,
  type TraceOptions,
  traceSvg,
} from '@resource-server/trace'

type Format = (records: readonly TracedRecord[], options: TraceOptions) => string

const formats: Readonly<Record<string, Format>> = {
  '.svg': traceSvg,
  '.mmd': traceMermaid,
}

export interface Trace {
  readonly file: string
  /** The steps are the numbers of the demo's checks. */
  readonly draw: (steps: ReadonlyMap<TracedRecord, string>) => void
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
  return {
    file,
    draw: (steps) => {
      const picture = format([...steps.keys()], { stepOf: (record) => steps.get(record) })
      writeFileSync(file, picture)
    },
  }
}
