import { explain, type Explanation } from '@resource-server/core/explain'
import { withFix } from './explain-fixes.ts'
import { readGuards, readSetup, readToken, type SetupArguments } from './input.ts'
import { type ExitCode, exitCodes, formatFindings, formatJson, type Terminal } from './terminal.ts'

export interface ExplainArguments extends SetupArguments {
  readonly guard?: readonly string[]
  readonly tokenFile?: string
  readonly offline?: boolean
  readonly json?: boolean
}

const conclusions: Readonly<Record<Explanation['outcome'], readonly [ExitCode, string]>> = {
  granted: [exitCodes.ok, 'Granted: every check passed.'],
  refused: [exitCodes.problem, 'Refused. The first failed check decides the answer.'],
  unavailable: [exitCodes.unknown, 'Not decided: the service answers 503.'],
  unknown: [exitCodes.unknown, 'No check failed, but the signature was not checked.'],
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
  const explanation = await explain(token, setup, { offline: given.offline ?? false, guards })
  const [code, conclusion] = conclusions[explanation.outcome]
  if (given.json) terminal.write(formatJson(explanation))
  else
    terminal.write(`${formatFindings(explanation.checks.map(withFix), terminal)}\n${conclusion}\n`)
  return code
}
