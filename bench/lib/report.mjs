// Formats the results as Markdown tables.

/** @type {(value: unknown) => string} */
function cell(value) {
  if (typeof value !== 'number') return typeof value === 'string' ? value : ''
  if (Number.isNaN(value)) return '–'
  if (Number.isInteger(value)) return value.toLocaleString('en-US').replaceAll(',', ' ')
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1)
}

/** @type {(title: string, columns: Record<string, string>, rows: readonly object[]) => string} */
export function table(title, columns, rows) {
  const keys = Object.keys(columns)
  const body = rows.map((row) => keys.map((key) => cell(/** @type {any} */ (row)[key])))
  const lines = [Object.values(columns), ...body]
  const widths = keys.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)))
  const pad = (/** @type {readonly string[]} */ line) =>
    `| ${line.map((text, at) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0))).join(' | ')} |`
  const rule = `|${widths.map((width, at) => (at === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [`### ${title}`, '', pad(lines[0] ?? []), rule, ...lines.slice(1).map(pad), ''].join('\n')
}

/** One row for each algorithm, with a column for each contender. @type {(measured: any) => Record<string, unknown>} */
const byName = ({ algorithm, inFlight, rows }) => ({
  name: `${algorithm}, ${inFlight} in flight`,
  ...Object.fromEntries(rows.map((/** @type {any} */ row) => [row.name, row.cpu])),
})

/** A column for another build of this project, if there is one. @type {(rows: readonly { before?: number | null }[]) => Record<string, string>} */
const comparison = (rows) =>
  rows.some(({ before }) => before) ? { before: 'CPU / ours, before' } : {}

/** @param {any} results */
export function report({
  functions = [],
  inProcess = [],
  http = [],
  growth,
  refusals,
  start,
  hits,
  exchange,
  proofs = [],
  versions = [],
}) {
  const flight = (/** @type {number} */ count) =>
    count === 1 ? 'one at a time' : `${count} in flight`
  const parts = []
  for (const { algorithm, state, inFlight, rows } of functions) {
    const base = state === 'cold' ? 'crypto.verify' : 'SHA-256'
    const columns = {
      name: '',
      cpu: 'CPU µs',
      wall: 'wall µs',
      ratio: `CPU / ${base}`,
      ...comparison(rows),
    }
    parts.push(table(`${algorithm}, ${state}, ${flight(inFlight)}`, columns, rows))
  }
  for (const { framework, state, rows } of inProcess) {
    const columns = {
      name: '',
      cpu: 'CPU µs',
      above: 'above bare',
      aboveSignature: 'above the signature',
      ...comparison(rows),
    }
    parts.push(table(`${framework}, ${state}, in process`, columns, rows))
  }
  for (const { framework, state, rows } of http) {
    const columns = { name: '', cpu: 'CPU µs', above: 'above bare', p50: 'p50 µs', p99: 'p99 µs' }
    parts.push(table(`${framework}, ${state}`, columns, rows))
  }
  for (const { algorithm, rows } of proofs) {
    const columns = { name: '', cpu: 'CPU µs', wall: 'wall µs', above: 'above the signatures' }
    parts.push(table(`Proofs, ES256, with tokens of ${algorithm}`, columns, rows))
  }
  for (const { node, tables } of versions) {
    const rows = tables.map(byName)
    const columns = Object.fromEntries(Object.keys(rows[0]).map((key) => [key, key]))
    parts.push(table(`Node ${node}, CPU µs of a new token`, { ...columns, name: '' }, rows))
  }
  if (growth) {
    const cpu = { name: '', cpu: 'CPU µs', ratio: 'ratio' }
    const memory = {
      count: 'tokens',
      heap: 'heap MiB',
      rss: 'peak RSS MiB',
      remembered: 'cached',
      estimate: 'estimated MiB',
      p50: 'p50 µs',
      p99: 'p99 µs',
    }
    parts.push(table('Distinct tokens, each used once', memory, growth.once))
    parts.push(table('Distinct tokens, each used three times', memory, growth.tokens))
    parts.push(table('Issuers', { count: 'issuers', cpu: 'CPU µs' }, growth.issuers))
    parts.push(table('Actors', cpu, growth.depth))
    parts.push(table('Size of the token', cpu, growth.size))
    parts.push(table('Refusals', cpu, growth.refusals))
  }
  if (refusals) {
    const issuers = Object.keys(refusals[0])
      .filter((key) => key.startsWith('check'))
      .map((key) => [key, `CPU µs, ${cell(Number(key.slice('check'.length)))} issuers`])
    const columns = { name: '', ...Object.fromEntries(issuers), thrown: 'more as an error' }
    parts.push(table('Refusals, as results and as errors', columns, refusals))
  }
  if (hits) {
    const columns = Object.fromEntries(Object.keys(hits[0]).map((key) => [key, key]))
    parts.push(
      table('Hit rates in percent, cache for 1,000 tokens', { ...columns, name: '' }, hits),
    )
  }
  if (exchange) {
    const columns = { name: '', cpu: 'CPU µs', wall: 'wall µs', ratio: 'ratio' }
    parts.push(table('Token for the next service', columns, exchange.token))
    parts.push(table('Call of the next service, 16 in flight', columns, exchange.fetch))
  }
  if (start) {
    parts.push(
      table(
        'Start',
        {
          name: '',
          cpu: 'import, CPU ms',
          wall: 'import, wall ms',
          rss: 'import, MiB',
          firstCpu: 'first token, CPU ms',
          total: 'both, CPU ms',
        },
        start.import,
      ),
    )
    parts.push(
      table(
        'Size of the packages',
        { name: '', minified: 'minified', gzipped: 'gzipped' },
        start.size,
      ),
    )
  }
  return parts.join('\n')
}
