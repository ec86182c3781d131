import { describe, expect, test } from 'vitest'
import { createTestClock } from '../../src/index.ts'
import { decode, startIssuer } from '../support.ts'

const aud = 'order-service'

describe('issuer.token', () => {
  test("dates the token with the issuer's clock", async () => {
    const clock = createTestClock(new Date('2030-01-01T00:00:00Z'))
    const issuer = await startIssuer({ clock })
    const now = Date.UTC(2030, 0, 1) / 1000
    expect(decode(issuer.token({ aud })).payload).toMatchObject({ iat: now, exp: now + 300 })
    clock.advance(60)
    expect(decode(issuer.token({ aud, expiresIn: 1 })).payload).toMatchObject({
      iat: now + 60,
      exp: now + 61,
    })
  })

  test('gives an expired token an iat before its exp', async () => {
    const issuer = await startIssuer()
    const { iat, exp } = decode(issuer.token({ aud, expiresIn: -10 })).payload
    expect(Number(iat)).toBeLessThan(Number(exp))
  })

  test('nests the actors with the current actor outermost', async () => {
    const issuer = await startIssuer()
    const actors = ['now', { sub: 'before', extra: 1 }, 'first']
    const { act } = decode(issuer.token({ aud, actors })).payload
    expect(act).toEqual({ sub: 'now', act: { sub: 'before', extra: 1, act: { sub: 'first' } } })
  })

  test('adds the given claims last, and omits those that are undefined', async () => {
    const issuer = await startIssuer()
    const claims = { sub: undefined, exp: 'x', tenant: 'acme' }
    const { payload } = decode(issuer.token({ aud, claims }))
    expect(payload).toMatchObject({ exp: 'x', tenant: 'acme' })
    expect(payload).not.toHaveProperty('sub')
  })
})
