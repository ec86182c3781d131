import type { DecisionRecord } from '@resource-server/express'
import type { AuthorizationServer } from '../authorization-server/authorization-server.ts'
import { tryToExchangeTooMuch } from './exchange-refusals.ts'
import { tryWhatMustNotWork } from './refusals.ts'
import type { Report } from './report.ts'
import { withScene } from './scene.ts'
import { tellStory } from './story.ts'

/** The whole demo. Returns whether every answer was the expected one. `trace` gets all records. */
export async function play(
  report: Report,
  trace?: (records: readonly DecisionRecord[]) => void,
  startServer?: () => Promise<AuthorizationServer>,
): Promise<boolean> {
  report.title('One user, three services, and a token made for each hop')
  await withScene(async (scene) => {
    report.detail('issuer', `${scene.server.name}, ${scene.server.issuer}`)
    await tellStory(scene, report)
    await tryWhatMustNotWork(scene, report)
    // Another server has rules of its own: `npm run test:interop` tries those.
    if (!startServer) await tryToExchangeTooMuch(scene, report)
    trace?.(scene.records)
  }, startServer)
  report.summary()
  return report.count()
}
