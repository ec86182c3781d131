import { parseArgs } from 'node:util'
import type { AuthorizationServer } from '../authorization-server/authorization-server.ts'
import { starterOf } from './issuers.ts'
import { type Trace, traceTo } from './trace.ts'

export interface Wishes {
  /** `--trace FILE` */
  readonly trace: Trace | undefined
  /** `--issuer NAME` */
  readonly startServer: (() => Promise<AuthorizationServer>) | undefined
}

/** @throws Error for what is not known, before anything is played */
export function wishesOf(args: readonly string[]): Wishes {
  const { trace, issuer } = parseArgs({
    args: [...args],
    options: { trace: { type: 'string' }, issuer: { type: 'string' } },
  }).values
  return {
    trace: trace === undefined ? undefined : traceTo(trace),
    startServer: issuer === undefined ? undefined : starterOf(issuer),
  }
}
