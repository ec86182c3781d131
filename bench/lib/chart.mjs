// Draws a bar for each contender: the cost of a request above the bare framework, or of a verification.

/** @type {(text: string) => string} */
const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** @param {any} results */
export function chart({ functions = [], http = [] }) {
  const groups = [
    ...http.map((/** @type {any} */ { framework, state, rows }) => ({
      title: `${framework}, ${state}: CPU per request above the bare framework, µs`,
      rows: rows
        .filter((/** @type {any} */ { name }) => name !== 'bare')
        .map((/** @type {any} */ { name, above }) => ({ name, value: above })),
    })),
    ...functions
      .filter((/** @type {any} */ { inFlight }) => inFlight === 1)
      .map((/** @type {any} */ { algorithm, state, rows }) => ({
        title: `${algorithm}, ${state}: CPU per verification, µs`,
        rows: rows.map((/** @type {any} */ { name, cpu }) => ({ name, value: cpu })),
      })),
  ]
  const parts = []
  let y = 16
  for (const { title, rows } of groups) {
    const most = Math.max(...rows.map((/** @type {any} */ { value }) => value), 1e-9)
    parts.push(`<text x="16" y="${y + 14}" font-weight="600">${escape(title)}</text>`)
    y += 26
    for (const { name, value } of rows) {
      const width = Math.max(1, (Math.max(0, value) / most) * 400)
      const color = name.startsWith('ours') ? '#0b7285' : /alone/.test(name) ? '#868e96' : '#ced4da'
      parts.push(
        `<text x="216" y="${y + 12}" text-anchor="end">${escape(name)}</text>`,
        `<rect x="224" y="${y}" width="${width.toFixed(1)}" height="15" rx="2" fill="${color}"/>`,
        `<text x="${(232 + width).toFixed(1)}" y="${y + 12}">${value.toFixed(1)}</text>`,
      )
      y += 20
    }
    y += 14
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="720" height="${y}" viewBox="0 0 720 ${y}" font-family="system-ui, sans-serif" font-size="12" fill="#212529">`,
    `<rect width="720" height="${y}" fill="#fff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}
