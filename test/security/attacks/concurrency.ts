import { expect } from 'vitest'
import type { Group } from '../runner/attempt.ts'
import { held, json, keySet, status } from '../fixtures/scripted-issuer.ts'
import { keys } from '../fixtures/keys.ts'

export const conc: Group = {
  'CONC-parallel-mixed': (bench) => ({
    run: async (start) => {
      const service = await start()
      const count = service.port === undefined ? 1000 : 50
      const subjects = Array.from({ length: count }, (_, at) => `user-${at}`)
      const pairs = subjects.map((sub) => [
        bench.token({ claims: { sub } }),
        bench.token({ key: keys.attacker(), claims: { sub } }),
      ])
      const outcomes = await Promise.all(pairs.flat().map((token) => service.send({ token })))
      const good = outcomes.filter((_, at) => at % 2 === 0)
      const bad = outcomes.filter((_, at) => at % 2 === 1)
      const seen = good.map(({ body }) => (JSON.parse(body) as { subject: string }).subject)
      expect(seen, 'each sees its own claims').toEqual(subjects)
      expect(new Set(bad.map(({ status: code }) => code))).toEqual(new Set([401]))
      return bad[0]!
    },
  }),
  'CONC-reload-race': (bench) => ({
    run: async (start) => {
      const newer = { ...keys.attacker(), kid: 'new' }
      const service = await start()
      expect((await service.send({ token: bench.token() })).status).toBe(200)
      const slow = held(json(keySet([keys.es256()])))
      bench.authority.answerKeys(slow.answer)
      // Two that need a newer set while its answer, which is old by now, is still on its way.
      const first = service.send({ token: bench.token({ key: newer }) })
      await slow.asked
      bench.authority.answerKeys(json(keySet([{ ...newer.jwk, kid: 'new' }])))
      const second = service.send({ token: bench.token({ key: newer }) })
      slow.release()
      await Promise.all([first, second])
      bench.clock.advance(11)
      expect((await service.send({ token: bench.token({ key: newer }) })).status).toBe(200)
      const again = await service.send({ token: bench.token({ key: newer }) })
      expect((await service.send({ token: bench.token() })).status, 'the old key is gone').toBe(401)
      return again
    },
  }),
  'CONC-abort': (bench) => ({
    run: async (start) => {
      const slow = held(json(keySet([keys.es256()])))
      bench.authority.answerKeys(slow.answer)
      const service = await start()
      // One client that hangs up at once, while another one waits for the same keys.
      const gone = service.send({ token: bench.token(), hangUp: true })
      await slow.asked
      const patient = service.send({ token: bench.token() })
      // Without a socket nobody can hang up: there both wait.
      if (service.port !== undefined) await gone
      slow.release()
      await gone
      return patient
    },
  }),
  'CONC-reentrant': (bench) => ({
    run: async (start) => {
      bench.authority.answerKeys(status(500))
      let again: Promise<unknown> | undefined
      const service = await start({
        options: {
          onDecision: () => {
            again ??= service.send({ token: bench.token() })
          },
        },
      })
      const outcome = await service.send({ token: bench.token() })
      await expect.poll(() => again).toBeDefined()
      expect(await again).toMatchObject({ status: 503 })
      return outcome
    },
  }),
  'CONC-determinism': (bench) => ({
    run: async (start) => {
      const service = await start()
      const count = service.port === undefined ? 1000 : 30
      const forged = bench.token({ key: keys.attacker() })
      const expired = bench.token({ claims: { iat: bench.now - 100, exp: bench.now - 50 } })
      const verdicts = new Set<string>()
      for (let at = 0; at < count; at += 1) {
        const outcomes = [forged, expired, bench.token()].map((token) => service.send({ token }))
        verdicts.add((await Promise.all(outcomes)).map(({ status: code }) => code).join())
      }
      expect([...verdicts]).toEqual(['401,401,200'])
      return service.send({ token: forged })
    },
  }),
  'CONC-toctou': (bench) => ({
    token: bench.token({ claims: { roles: ['user'], nested: { admin: false } } }),
    // A policy that writes to what it is shown changes nothing for those who come after it.
    guards: (api) => [
      api.requirePolicy((token) => {
        const claims = token.claims as unknown as { roles: string[]; nested: { admin: boolean } }
        expect(() => claims.roles.push('admin')).toThrow(TypeError)
        expect(() => (claims.nested.admin = true)).toThrow(TypeError)
        expect(() => Object.assign(token, { subject: 'admin' })).toThrow(TypeError)
        return true
      }),
    ],
    after: ({ body }) => expect(body).not.toContain('admin":true'),
  }),
}
