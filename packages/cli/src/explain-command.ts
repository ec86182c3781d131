import { codes } from '@resource-server/core'
import { explain, type ExplainedCheck, type Explanation } from '@resource-server/core/explain'
import { withFix } from './explain-fixes.ts'
import { readGuards, readSetup, readToken, type SetupArguments } from './input.ts'
import {
  type ExitCode,
  exitCodes,
  formatFindings,
  formatJson,
  formatTitle,
  type Terminal,
} from './terminal.ts'

export interface ExplainArguments extends SetupArguments {
  readonly guard?: readonly string[]
  readonly tokenFile?: string
  readonly offline?: boolean
  readonly json?: boolean
}

const exitCodesOf: Readonly<Record<Explanation['outcome'], ExitCode>> = {
  granted: exitCodes.ok,
  refused: exitCodes.problem,
  unavailable: exitCodes.unknown,
  unknown: exitCodes.unknown,
}

/** The outcome, and the check that decides it. */
function conclude({ outcome, checks }: Explanation): string {
  const failed = checks.filter(({ result }) => result === 'failed')
  const outages = failed.filter(({ code }) => code && codes[code].category === 'unavailable')
  const refusals = failed.filter((check) => !outages.includes(check))
  const nameOf = (check: ExplainedCheck | undefined): string => `${check?.check} (${check?.code})`
  const others = refusals.length > 1 ? ', the first failed check' : ''
  // If an earlier check refuses the token, the service does not get to the outage.
  const isOutageFirst = outages.length > 0 && failed[0] === outages[0]
  const outage = isOutageFirst
    ? ` While ${nameOf(outages[0])} fails, the service responds with 503.`
    : ''
  const sentences: Readonly<Record<Explanation['outcome'], string>> = {
    granted: 'Granted: every check passed.',
    refused: `Refused because of ${nameOf(refusals[0])}${others}.${outage}`,
    unavailable: `Not decided because of ${nameOf(outages[0])}: the service responds with 503.`,
    unknown: 'Not decided: no check failed, but the signature was not checked.',
  }
  return sentences[outcome]
}

/** Prints the result of every check of a token. */
export async function explainCommand(
  given: ExplainArguments,
  terminal: Terminal,
): Promise<ExitCode> {
  const { options } = await readSetup(given)
  const setup = { ...options, log: 'off' as const }
  const guards = readGuards(given.guard ?? [])
  const token = await readToken(given.tokenFile, terminal)
  const explained = await explain(token, setup, { offline: given.offline ?? false, guards })
  const explanation = { ...explained, checks: explained.checks.map(withFix) }
  terminal.write(given.json ? formatJson(explanation) : formatExplanation(explanation, terminal))
  return exitCodesOf[explanation.outcome]
}

function formatExplanation(explanation: Explanation, terminal: Terminal): string {
  const table = formatFindings(explanation.checks, terminal)
  return `${table}\n${formatTitle(conclude(explanation), terminal)}\n`
}
