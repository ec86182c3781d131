import { decodeJwt, jwtVerify, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { startAuthorizationServer } from '../src/authorization-server/authorization-server.ts'
import { publicRsaKey, signedWithPublicKey, unsigned } from '../src/demo/forgery.ts'
import { type Output, Report } from '../src/demo/report.ts'
import { runDemo } from '../src/demo/run-demo.ts'
import { demoSignIn } from '../src/demo/sign-ins.ts'

class TestOutput implements Output {
  text = ''
  readonly isTTY: boolean

  constructor(isTTY: boolean) {
    this.isTTY = isTTY
  }

  write(text: string): void {
    this.text += text
  }
}

const ESCAPE = '\u001B'
const PASSED = { title: 'a', passed: true, expected: '200', caller: '200' }
const FAILED = { title: 'b', passed: false, expected: '401', caller: '200' }

describe('the demo', () => {
  it('passes all 35 checks and prints no token', async () => {
    const output = new TestOutput(false)
    expect(await runDemo(new Report(output, undefined))).toBe(true)
    expect(output.text).toMatch(/\n35 checks passed, 0 failed\n$/)
    expect(output.text).not.toMatch(/eyJ[\w-]+\.[\w-]*/)
    expect(output.text).not.toContain(ESCAPE)
  })
})

describe('Report', () => {
  it('reports failure after one failed check, and prints the expected result', () => {
    const output = new TestOutput(false)
    const report = new Report(output, undefined)
    report.check(PASSED)
    report.check(FAILED)
    expect(report.count()).toBe(false)
    expect(output.text).toContain('expected  401')
    expect(output.text).toMatch(/\n1 checks passed, 1 failed\n$/)
  })

  it('reports failure if no check ran', () => {
    expect(new Report(new TestOutput(false), undefined).count()).toBe(false)
  })

  it.each([
    ['uses color on a terminal', true, undefined, true],
    ['uses color on a terminal if NO_COLOR is empty', true, '', true],
    ['uses no color on a terminal if NO_COLOR is set', true, '1', false],
    ['uses no color in a pipe', false, undefined, false],
  ])('%s', (_title, isTTY, noColor, colored) => {
    const output = new TestOutput(isTTY)
    const report = new Report(output, noColor)
    report.check(PASSED)
    report.summary()
    expect(output.text.includes(ESCAPE)).toBe(colored)
  })
})

// The demo proves something only if a careless verifier accepts the forged tokens.
describe('the forged tokens', () => {
  it('are accepted by a verifier that lets the token choose the algorithm', async () => {
    const server = await startAuthorizationServer()
    try {
      const { accessToken } = await demoSignIn('webShop', server)
      const claims = decodeJwt(accessToken)
      expect(UnsecuredJWT.decode(unsigned(accessToken)).payload).toEqual(claims)

      const forged = await signedWithPublicKey(accessToken, server.issuer)
      const secret = new TextEncoder().encode(await publicRsaKey(server.issuer))
      const { payload } = await jwtVerify(forged, secret)
      expect(payload).toEqual(claims)
    } finally {
      await server.close()
    }
  })
})
