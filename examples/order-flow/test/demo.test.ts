import { decodeJwt, jwtVerify, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { startAuthorizationServer } from '../src/authorization-server/authorization-server.ts'
import { publicRsaKey, signedWithPublicKey, unsigned } from '../src/demo/forgery.ts'
import { signInAt } from '../src/demo/people.ts'
import { play } from '../src/demo/play.ts'
import { type Output, Report } from '../src/demo/report.ts'

class Paper implements Output {
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
const GOOD = { title: 'good', asExpected: true, expected: '200', caller: '200' }
const BAD = { title: 'bad', asExpected: false, expected: '401', caller: '200' }

describe('the demo', () => {
  it('plays to its end, all as expected, and prints no token', async () => {
    const paper = new Paper(false)
    expect(await play(new Report(paper, undefined))).toBe(true)
    expect(paper.text).toMatch(/\n24 checks as expected, 0 not\n$/)
    expect(paper.text).not.toMatch(/eyJ[\w-]+\.[\w-]*/)
    expect(paper.text).not.toContain(ESCAPE)
  })
})

describe('a report', () => {
  it('is no success with one check that failed, and says what was expected', () => {
    const paper = new Paper(false)
    const report = new Report(paper, undefined)
    report.check(GOOD)
    report.check(BAD)
    expect(report.count()).toBe(false)
    expect(paper.text).toContain('expected  401')
    expect(paper.text).toMatch(/\n1 checks as expected, 1 not\n$/)
  })

  it('is no success without any check', () => {
    expect(new Report(new Paper(false), undefined).count()).toBe(false)
  })

  it.each([
    ['a terminal', true, undefined, true],
    ['a terminal with an empty NO_COLOR', true, '', true],
    ['a terminal with NO_COLOR', true, '1', false],
    ['a pipe', false, undefined, false],
  ])('for %s', (_what, isTTY, noColor, colored) => {
    const paper = new Paper(isTTY)
    const report = new Report(paper, noColor)
    report.check(GOOD)
    report.summary()
    expect(paper.text.includes(ESCAPE)).toBe(colored)
  })
})

// Forgeries that nobody falls for prove nothing: these are what a careless verifier takes.
describe('the forgeries', () => {
  it('are taken by a verifier that lets the token choose', async () => {
    const server = await startAuthorizationServer()
    try {
      const { accessToken } = await signInAt('shop', server)
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
