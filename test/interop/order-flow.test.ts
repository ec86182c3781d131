import { expect, test } from 'vitest'
import { starterOf } from '../../examples/order-flow/src/demo/issuers.ts'
import { play } from '../../examples/order-flow/src/demo/play.ts'
import { Report } from '../../examples/order-flow/src/demo/report.ts'

// The output of `npm run demo -- --issuer …`.
test.each(['keycloak', 'spring'])(
  'all checks of the demo pass with %s as its authorization server',
  async (name) => {
    let text = ''
    const report = new Report({ write: (line) => (text += line) }, undefined)
    const asExpected = await play(report, undefined, starterOf(name))
    expect(asExpected, text).toBe(true)
    expect(text).toMatch(/\n19 checks as expected, 0 not\n$/)
  },
)
