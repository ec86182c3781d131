import { appendFileSync } from 'node:fs'
import { environment } from './environment.ts'

/** An observed result with a real server. */
export interface Result {
  readonly server: string
  readonly kind: 'accepted' | 'refused' | 'chain' | 'not issued' | 'survived' | 'unchanged'
  /** The token, the event, or the test suite. */
  readonly what: string
  /** The subject and the actors, the reason, or the number of requests or checks. */
  readonly seen: string
}

/** Returns a function that adds a result of this server to the table of `npm run test:interop`. */
export function resultsOf(server: string): (result: Omit<Result, 'server'>) => void {
  return (result) => {
    appendFileSync(environment.resultsFile, `${JSON.stringify({ server, ...result })}\n`)
  }
}
