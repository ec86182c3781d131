import {
  type Call,
  callsOf,
  participantsOf,
  type TracedRecord,
  type TraceOptions,
  unknown,
} from './call.ts'

/** Sizes in pixels. Each column fits its longest text in DejaVu Sans, a wide font. */
const lane = { width: 156, box: 148, top: 64 }
const row = { height: 46, top: 128 }
const margin = 24
const column = { step: 52, time: 112 }
/** The width of a character of text in a panel, and of its heading. */
const glyph = { text: 8, heading: 6.4 }
const legend = { x: margin + 264, width: 800 }

const colors: Readonly<Record<Call['outcome'], string>> = {
  granted: '#1a7f37',
  refused: '#b3261e',
  unavailable: '#9a6700',
}

/** What is written to the right of the arrows. */
interface Panel {
  readonly heading: string
  /** The longest text that is not truncated. */
  readonly length: number
  readonly textOf: (call: Call) => string
  readonly attributesOf: (call: Call) => string
}

const panels: readonly Panel[] = [
  { heading: 'request', length: 30, textOf: ({ request }) => request, attributesOf: () => '' },
  {
    heading: 'subject ⇐ prior actors ⇐ current actor · scopes',
    length: 58,
    textOf: ({ token }) => token,
    attributesOf: () => 'fill="#424a53" font-size="12.5"',
  },
  {
    heading: 'decision',
    length: 32,
    textOf: ({ result }) => result,
    attributesOf: ({ outcome }) => `fill="${colors[outcome]}" font-weight="600"`,
  },
]

/** Where the columns of a picture are. */
interface Layout {
  /** The x coordinate of the time axis. */
  readonly axis: number
  /** The x coordinate of the middle of a participant's lane. */
  readonly center: (name: string) => number
  /** The x coordinate of each panel. */
  readonly panels: readonly number[]
  readonly width: number
  readonly height: number
}

/**
 * Draws the records of decisions and token exchanges as an SVG sequence diagram. Each caller and service has a
 * column, and each request has a row with its step, time, arrow, token, and decision. The records may come from
 * several services; they are sorted by time. The first time is in UTC, and the others are relative to it. Rows have
 * the same height, so the time axis is not to scale. The file has no scripts, no links, and no external styles.
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
export function traceSvg(records: readonly TracedRecord[], options: TraceOptions = {}): string {
  const calls = callsOf(records, options)
  const participants = participantsOf(calls)
  const layout = layoutOf(calls, participants)
  const { width, height } = layout
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="13" role="img" aria-label="Requests and decisions, in chronological order">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    label(margin, 34, 'Requests and decisions', 'font-size="17" font-weight="600"'),
    legendAt(legend.x, 34),
    headings(layout, calls),
    ...calls.map((_call, index) => stripe(index, width)),
    timeAxis(layout, calls),
    ...participants.map((name) => participant(name, layout.center(name), height)),
    ...calls.map((call, index) => arrow(call, index, layout.center) + details(call, index, layout)),
    '</svg>\n',
  ].join('\n')
}

function layoutOf(calls: readonly Call[], participants: readonly string[]): Layout {
  const steps = calls.some(({ step }) => step !== '') ? column.step : 0
  const axis = margin + steps + column.time
  const lanes = axis + margin / 2
  const ends = panels.reduce(
    (starts, panel) => [...starts, starts.at(-1)! + widthOf(panel, calls)],
    [lanes + participants.length * lane.width + margin],
  )
  return {
    axis,
    center: (name) => lanes + (participants.indexOf(name) + 0.5) * lane.width,
    panels: ends.slice(0, -1),
    width: Math.ceil(Math.max(ends.at(-1)!, legend.x + legend.width)) + margin,
    height: row.top + calls.length * row.height + margin,
  }
}

function widthOf({ heading, length, textOf }: Panel, calls: readonly Call[]): number {
  const lengths = calls.map((call) => Math.min(length, textOf(call).length))
  const longest = Math.max(0, ...lengths) * glyph.text
  return Math.max(heading.length * glyph.heading, longest) + margin
}

/** What the kinds of arrows mean. */
function legendAt(x: number, y: number): string {
  const arrows = (['granted', 'refused', 'unavailable'] as const).map((outcome, index) => {
    const start = x + index * 140
    return [
      `<circle cx="${start}" cy="${y - 5}" r="4" fill="${colors[outcome]}"/>`,
      line(start, start + 44, y - 5, outcome),
      label(start + 54, y, outcome, 'font-size="12"'),
    ].join('')
  })
  const note = 'An arrow starts at the party that the token was issued to.'
  return [...arrows, label(x + 440, y, note, 'fill="#57606a" font-size="12"')].join('\n')
}

