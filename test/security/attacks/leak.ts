import { inspect } from 'node:util'
import { createVerifier } from '@resource-server/core'
import { expect, vi } from 'vitest'
import type { Group, Outcome } from '../runner/attempt.ts'
import { audience, type Bench, segments } from '../fixtures/fixture.ts'
import { keys } from '../fixtures/keys.ts'

/** What a caller can see of an answer; the date is the server's own. */
function visible({ status, error, headers, body }: Outcome): string {
  const { date: _, ...rest } = headers
  return JSON.stringify({ status, error, headers: rest, body })
}

const expired = (bench: Bench): { iat: number; exp: number } => ({
  iat: bench.now - 400,
  exp: bench.now - 100,
})

const hostile = 'a\r\nlevel=info\u001b[31m\u2028\u202e"}{'

export const leak: Group = {
  'LEAK-oracle-sig': (bench) => ({
    run: async (start) => {
      const service = await start()
      const tokens = [
        bench.token({ key: keys.attacker() }),
        bench.token({ header: { kid: 'unknown' } }),
        bench.token({ claims: { iss: 'https://evil.example' } }),
        bench.token({ header: { alg: 'HS256' } }),
        bench.token({ header: { typ: 'wit+jwt' } }),
        'no.to.ken',
        bench.token({ key: keys.attacker(), claims: { aud: 'https://other' } }),
      ]
      const outcomes = []
      for (const token of tokens) outcomes.push(await service.send({ token }))
      expect(new Set(outcomes.map(visible)).size).toBe(1)
      return outcomes[0]!
    },
  }),
  'LEAK-oracle-claims': (bench) => ({
    run: async (start) => {
      const service = await start()
      const forged = await Promise.all(
        [{}, expired(bench), { aud: 'https://other' }, { cnf: {} }].map((claims) =>
          service.send({ token: bench.token({ key: keys.attacker(), claims }) }),
        ),
      )
      expect(new Set(forged.map(visible)).size).toBe(1)
      const honest = await service.send({ token: bench.token({ claims: expired(bench) }) })
      expect(honest.body).toContain('expired')
      return forged[1]!
    },
  }),
  // That time tells a known kid from an unknown one stands in SECURITY.md: the key set is public.
  'LEAK-timing-kid': (bench) => ({
    run: async (start) => {
      const service = await start()
      const known = await service.send({ token: bench.token({ key: keys.attacker() }) })
      const unknown = await service.send({ token: bench.token({ header: { kid: 'unknown' } }) })
      expect(visible(known)).toBe(visible(unknown))
      return unknown
    },
  }),
  'LEAK-log-token': (bench) => ({
    run: async (start) => {
      const output = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
        vi.spyOn(console, name).mockImplementation(() => {}),
      )
      const service = await start()
      const good = bench.token()
      const [header, payload, signature] = segments(bench.token({ key: keys.attacker() }))
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
  'LEAK-log-inject': (bench) => ({
    token: bench.token({ header: { kid: hostile, alg: hostile }, claims: { sub: hostile } }),
    after: (_, { records }) => {
      const names = Object.values(records[0]?.unverified ?? {})
      expect(names).toHaveLength(3)
      for (const name of names) expect(name).toMatch(/^[\x20-\x7e]{1,128}$/)
      expect(records[0]?.reason).toMatch(/^[\x20-\x7e]+$/)
    },
  }),
  'LEAK-err-cause': (bench) => ({
    token: bench.token({ claims: expired(bench) }),
    after: async () => {
      const verifier = createVerifier({ issuer: bench.authority.url, audience, clock: bench.clock })
      for (const key of [keys.es256(), keys.attacker()]) {
        const token = bench.token({ key, claims: expired(bench) })
        const error: unknown = await verifier.verify(token).catch((thrown: unknown) => thrown)
        const whole = inspect(error, { depth: Infinity, showHidden: true, getters: true })
        expect(whole).toContain('VerificationError')
        for (const segment of segments(token)) expect(whole).not.toContain(segment)
      }
    },
  }),
  'LEAK-jwks-err': (bench) => {
    const [host, text] = ['jwks-host.internal', 'getaddrinfo ENOTFOUND']
    return {
      options: {
        fetch: async () => {
          throw new TypeError('fetch failed', { cause: new Error(`${text} ${host}`) })
        },
      },
      token: bench.token(),
      after: ({ body, headers }, { records }) => {
        expect(body + JSON.stringify(headers)).not.toMatch(/internal|ENOTFOUND|fetch/)
        expect(records[0]?.reason, 'the operator is told').toContain(host)
      },
    }
  },
  'LEAK-metrics-card': (bench) => ({
    token: bench.token({
      key: keys.attacker(),
      header: { kid: 'unverified-kid' },
      claims: { sub: 'unverified-sub', client_id: 'unverified-client' },
    }),
    after: (_, { records }) => {
      const { unverified, ...record } = records[0]!
      expect(unverified?.kid).toBe('unverified-kid')
      expect(JSON.stringify(record), 'what a label could be made of').not.toContain('unverified-')
    },
  }),
  'LEAK-forward': (bench) => ({
    token: bench.token(),
    after: ({ body }) => {
      expect(body, 'what a handler prints of a token').not.toContain(segments(bench.token())[0])
      expect(bench.authority.headersSeen.length).toBeGreaterThan(0)
      expect(bench.authority.headersSeen.flat().join().toLowerCase()).not.toContain('authorization')
    },
  }),
}
