import { expect } from 'vitest'
import type { Group } from '../runner/attempt.ts'
import { audience, segments } from '../fixtures/fixture.ts'
import { keys } from '../fixtures/keys.ts'

/** The order of P-256: SEC 2 section 2.4.2. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** The other valid form of an ECDSA signature, with `order - s` instead of `s`. */
function highS(token: string): string {
  const [header, payload, signature] = segments(token)
  const bytes = Buffer.from(signature, 'base64url')
  const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  const variant = Buffer.concat([
    bytes.subarray(0, 32),
    Buffer.from(s.toString(16).padStart(64, '0'), 'hex'),
  ])
  return [header, payload, variant.toString('base64url')].join('.')
}

const es512 = { algorithms: ['ES512'] }

export const validTokenCases: Group = {
  'CTRL-es256': (fixture) => ({ token: fixture.token() }),
  'CTRL-rs256': (fixture) => ({ token: fixture.token({ key: keys.rs256() }) }),
  'CTRL-eddsa': (fixture) =>
    ['EdDSA', 'Ed25519'].map((alg) => ({
      name: alg,
      token: fixture.token({ key: keys.eddsa(), header: { alg } }),
    })),
  'CTRL-es512': (fixture) => {
    fixture.issuer.publish([keys.es512()])
    // 16 signatures, so that r or s starts with a zero in some of them.
    return Array.from({ length: 16 }, (_, at) => ({
      name: String(at),
      options: es512,
      token: fixture.token({ key: keys.es512(), claims: { jti: String(at) } }),
    }))
  },
  'CTRL-aud-array': (fixture) => ({
    token: fixture.token({ claims: { aud: ['https://other', audience] } }),
  }),
  'CTRL-typ-full': (fixture) => ({
    token: fixture.token({ header: { typ: 'application/at+jwt' } }),
  }),
  'CTRL-typ-case': (fixture) => ({ token: fixture.token({ header: { typ: 'AT+JWT' } }) }),
  'CTRL-scheme-case': (fixture) => ({ lines: [`Authorization: bEaReR ${fixture.token()}`] }),
  'CTRL-exp-edge-tol': (fixture) => ({
    options: { clockTolerance: 60 },
    token: fixture.token({ claims: { iat: fixture.now - 300, exp: fixture.now - 59 } }),
  }),
  'CTRL-exp-float': (fixture) => ({
    token: fixture.token({ claims: { exp: fixture.now + 300.5 } }),
  }),
  'CTRL-unknown-claims': (fixture) => ({
    token: fixture.token({ header: { 'x-new': [1] }, claims: { tenant: { deep: [null, true] } } }),
  }),
  'CTRL-json-ws': (fixture) => {
    const spaced = JSON.stringify(fixture.claims(), undefined, '\t').replaceAll(
      'read',
      '\\u0072ead',
    )
    return {
      token: fixture.token({ payload: `\r\n ${spaced} \n` }),
      check: ({ body }) => expect(body).toContain('"read"'),
    }
  },
  'CTRL-high-s': (fixture) => {
    const token = fixture.token()
    expect(highS(token)).not.toBe(token)
    return [{ token: highS(token) }, { name: 'unchanged', token }]
  },
  'CTRL-act-one': (fixture) => ({
    token: fixture.token({ claims: { act: { sub: 'svc-a' } } }),
    check: ({ body }) => {
      const { subject, actor } = JSON.parse(body) as { subject: string; actor: { subject: string } }
      expect([subject, actor.subject]).toEqual(['user-42', 'svc-a'])
    },
  }),
  'CTRL-rotation-overlap': (fixture) => ({
    run: async (start) => {
      const [older, newer] = [keys.es256(), { ...keys.attacker(), kid: 'new' }]
      fixture.issuer.publish([older, { ...newer.jwk, kid: 'new' }])
      const service = await start()
      const first = await service.send({ token: fixture.token({ key: older }) })
      expect(first.status).toBe(200)
      return service.send({ token: fixture.token({ key: newer }) })
    },
  }),
}
