import { parseArgs } from 'node:util'
import type { AuthorizationServer } from '../authorization-server/authorization-server.ts'
import { serverStarter } from './issuers.ts'
import { type Trace, traceTo } from './trace.ts'

export interface DemoOptions {
  /** Where to draw the decisions: `--trace FILE`. */
  readonly trace: Trace | undefined
  /** Starts the server that `--issuer NAME` selects. */
  readonly startServer: (() => Promise<AuthorizationServer>) | undefined
}

/**
 * Reads the command line.
 *
 * @throws Error if an option or its value is unknown
 */
export function parseDemoOptions(args: readonly string[]): DemoOptions {
  const { trace, issuer } = parseArgs({
    args: [...args],
    options: { trace: { type: 'string' }, issuer: { type: 'string' } },
  }).values
  return {
    trace: trace === undefined ? undefined : traceTo(trace),
    startServer: issuer === undefined ? undefined : serverStarter(issuer),
  }
}
