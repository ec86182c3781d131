import type { Code, DecisionRecord } from '@resource-server/core'
import type { ExplainedCheck, ExplainedStep } from '@resource-server/core/explain'

/** `unreached`: an earlier step failed, and this one has no result of its own. */
export type StepState = 'passed' | 'failed' | 'skipped' | 'unreached'

/** A step of the verification, with its checks. */
export interface PathStep {
  readonly step: ExplainedStep
  readonly state: StepState
  readonly checks: readonly ExplainedCheck[]
  /** Whether the token stops here: the step decides the response. */
  readonly stops: boolean
}

/** The steps in their order, and what each of them does. */
export const steps: readonly (readonly [step: ExplainedStep, what: string])[] = [
  ['parse', 'A signed JWT, strictly'],
  ['issuer', 'A trusted issuer'],
  ['header', 'Algorithm and type'],
  ['key', 'The key of the issuer'],
  ['signature', 'Signed with that key'],
  ['claims', 'For this service, now'],
  ['binding', 'Proof of the key'],
  ['delegation', 'Who acts for whom'],
  ['guard', 'What the route requires'],
]

/**
 * Groups the checks of `explain` by their step. The record decides where the token stops, because only the gate sees
 * the request: `explain` cannot check its proof.
 */
export function pathOf(
  checks: readonly ExplainedCheck[],
  { outcome, code, reason, claim }: DecisionRecord,
): readonly PathStep[] {
  const known = checks.some((check) => check.code === code)
  const added = code === undefined || known ? [] : [ofRequest(code, reason ?? '', claim)]
  const all = [...checks.filter((check) => !isReplaced(check, added)), ...added]
  const decisive = outcome === 'granted' ? undefined : all.find((check) => check.code === code)
  const proven = outcome === 'granted' || isAfterBinding(decisive)
  const shown = all.map((check) => (proven ? asProven(check) : check))
  const at = steps.findIndex(([step]) => step === decisive?.step)
  return steps.map(([step], index) => {
    const own = shown.filter((check) => check.step === step)
    const isAfter = at >= 0 && index > at
    return { step, checks: own, state: stateOf(own, isAfter), stops: index === at }
  })
}

/** What the gate refused that `explain` did not see. It is about the request: its credential or its proof. */
function ofRequest(code: Code, reason: string, claim: string | undefined): ExplainedCheck {
  const step = code.startsWith('credential_') ? 'parse' : 'binding'
  const check = step === 'parse' ? 'credential' : 'proof'
  const named = claim === undefined ? {} : { claim }
  return { check, step, result: 'failed', detail: reason, code, ...named }
}

function isReplaced({ check }: ExplainedCheck, added: readonly ExplainedCheck[]): boolean {
  return added.some((other) => other.check === check)
}

function isAfterBinding(decisive: ExplainedCheck | undefined): boolean {
  return decisive?.step === 'delegation' || decisive?.step === 'guard'
}

/** The gate checked the proof, which `explain` skips. */
function asProven(check: ExplainedCheck): ExplainedCheck {
  if (check.check !== 'proof' || check.result !== 'skipped') return check
  return {
    ...check,
    result: 'passed',
    detail: 'the request proves the key that the token is bound to',
  }
}

function stateOf(checks: readonly ExplainedCheck[], isAfter: boolean): StepState {
  const results = new Set(checks.map(({ result }) => result))
  if (results.has('failed')) return 'failed'
  if (results.has('skipped')) return 'skipped'
  if (results.has('passed')) return 'passed'
  return isAfter ? 'unreached' : 'passed'
}
