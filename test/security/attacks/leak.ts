import { inspect } from 'node:util'
import { createVerifier } from '@resource-server/core'
import { expect, vi } from 'vitest'
import type { Group, Outcome } from '../runner/attempt.ts'
import { audience, type Fixture, segments } from '../fixtures/fixture.ts'
import { keys } from '../fixtures/keys.ts'

/** Everything the caller sees, except the date. */
function visible({ status, error, headers, body }: Outcome): string {
  const { date: _, ...rest } = headers
  return JSON.stringify({ status, error, headers: rest, body })
}

const expired = (fixture: Fixture): { iat: number; exp: number } => ({
  iat: fixture.now - 400,
  exp: fixture.now - 100,
})

const hostile = 'a\r\nlevel=info\u001b[31m\u2028\u202e"}{'

export const leakCases: Group = {
  'LEAK-oracle-sig': (fixture) => ({
    run: async (start) => {
      const service = await start()
      const tokens = [
        fixture.token({ key: keys.attacker() }),
        fixture.token({ header: { kid: 'unknown' } }),
        fixture.token({ claims: { iss: 'https://evil.example' } }),
        fixture.token({ header: { alg: 'HS256' } }),
        fixture.token({ header: { typ: 'wit+jwt' } }),
        'no.to.ken',
        fixture.token({ key: keys.attacker(), claims: { aud: 'https://other' } }),
      ]
      const outcomes = []
      for (const token of tokens) outcomes.push(await service.send({ token }))
      expect(new Set(outcomes.map(visible)).size).toBe(1)
      return outcomes[0]!
    },
  }),
  'LEAK-oracle-claims': (fixture) => ({
    run: async (start) => {
      const service = await start()
      const forged = await Promise.all(
        [{}, expired(fixture), { aud: 'https://other' }, { cnf: {} }].map((claims) =>
          service.send({ token: fixture.token({ key: keys.attacker(), claims }) }),
        ),
      )
      expect(new Set(forged.map(visible)).size).toBe(1)
      const signed = await service.send({ token: fixture.token({ claims: expired(fixture) }) })
      expect(signed.body).toContain('expired')
      return forged[1]!
    },
  }),
  // Response times distinguish known from unknown kids. SECURITY.md says why: the key set is public.
  'LEAK-timing-kid': (fixture) => ({
    run: async (start) => {
      const service = await start()
      const known = await service.send({ token: fixture.token({ key: keys.attacker() }) })
      const unknown = await service.send({ token: fixture.token({ header: { kid: 'unknown' } }) })
      expect(visible(known)).toBe(visible(unknown))
      return unknown
    },
  }),
  'LEAK-log-token': (fixture) => ({
    run: async (start) => {
      const output = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
        vi.spyOn(console, name).mockImplementation(() => {}),
      )
      const service = await start()
      const good = fixture.token()
      const [header, payload, signature] = segments(fixture.token({ key: keys.attacker() }))
      const outcome = await service.send({ token: [header, payload, signature].join('.') })
      await service.send({ token: good })
      await expect.poll(() => service.records.length).toBe(2)
      const logged = inspect(service.records, { depth: Infinity, showHidden: true })
      for (const secret of [signature, payload, ...segments(good)]) {
        expect(logged).not.toContain(secret)
      }
      expect(output.flatMap(({ mock }) => mock.calls)).toEqual([])
      return outcome
    },
  }),
  'LEAK-log-inject': (fixture) => ({
    token: fixture.token({ header: { kid: hostile, alg: hostile }, claims: { sub: hostile } }),
    check: (_, { records }) => {
      const names = Object.values(records[0]?.unverified ?? {})
      expect(names).toHaveLength(3)
      for (const name of names) expect(name).toMatch(/^[\x20-\x7e]{1,128}$/)
      expect(records[0]?.reason).toMatch(/^[\x20-\x7e]+$/)
    },
  }),
  'LEAK-err-cause': (fixture) => ({
    token: fixture.token({ claims: expired(fixture) }),
    check: async () => {
      const verifier = createVerifier({
        issuer: fixture.issuer.url,
        audience,
        clock: fixture.clock,
      })
      for (const key of [keys.es256(), keys.attacker()]) {
        const token = fixture.token({ key, claims: expired(fixture) })
        const error: unknown = await verifier.verify(token).catch((thrown: unknown) => thrown)
        const whole = inspect(error, { depth: Infinity, showHidden: true, getters: true })
        expect(whole).toContain('VerificationError')
        for (const segment of segments(token)) expect(whole).not.toContain(segment)
      }
    },
  }),
  'LEAK-jwks-err': (fixture) => {
    const [host, text] = ['jwks-host.internal', 'getaddrinfo ENOTFOUND']
    return {
      options: {
        fetch: async () => {
          throw new TypeError('fetch failed', { cause: new Error(`${text} ${host}`) })
        },
      },
      token: fixture.token(),
      check: ({ body, headers }, { records }) => {
        expect(body + JSON.stringify(headers)).not.toMatch(/internal|ENOTFOUND|fetch/)
        expect(records[0]?.reason, 'reason for the operator').toContain(host)
      },
    }
  },
  'LEAK-metrics-card': (fixture) => ({
    token: fixture.token({
      key: keys.attacker(),
      header: { kid: 'unverified-kid' },
      claims: { sub: 'unverified-sub', client_id: 'unverified-client' },
    }),
    check: (_, { records }) => {
      const { unverified, ...record } = records[0]!
      expect(unverified?.kid).toBe('unverified-kid')
      expect(JSON.stringify(record), 'members that may become metric labels').not.toContain(
        'unverified-',
      )
    },
  }),
  'LEAK-forward': (fixture) => ({
    token: fixture.token(),
    check: ({ body }) => {
      expect(body, 'a serialized token').not.toContain(segments(fixture.token())[0])
      expect(fixture.issuer.receivedHeaders.length).toBeGreaterThan(0)
      expect(fixture.issuer.receivedHeaders.flat().join().toLowerCase()).not.toContain(
        'authorization',
      )
    },
  }),
}
