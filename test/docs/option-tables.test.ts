import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { page, readTables, withOptionTables } from '../../scripts/option-tables.mjs'

test('the README of core has every option, as `npm run docs:options` writes them', async () => {
  const text = readFileSync(page, 'utf8')
  const tables = await readTables()
  expect(text).toBe(withOptionTables(text, tables))
  for (const [name, table] of Object.entries(tables)) {
    expect(text, `${name} has no table`).toMatch(new RegExp(`<!-- options: [\\w ]*\\b${name}\\b`))
    for (const option of Object.keys(table as object)) expect(text).toContain(`| \`${option}\` |`)
  }
})
