import { type Call, callsOf, participantsOf, type TracedRecord, unknown } from './call.ts'

/** Sizes in pixels. Each column fits its longest text in DejaVu Sans, a wide font. */
const lane = { width: 156, box: 148, top: 56 }
const row = { height: 46, top: 118 }
const margin = 24
const panel = { request: 240, token: 420, result: 240 }

const colors: Readonly<Record<Call['outcome'], string>> = {
  granted: '#1a7f37',
  refused: '#b3261e',
  unavailable: '#9a6700',
}

/**
 * Draws the records of decisions and token exchanges as an SVG sequence diagram. Each caller and service has a column, and each
 * request has a row with its arrow, token, and decision. The records may come from several services;
 * they are sorted by time. The file has no scripts, no links and no external styles.
 *
 * @example
 * ```ts
 * import type { DecisionRecord } from '@resource-server/core'
 * import { traceSvg } from '@resource-server/trace'
 *
 * const records: DecisionRecord[] = []
 * export const onDecision = (record: DecisionRecord): void => void records.push(record)
 * export const picture = (): string => traceSvg(records)
 * ```
 */
export function traceSvg(records: readonly TracedRecord[]): string {
  const calls = callsOf(records)
  const participants = participantsOf(calls)
  const lanes = margin * 2 + participants.length * lane.width
  const width = lanes + panel.request + panel.token + panel.result + margin
  const height = row.top + calls.length * row.height + margin
  const center = (name: string): number => margin + (participants.indexOf(name) + 0.5) * lane.width
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="13" role="img" aria-label="Requests and decisions, in order of time">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    label(margin, 32, 'Requests and decisions', 'font-size="17" font-weight="600"'),
    headings(lanes),
    ...calls.map((_call, index) => stripe(index, width)),
    ...participants.map((name) => participant(name, center(name), height)),
    ...calls.map((call, index) => arrow(call, index, center) + details(call, index, lanes)),
    '</svg>\n',
  ].join('\n')
}

function headings(lanes: number): string {
  const y = lane.top + 24
  const dim = 'fill="#57606a" font-size="12"'
  return [
    label(lanes, y, 'request', dim),
    label(lanes + panel.request, y, 'subject ⇐ prior actors ⇐ current actor · scopes', dim),
    label(lanes + panel.request + panel.token, y, 'decision', dim),
  ].join('\n')
}

function stripe(index: number, width: number): string {
  const y = row.top + index * row.height - row.height / 2
  return index % 2 === 1
    ? ''
    : `<rect x="0" y="${y}" width="${width}" height="${row.height}" fill="#f6f8fa"/>`
}

function participant(name: string, x: number, height: number): string {
  const dash = name === unknown ? ' stroke-dasharray="4 3"' : ''
  return [
    `<g><title>${escape(name)}</title>`,
    `<line x1="${x}" y1="${lane.top + 36}" x2="${x}" y2="${height - margin / 2}" stroke="#afb8c1"/>`,
    `<rect x="${x - lane.box / 2}" y="${lane.top}" width="${lane.box}" height="36" rx="6" fill="#ffffff" stroke="#57606a"${dash}/>`,
    label(x, lane.top + 23, truncate(name, 17), 'text-anchor="middle"'),
    '</g>',
  ].join('')
}

function arrow(
  { from, to, outcome }: Call,
  index: number,
  center: (name: string) => number,
): string {
  const [x1, x2] = [center(from), center(to)]
  const y = row.top + index * row.height
  const color = colors[outcome]
  const dash = outcome === 'granted' ? '' : ' stroke-dasharray="6 4"'
  if (x1 === x2) return loop(x1, y, color, dash)
  const step = x2 > x1 ? 1 : -1
  const tip = x2 - step * 12
  const head =
    outcome === 'granted'
      ? `<path d="M${tip} ${y - 6} L${x2} ${y} L${tip} ${y + 6} Z" fill="${color}"/>`
      : `<path d="M${tip - 5} ${y - 5} l10 10 m0 -10 l-10 10" stroke="${color}" stroke-width="2.5" fill="none"/>`
  return [
    `<circle cx="${x1}" cy="${y}" r="4" fill="${color}"/>`,
    `<line x1="${x1}" y1="${y}" x2="${tip}" y2="${y}" stroke="${color}" stroke-width="2"${dash}/>`,
    head,
  ].join('')
}

/** The arrow of a service that calls itself. */
function loop(x: number, y: number, color: string, dash: string): string {
  return `<path d="M${x} ${y - 9} h32 v18 h-30" fill="none" stroke="${color}" stroke-width="2"${dash}/><circle cx="${x}" cy="${y + 9}" r="4" fill="${color}"/>`
}

function details({ request, token, outcome, result }: Call, index: number, x: number): string {
  const y = row.top + index * row.height + 4
  return [
    label(x, y, truncate(request, 30)),
    label(x + panel.request, y, truncate(token, 58), 'fill="#424a53" font-size="12.5"'),
    label(
      x + panel.request + panel.token,
      y,
      truncate(result, 32),
      `fill="${colors[outcome]}" font-weight="600"`,
    ),
  ].join('')
}

function label(x: number, y: number, text: string, attributes = ''): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escape(text)}</text>`
}

function truncate(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Escapes text for XML and removes the characters that XML does not allow. */
function escape(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '')
    .replace(/[&<>"']/g, (character) => entities[character]!)
}
