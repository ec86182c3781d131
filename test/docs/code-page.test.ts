import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { explanations } from '../../scripts/code-explanations.mjs'
import { codePage, page, readCodes } from '../../scripts/code-page.mjs'

test('the page on codes has every code, as `npm run docs:codes` writes it', async () => {
  const codes = await readCodes()
  expect(Object.keys(explanations)).toEqual(Object.keys(codes))
  const text = readFileSync(page, 'utf8')
  expect(text).toBe(codePage(codes))
  for (const code of Object.keys(codes)) expect(text).toContain(`\n## ${code}\n`)
})
