import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { page, withOptionTables } from '../../../../scripts/option-tables.mjs'
import { required } from '../../src/options/option-table.ts'
import * as general from '../../src/config/option-tables.ts'
import { cognitoOptions } from '../../src/providers/cognito.ts'
import { dexOptions } from '../../src/providers/dex.ts'
import { entraOptions } from '../../src/providers/entra.ts'
import { keycloakOptions } from '../../src/providers/keycloak.ts'

const tables = {
  ...general,
  cognito: cognitoOptions,
  dex: dexOptions,
  entra: entraOptions,
  keycloak: keycloakOptions,
}

const readme = readFileSync(page, 'utf8')

test('the README of core has the option tables as `npm run docs:options` writes them', () => {
  expect(withOptionTables(readme, tables)).toBe(readme)
})

describe.each(Object.entries(tables))('%s', (name, table) => {
  test('is in the README, with every option', () => {
    expect(readme).toMatch(new RegExp(`<!-- options: [\\w ]*\\b${name}\\b`))
    for (const option of Object.keys(table)) expect(readme).toContain(`| \`${option}\` |`)
  })

  test('has a text for a default only where there is a default', () => {
    for (const [option, row] of Object.entries(table)) {
      expect(row.defaultText === '', option).toBe(row.default === required)
    }
  })
})
