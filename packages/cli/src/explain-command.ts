import { explain, type Explanation } from '@resource-server/core/explain'
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

const codes: Readonly<Record<Explanation['outcome'], ExitCode>> = {
  granted: exitCodes.ok,
  refused: exitCodes.problem,
  unavailable: exitCodes.unknown,
  unknown: exitCodes.unknown,
}

/** What the answer is, and which check decides it. */
function conclude({ outcome, checks }: Explanation): string {
  const failed = checks.filter(({ result }) => result === 'failed')
  const [first] = failed
  const reason = `${first?.check} (${first?.code})`
  const sentences: Readonly<Record<Explanation['outcome'], string>> = {
    granted: 'Granted: every check passed.',
    refused: `Refused because of ${reason}${failed.length > 1 ? ', the first failed check' : ''}.`,
    unavailable: `Not decided because of ${reason}: the service answers 503.`,
    unknown: 'Not decided: no check failed, but the signature was not checked.',
  }
  return sentences[outcome]
}

/** Prints what every check says about a token. */
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
  return codes[explanation.outcome]
}

function formatExplanation(explanation: Explanation, terminal: Terminal): string {
  const table = formatFindings(explanation.checks, terminal)
  return `${table}\n${formatTitle(conclude(explanation), terminal)}\n`
}
