import { expect } from 'vitest'
import type { Group } from '../runner/attempt.ts'
import { audience, segments } from '../fixtures/fixture.ts'
import { keys } from '../fixtures/keys.ts'

/** The order of the group of P-256: SEC 2 section 2.4.2. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** The other spelling of an ECDSA signature. */
function highS(token: string): string {
  const [header, payload, signature] = segments(token)
  const bytes = Buffer.from(signature, 'base64url')
  const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  const twin = Buffer.concat([
    bytes.subarray(0, 32),
    Buffer.from(s.toString(16).padStart(64, '0'), 'hex'),
  ])
  return [header, payload, twin.toString('base64url')].join('.')
}

const es512 = { algorithms: ['ES512'] }

export const ctrl: Group = {
  'CTRL-es256': (bench) => ({ token: bench.token() }),
  'CTRL-rs256': (bench) => ({ token: bench.token({ key: keys.rs256() }) }),
  'CTRL-eddsa': (bench) =>
    ['EdDSA', 'Ed25519'].map((alg) => ({
      name: alg,
      token: bench.token({ key: keys.eddsa(), header: { alg } }),
    })),
  'CTRL-es512': (bench) => {
    bench.authority.publish([keys.es512()])
    // Sixteen signatures, so that r or s starts with a zero in some of them.
    return Array.from({ length: 16 }, (_, at) => ({
      name: String(at),
      options: es512,
      token: bench.token({ key: keys.es512(), claims: { jti: String(at) } }),
    }))
  },
  'CTRL-aud-array': (bench) => ({
    token: bench.token({ claims: { aud: ['https://other', audience] } }),
  }),
  'CTRL-typ-full': (bench) => ({ token: bench.token({ header: { typ: 'application/at+jwt' } }) }),
  'CTRL-typ-case': (bench) => ({ token: bench.token({ header: { typ: 'AT+JWT' } }) }),
  'CTRL-scheme-case': (bench) => ({ lines: [`Authorization: bEaReR ${bench.token()}`] }),
  'CTRL-exp-edge-tol': (bench) => ({
    options: { clockTolerance: 60 },
    token: bench.token({ claims: { iat: bench.now - 300, exp: bench.now - 59 } }),
  }),
  'CTRL-exp-float': (bench) => ({ token: bench.token({ claims: { exp: bench.now + 300.5 } }) }),
  'CTRL-unknown-claims': (bench) => ({
    token: bench.token({ header: { 'x-new': [1] }, claims: { tenant: { deep: [null, true] } } }),
  }),
  'CTRL-json-ws': (bench) => {
    const spaced = JSON.stringify(bench.claims(), undefined, '\t').replaceAll('read', '\\u0072ead')
    return {
      token: bench.token({ payload: `\r\n ${spaced} \n` }),
      after: ({ body }) => expect(body).toContain('"read"'),
    }
  },
  'CTRL-high-s': (bench) => {
    const token = bench.token()
    expect(highS(token)).not.toBe(token)
    return [{ token: highS(token) }, { name: 'low', token }]
  },
  'CTRL-act-one': (bench) => ({
    token: bench.token({ claims: { act: { sub: 'svc-a' } } }),
    after: ({ body }) => {
      const { subject, actor } = JSON.parse(body) as { subject: string; actor: { subject: string } }
      expect([subject, actor.subject]).toEqual(['user-42', 'svc-a'])
    },
  }),
  'CTRL-rotation-overlap': (bench) => ({
    run: async (start) => {
      const [older, newer] = [keys.es256(), { ...keys.attacker(), kid: 'new' }]
      bench.authority.publish([older, { ...newer.jwk, kid: 'new' }])
      const service = await start()
      const first = await service.send({ token: bench.token({ key: older }) })
      expect(first.status).toBe(200)
      return service.send({ token: bench.token({ key: newer }) })
    },
  }),
}
