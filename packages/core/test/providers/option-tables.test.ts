import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { page, withOptionTables } from '../../../../scripts/option-tables.mjs'
import { tables } from '../option-tables.ts'

test('the README of core documents the options of provider functions as their tables do', () => {
  const readme = readFileSync(page, 'utf8')
  for (const name of ['cognito', 'dex', 'entra', 'keycloak']) {
    expect(readme).toContain(`<!-- options: ${name} -->`)
  }
  expect(withOptionTables(readme, tables)).toBe(readme)
})
