import { type Call, callsOf, participantsOf, type TracedRecord, type TraceOptions } from './call.ts'

/**
 * Draws the records of decisions and token exchanges as a Mermaid sequence diagram. The records may come from several
 * services; they are sorted by time. A step is written in front of the request.
 *
 * @example
 * ```ts
 * import type { DecisionRecord } from '@resource-server/core'
 * import { traceMermaid } from '@resource-server/trace'
 *
 * const records: DecisionRecord[] = []
 * export const onDecision = (record: DecisionRecord): void => void records.push(record)
 * export const picture = (): string => traceMermaid(records)
 * ```
 */
export function traceMermaid(records: readonly TracedRecord[], options: TraceOptions = {}): string {
  const calls = callsOf(records, options)
  const participants = participantsOf(calls)
  const id = (name: string): string => `p${participants.indexOf(name)}`
  const lines = [
    'sequenceDiagram',
    ...participants.map((name) => `participant ${id(name)} as ${text(name)}`),
    ...calls.flatMap((call) => linesOf(call, id)),
  ]
  return `${lines.join('\n    ')}\n`
}

function linesOf(
  { step, from, to, request, token, outcome, result }: Call,
  id: (name: string) => string,
): string[] {
  const reply = outcome === 'granted' ? '-->>' : '--x'
  return [
    `${id(from)}->>${id(to)}: ${text(`${step} ${request}`.trim())}<br/>${text(token)}`,
    `${id(to)}${reply}${id(from)}: ${text(result)}`,
  ]
}

/** Escapes characters that could end a line or open a tag, in Mermaid's form `#35;`. */
function text(value: string): string {
  const escaped = value.replace(
    /[^\p{L}\p{N} ./:_⇐…·?()-]/gu,
    (character) => `#${character.codePointAt(0)};`,
  )
  return escaped === '' ? '#8203;' : escaped
}
