import { expect } from 'vitest'
import type { Group } from '../runner/attempt.ts'
import { delayed, json, keySet, status } from '../fixtures/scripted-issuer.ts'
import { keys } from '../fixtures/keys.ts'

export const concurrencyCases: Group = {
  'CONC-parallel-mixed': (fixture) => ({
    run: async (start) => {
      const service = await start()
      const count = service.port === undefined ? 1000 : 50
      const subjects = Array.from({ length: count }, (_, at) => `user-${at}`)
      const pairs = subjects.map((sub) => [
        fixture.token({ claims: { sub } }),
        fixture.token({ key: keys.attacker(), claims: { sub } }),
      ])
      const outcomes = await Promise.all(pairs.flat().map((token) => service.send({ token })))
      const good = outcomes.filter((_, at) => at % 2 === 0)
      const bad = outcomes.filter((_, at) => at % 2 === 1)
      const seen = good.map(({ body }) => (JSON.parse(body) as { subject: string }).subject)
      expect(seen, 'each response has the subject of its own token').toEqual(subjects)
      expect(new Set(bad.map(({ status: code }) => code))).toEqual(new Set([401]))
      return bad[0]!
    },
  }),
  'CONC-reload-race': (fixture) => ({
    run: async (start) => {
      const newer = { ...keys.attacker(), kid: 'new' }
      const service = await start()
      expect((await service.send({ token: fixture.token() })).status).toBe(200)
      const slow = delayed(json(keySet([keys.es256()])))
      fixture.issuer.respondToKeys(slow.respond)
      // Two requests need the new key while the old key set is still being delivered.
      const first = service.send({ token: fixture.token({ key: newer }) })
      await slow.requested
      fixture.issuer.respondToKeys(json(keySet([{ ...newer.jwk, kid: 'new' }])))
      const second = service.send({ token: fixture.token({ key: newer }) })
      slow.release()
      await Promise.all([first, second])
      fixture.clock.advance(61)
      expect((await service.send({ token: fixture.token({ key: newer }) })).status).toBe(200)
      const again = await service.send({ token: fixture.token({ key: newer }) })
      expect(
        (await service.send({ token: fixture.token() })).status,
        'the old key was removed',
      ).toBe(401)
      return again
    },
  }),
  'CONC-abort': (fixture) => ({
    run: async (start) => {
      const slow = delayed(json(keySet([keys.es256()])))
      fixture.issuer.respondToKeys(slow.respond)
      const service = await start()
      // One client disconnects while another one waits for the same keys.
      const gone = service.send({ token: fixture.token(), hangUp: true })
      await slow.requested
      const patient = service.send({ token: fixture.token() })
      // Without a socket there is no disconnect, so both wait.
      if (service.port !== undefined) await gone
      slow.release()
      await gone
      return patient
    },
  }),
  'CONC-reentrant': (fixture) => ({
    run: async (start) => {
      fixture.issuer.respondToKeys(status(500))
      let again: Promise<unknown> | undefined
      const service = await start({
        options: {
          onDecision: () => {
            again ??= service.send({ token: fixture.token() })
          },
        },
      })
      const outcome = await service.send({ token: fixture.token() })
      await expect.poll(() => again).toBeDefined()
      expect(await again).toMatchObject({ status: 503 })
      return outcome
    },
  }),
  'CONC-determinism': (fixture) => ({
    run: async (start) => {
      const service = await start()
      const count = service.port === undefined ? 1000 : 30
      const forged = fixture.token({ key: keys.attacker() })
      const expired = fixture.token({ claims: { iat: fixture.now - 100, exp: fixture.now - 50 } })
      const results = new Set<string>()
      for (let at = 0; at < count; at += 1) {
        const outcomes = [forged, expired, fixture.token()].map((token) => service.send({ token }))
        results.add((await Promise.all(outcomes)).map(({ status: code }) => code).join())
      }
      expect([...results]).toEqual(['401,401,200'])
      return service.send({ token: forged })
    },
  }),
  'CONC-toctou': (fixture) => ({
    token: fixture.token({ claims: { roles: ['user'], nested: { admin: false } } }),
    // A policy function cannot change the token for the code that runs after it.
    guards: (api) => [
      api.requirePolicy((token) => {
        const claims = token.claims as unknown as { roles: string[]; nested: { admin: boolean } }
        expect(() => claims.roles.push('admin')).toThrow(TypeError)
        expect(() => (claims.nested.admin = true)).toThrow(TypeError)
        expect(() => Object.assign(token, { subject: 'admin' })).toThrow(TypeError)
        return true
      }),
    ],
    check: ({ body }) => expect(body).not.toContain('admin":true'),
  }),
}
