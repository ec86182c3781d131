import { expect, test } from 'vitest'
import { serverStarter } from '../../examples/order-flow/src/demo/issuers.ts'
import { Report } from '../../examples/order-flow/src/demo/report.ts'
import { runDemo } from '../../examples/order-flow/src/demo/run-demo.ts'

// `npm run demo -- --issuer …`: what a person sees there must be as expected too.
test.each(['keycloak', 'spring-authorization-server'])('the demo passes with %s', async (name) => {
  let text = ''
  const report = new Report({ write: (line) => (text += line) }, undefined)
  const passed = await runDemo(report, undefined, serverStarter(name))
  expect(passed, text).toBe(true)
  expect(text).toMatch(/\n19 checks passed, 0 failed\n$/)
})
