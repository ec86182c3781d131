import { expect, test } from 'vitest'
import { serverStarter } from '../../examples/order-flow/src/demo/issuers.ts'
import { runDemo } from '../../examples/order-flow/src/demo/run-demo.ts'
import { Report } from '../../examples/order-flow/src/demo/report.ts'

// The output of `npm run demo -- --issuer …`.
test.each(['keycloak', 'spring-authorization-server'])(
  'all checks of the demo pass with %s as its authorization server',
  async (name) => {
    let text = ''
    const report = new Report({ write: (line) => (text += line) }, undefined)
    const passed = await runDemo(report, undefined, serverStarter(name))
    expect(passed, text).toBe(true)
    expect(text).toMatch(/\n28 checks passed, 0 failed\n$/)
  },
)
