import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { page, withOptionTables } from '../../../../scripts/option-tables.mjs'
import { required } from '../../src/options/option-table.ts'
import { tables } from '../option-tables.ts'

const readme = readFileSync(page, 'utf8')

test('the README of core has the option tables as `npm run docs:options` writes them', () => {
  expect(withOptionTables(readme, tables)).toBe(readme)
})

describe.each(Object.entries(tables))('%s', (name, table) => {
  test('is in the README, with every option', () => {
    expect(readme).toMatch(new RegExp(`<!-- options: [\\w ]*\\b${name}\\b`))
    for (const option of Object.keys(table)) expect(readme).toContain(`| \`${option}\` |`)
  })

  test('describes a default only where there is one', () => {
    for (const [option, row] of Object.entries(table)) {
      expect(row.defaultText === '', option).toBe(row.default === required)
    }
  })
})
