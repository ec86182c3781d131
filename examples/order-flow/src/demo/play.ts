import { tryToExchangeTooMuch } from './exchange-refusals.ts'
import { tryWhatMustNotWork } from './refusals.ts'
import type { Report } from './report.ts'
import { withScene } from './scene.ts'
import { tellStory } from './story.ts'

/** The whole demo. Returns whether every answer was the expected one. */
export async function play(report: Report): Promise<boolean> {
  report.title('One user, three services, and a token made for each hop')
  await withScene(async (scene) => {
    report.detail('issuer', scene.server.issuer)
    await tellStory(scene, report)
    await tryWhatMustNotWork(scene, report)
    await tryToExchangeTooMuch(scene, report)
  })
  report.summary()
  return report.count()
}