function headings(layout: Layout, calls: readonly Call[]): string {
  const y = lane.top + 24
  const dim = 'fill="#57606a" font-size="12"'
  const steps = calls.some(({ step }) => step !== '')
  return [
    steps ? label(margin, y, 'step', dim) : '',
    label(layout.axis - 12, y, 'time', `text-anchor="end" ${dim}`),
    ...panels.map(({ heading }, index) => label(layout.panels[index]!, y, heading, dim)),
  ].join('\n')
}

/** The time axis with the time of each row, and the steps. A line separates the groups. */
function timeAxis({ axis: x, width }: Layout, calls: readonly Call[]): string {
  const end = row.top + calls.length * row.height - row.height / 2
  const rows = calls.map(({ step, time }, index) => {
    const y = row.top + index * row.height
    const isFirst = step !== '' && step !== calls[index - 1]?.step
    return [
      isFirst && index > 0
        ? `<line x1="0" y1="${y - row.height / 2}" x2="${width}" y2="${y - row.height / 2}" stroke="#afb8c1"/>`
        : '',
      isFirst ? label(margin, y + 4, truncate(step, 6), 'font-weight="600"') : '',
      `<line x1="${x - 4}" y1="${y}" x2="${x + 4}" y2="${y}" stroke="#57606a"/>`,
      label(x - 12, y + 4, timeText(time, calls[0]!.time), 'text-anchor="end" font-size="12"'),
    ].join('')
  })
  return [
    `<line x1="${x}" y1="${row.top - row.height / 2}" x2="${x}" y2="${end}" stroke="#57606a"/>`,
    ...rows,
  ].join('\n')
}

/** The first time is a time of day in UTC, the others are relative to it. */
function timeText(time: number, first: number): string {
  if (!Number.isFinite(time)) return ''
  if (time === first) return new Date(time).toISOString().slice(11, -1)
  const passed = time - first
  const [size, unit] = units.find(([milliseconds]) => passed >= milliseconds) ?? [1, 'ms']
  return `+${(passed / size).toFixed(size === 1 ? 0 : 1)} ${unit}`
}

const units: readonly (readonly [milliseconds: number, unit: string])[] = [
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1000, 's'],
]

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
  if (x1 === x2) return loop(x1, y, color, dashOf(outcome))
  return `<circle cx="${x1}" cy="${y}" r="4" fill="${color}"/>${line(x1, x2, y, outcome)}`
}

/** A line with the head of its outcome. */
function line(x1: number, x2: number, y: number, outcome: Call['outcome']): string {
  const color = colors[outcome]
  const tip = x2 - (x2 > x1 ? 12 : -12)
  const head =
    outcome === 'granted'
      ? `<path d="M${tip} ${y - 6} L${x2} ${y} L${tip} ${y + 6} Z" fill="${color}"/>`
      : `<path d="M${tip - 5} ${y - 5} l10 10 m0 -10 l-10 10" stroke="${color}" stroke-width="2.5" fill="none"/>`
  return `<line x1="${x1}" y1="${y}" x2="${tip}" y2="${y}" stroke="${color}" stroke-width="2"${dashOf(outcome)}/>${head}`
}

const dashOf = (outcome: Call['outcome']): string =>
  outcome === 'granted' ? '' : ' stroke-dasharray="6 4"'

/** The arrow of a service that calls itself. */
function loop(x: number, y: number, color: string, dash: string): string {
  return `<path d="M${x} ${y - 9} h32 v18 h-30" fill="none" stroke="${color}" stroke-width="2"${dash}/><circle cx="${x}" cy="${y + 9}" r="4" fill="${color}"/>`
}

function details(call: Call, index: number, layout: Layout): string {
  const y = row.top + index * row.height + 4
  return panels
    .map(({ length, textOf, attributesOf }, at) =>
      label(layout.panels[at]!, y, truncate(textOf(call), length), attributesOf(call)),
    )
    .join('')
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
