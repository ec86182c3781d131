import { expect, test } from 'vitest'
import { starterOf } from '../../examples/order-flow/src/demo/issuers.ts'
import { play } from '../../examples/order-flow/src/demo/play.ts'
import { Report } from '../../examples/order-flow/src/demo/report.ts'

// `npm run demo -- --issuer …`: what a person sees there must be as expected too.
test.each(['keycloak', 'spring'])('the demo plays at %s as at its own server', async (name) => {
  let text = ''
  const report = new Report({ write: (line) => (text += line) }, undefined)
  const asExpected = await play(report, undefined, starterOf(name))
  expect(asExpected, text).toBe(true)
  expect(text).toMatch(/\n19 checks as expected, 0 not\n$/)
})
