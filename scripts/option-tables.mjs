// `npm run docs:options`: writes the option tables in the README of core from the rows in core's source. A test
// fails if they differ.
import './help.mjs'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from './build.mjs'
import { root } from './run.mjs'
import { setUp } from './setup.mjs'
import { importSource } from './source.mjs'

/** @typedef {{ default: unknown, defaultText: string, range: string, description: string }} Row */

export const page = join(root, 'packages/core/README.md')

/**
 * The page with each table between its markers replaced.
 *
 * @param {string} text
 * @param {Readonly<Record<string, Readonly<Record<string, Row>>>>} tables
 */
export function withOptionTables(text, tables) {
  const block = /<!-- options: ([\w ]+) -->\n[^]*?<!-- \/options -->/g
  return text.replace(block, (_, /** @type {string} */ names) => {
    const rows = names.split(' ').flatMap((name) => Object.entries(tables[name] ?? {}))
    const lines = rows.map(([option, row]) => `| \`${option}\` | ${cells(row).join(' | ')} |`)
    const head = ['| option | default | range | meaning |', '|---|---|---|---|']
    return [`<!-- options: ${names} -->`, ...head, ...lines, '<!-- /options -->'].join('\n')
  })
}

/** @type {(row: Row) => readonly string[]} */
const cells = ({ default: value, defaultText, range, description }) => [
  typeof value === 'symbol' ? 'required' : defaultText,
  range,
  description,
]

export async function readTables() {
  const tables = { ...(await importSource('core/src/config/option-tables.ts')) }
  for (const provider of ['cognito', 'dex', 'entra', 'keycloak']) {
    const source = await importSource(`core/src/providers/${provider}.ts`)
    tables[provider] = source[`${provider}Options`]
  }
  return tables
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setUp({ forTests: false })
  if (!build().ok) process.exit(1)
  const text = readFileSync(page, 'utf8')
  writeFileSync(page, withOptionTables(text, await readTables()))
}
