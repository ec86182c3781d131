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
 * records of all services.
 */
export async function runDemo(
  report: Report,
  trace?: (records: readonly TracedRecord[]) => void,
  startServer?: () => Promise<AuthorizationServer>,
): Promise<boolean> {
  report.title('Token exchange: one user, three services, and a new token for each service')
  await withEnvironment(async (environment) => {
    report.detail('issuer', `${environment.server.name}, ${environment.server.issuer}`)
    await showExchangeFlow(environment, report)
    await showCache(environment, report)
    await showOutage(environment, report)
    await checkRequests(environment, report)
    // Other servers have exchange rules of their own, which `npm run test:interop` checks.
    if (!startServer) await checkExchangeRefusals(environment, report)
    await checkStolenTokens(environment.server, report)
    await showSignOut(environment, report)
    trace?.(environment.records)
  }, startServer)
  report.summary()
  return report.count()
}
