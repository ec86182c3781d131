import { appendFileSync } from 'node:fs'
import { environment } from './environment.ts'

/** One thing that was seen with a real server. */
export interface Entry {
  readonly server: string
  readonly kind: 'accepted' | 'refused' | 'chain' | 'not issued' | 'survived'
  /** Which token, or which event. */
  readonly what: string
  /** Subject and actors, the reason, or the counts. */
  readonly seen: string
}

/** For the table that `npm run test:interop` ends with. */
export function ledgerOf(server: string): (entry: Omit<Entry, 'server'>) => void {
  return (entry) => {
    appendFileSync(environment.ledger, `${JSON.stringify({ server, ...entry })}\n`)
  }
}
