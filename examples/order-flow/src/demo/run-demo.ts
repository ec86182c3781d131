import type { TracedRecord } from '@resource-server/trace'
import type { AuthorizationServer } from '../authorization-server/authorization-server.ts'
import { withEnvironment } from './environment.ts'
import { showCache } from './exchange-cache.ts'
import { showExchangeFlow } from './exchange-flow.ts'
import { showOutage } from './exchange-outage.ts'
import { checkExchangeRefusals } from './exchange-refusals.ts'
import type { Report } from './report.ts'
import { checkRequests } from './request-checks.ts'
import { showSignOut } from './sign-out.ts'
import { checkStolenTokens } from './stolen-token.ts'

/**
 * Runs the whole demo and returns whether every check passed. At the end, `trace` receives the
 * records of all services, with the number of the check that caused each.
 */
export async function runDemo(
  report: Report,
  trace?: (steps: ReadonlyMap<TracedRecord, string>) => void,
  startServer?: () => Promise<AuthorizationServer>,
): Promise<boolean> {
  const steps = new Map<TracedRecord, string>()
  const onRecord = (record: TracedRecord): void => void steps.set(record, report.nextNumber)
  report.title('Token exchange: one user, three services, and a new token for each service')
  await withEnvironment(
    async (environment) => {
      report.detail('issuer', `${environment.server.name}, ${environment.server.issuer}`)
      await showExchangeFlow(environment, report)
      await showCache(environment, report)
      await showOutage(environment, report)
      await checkRequests(environment, report)
      // Other servers have exchange rules of their own, which `npm run test:interop` checks.
      if (!startServer) await checkExchangeRefusals(environment, report)
      await checkStolenTokens(environment.server, report)
      await showSignOut(environment, report)
      trace?.(steps)
    },
    startServer,
    onRecord,
  )
  report.summary()
  return report.count()
}
