import { guardsBefore, judgeApp } from './app/judge.ts'
import { loadApp } from './app/load-app.ts'
import { publicRoutes } from './app/public-routes.ts'
import { isFailed } from './doctor/finding.ts'
import { examineSetup } from './doctor/setup.ts'
import { readSetup, type SetupArguments } from './input.ts'
import {
  type ExitCode,
  exitCodes,
  type Finding,
  formatFindings,
  formatJson,
  formatTitle,
  type Terminal,
} from './terminal.ts'

export interface DoctorArguments extends SetupArguments {
  readonly app?: string
  readonly public?: readonly string[]
  readonly json?: boolean
}

/** A part of the report. */
interface Section {
  readonly title: string | undefined
  readonly findings: readonly Finding[]
  /** Whether something could not be examined. */
  readonly isIncomplete: boolean
}

/** Prints what is wrong with the setup of a service, its issuers, and its routes. */
export async function doctorCommand(given: DoctorArguments, terminal: Terminal): Promise<ExitCode> {
  const sections = [
    ...(needsSetup(given) ? [await setupSection(given)] : []),
    ...(given.app === undefined ? [] : [await appSection(given.app, given.public ?? [])]),
  ]
  const findings = sections.flatMap((section) => section.findings)
  terminal.write(given.json ? formatJson(findings) : formatSections(sections, terminal))
  if (findings.some(isFailed)) return exitCodes.problem
  return sections.some(({ isIncomplete }) => isIncomplete) ? exitCodes.unknown : exitCodes.ok
}

/** An app can be examined without its options, which may be in the module of the app. */
function needsSetup({ app, config, issuer }: DoctorArguments): boolean {
  return app === undefined || config !== undefined || issuer !== undefined
}

async function setupSection(given: DoctorArguments): Promise<Section> {
  const findings = await examineSetup(await readSetup(given))
  return { title: undefined, findings, isIncomplete: false }
}

async function appSection(path: string, publicPaths: readonly string[]): Promise<Section> {
  const isPublic = publicRoutes(publicPaths)
  const app = await loadApp(path)
  const routes = app.targets.filter(({ kind }) => kind === 'route')
  const covered = routes.filter((target) => guardsBefore(target).length > 0)
  return {
    title: `${path} (${app.framework}): ${routes.length} routes, ${covered.length} with a guard`,
    findings: judgeApp(app, isPublic),
    isIncomplete: app.unknown.length > 0,
  }
}

function formatSections(sections: readonly Section[], terminal: Terminal): string {
  const texts = sections.map(({ title, findings }) => {
    const heading = title === undefined ? '' : `${formatTitle(title, terminal)}\n`
    return (
      heading + (findings.length > 0 ? formatFindings(findings, terminal) : 'No routes found.\n')
    )
  })
  return texts.join('\n')
}
