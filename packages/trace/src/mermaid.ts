import type { DecisionRecord } from '@resource-server/core'
import { type Call, callsOf, partiesOf } from './call.ts'

/**
 * The records as a Mermaid sequence diagram, for a page or a ticket. Records of several services make
 * one picture; they are put in the order of their decisions.
 */
export function traceMermaid(records: readonly DecisionRecord[]): string {
  const calls = callsOf(records)
  const parties = partiesOf(calls)
  const id = (name: string): string => `p${parties.indexOf(name)}`
  const lines = [
    'sequenceDiagram',
    ...parties.map((name) => `participant ${id(name)} as ${text(name)}`),
    ...calls.flatMap((call) => linesOf(call, id)),
  ]
  return `${lines.join('\n    ')}\n`
}

function linesOf(
  { from, to, request, token, outcome, result }: Call,
  id: (name: string) => string,
): string[] {
  const back = outcome === 'granted' ? '-->>' : '--x'
  return [
    `${id(from)}->>${id(to)}: ${text(request)}<br/>${text(token)}`,
    `${id(to)}${back}${id(from)}: ${text(result)}`,
  ]
}

/** Mermaid takes characters by their number. What could end a line or open a tag is written so. */
function text(value: string): string {
  const escaped = value.replace(
    /[^\p{L}\p{N} ./:_⇐…·?()-]/gu,
    (character) => `#${character.codePointAt(0)};`,
  )
  return escaped === '' ? '#8203;' : escaped
}
