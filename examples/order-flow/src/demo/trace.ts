import { writeFileSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import process from 'node:process'
import type { DecisionRecord } from '@resource-server/express'
import { traceMermaid, traceSvg } from '@resource-server/trace'

const drawers: Readonly<Record<string, (records: readonly DecisionRecord[]) => string>> = {
  '.svg': traceSvg,
  '.mmd': traceMermaid,
}

export interface Trace {
  readonly file: string
  readonly draw: (records: readonly DecisionRecord[]) => void
}

/**
 * `--trace trace.svg` or `--trace trace.mmd`: where to draw all decisions to, at the end.
 *
 * @throws Error for another ending, before anything is played
 */
export function traceTo(trace: string): Trace {
  // npm runs scripts at the top; what was typed was typed where the user stands.
  const file = resolve(process.env['INIT_CWD'] ?? '.', trace)
  const drawer = drawers[extname(file)]
  if (!drawer)
    throw new Error(`--trace takes a file that ends in ${Object.keys(drawers).join(' or ')}`)
  return { file, draw: (records) => writeFileSync(file, drawer(records)) }
}
