import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'vitest'
import type { Group } from '../runner/attempt.ts'
import { status } from '../fixtures/scripted-issuer.ts'
import { audience, encode, segments } from '../fixtures/fixture.ts'
import { keys } from '../fixtures/keys.ts'

export const cache: Group = {
  'CACHE-expiry': (bench) => ({
    run: async (start) => {
      const service = await start()
      const token = bench.token({ claims: { exp: bench.now + 60 } })
      for (let at = 0; at < 3; at += 1) expect((await service.send({ token })).status).toBe(200)
      bench.clock.advance(64)
      expect((await service.send({ token })).status, 'within the tolerance').toBe(200)
      bench.clock.advance(1)
      return service.send({ token })
    },
  }),
  'CACHE-nbf': (bench) => ({
    run: async (start) => {
      const service = await start()
      const token = bench.token({ claims: { nbf: bench.now + 10 } })
      const early = await service.send({ token })
      bench.clock.advance(5)
      expect((await service.send({ token })).status, 'its time has come').toBe(200)
      bench.clock.jump(-5)
      expect((await service.send({ token })).status, 'the clock went back').toBe(401)
      return early
    },
  }),
  'CACHE-key-removed': (bench) => ({
    run: async (start) => {
      const service = await start()
      const token = bench.token({ claims: { exp: bench.now + 7200 } })
      for (let at = 0; at < 3; at += 1) expect((await service.send({ token })).status).toBe(200)
      bench.authority.publish([keys.rs256()])
      bench.clock.advance(601)
      // A refresh may run beside the request that noticed that the set is old.
      await expect.poll(async () => (await service.send({ token })).status).toBe(401)
      return service.send({ token })
    },
  }),
  'CACHE-jwks-merge': (bench) => ({
    run: async (start) => {
      const service = await start()
      expect((await service.send({ token: bench.token() })).status).toBe(200)
      bench.authority.publish([keys.rs256()])
      bench.clock.advance(301)
      const other = bench.token({ key: keys.rs256() })
      expect((await service.send({ token: other })).status).toBe(200)
      await expect.poll(async () => (await service.send({ token: bench.token() })).status).toBe(401)
      return service.send({ token: bench.token() })
    },
  }),
  'CACHE-policy': (bench) => ({
    run: async (start) => {
      const token = bench.token()
      const service = await start({ guards: (api) => [api.requireScope('read')] })
      for (let at = 0; at < 3; at += 1) expect((await service.send({ token })).status).toBe(200)
      const stricter = await start({
        guards: (api) => [api.requireScope('read'), api.requireScope('admin')],
      })
      await stricter.send({ token })
      const elsewhere = await start({ guards: (api) => [api.requireAudience('https://other')] })
      expect((await elsewhere.send({ token })).status, 'another audience').toBe(401)
      return stricter.send({ token })
    },
  }),
  'CACHE-collision': (bench) => ({
    run: async (start) => {
      const service = await start()
      const token = bench.token()
      for (let at = 0; at < 3; at += 1) expect((await service.send({ token })).status).toBe(200)
      const [header, payload, signature] = segments(token)
      const forged = encode(bench.claims({ scope: 'admin' }))
      const twins = [
        bench.token({ key: keys.attacker() }),
        `${header}.${forged}.${signature}`,
        `${header}.${payload}.${encode(Buffer.alloc(64, 1))}`,
        `${encode({ alg: 'ES256', kid: 'ES256-key', typ: 'AT+jwt' })}.${payload}.${signature}`,
      ]
      const outcomes = []
      for (const twin of twins) outcomes.push(await service.send({ token: twin }))
      expect(outcomes.map(({ status: code }) => code)).toEqual(twins.map(() => 401))
      return outcomes[0]!
    },
  }),
  'CACHE-neg-poison': (bench) => ({
    run: async (start) => {
      bench.authority.answerKeys(status(500))
      const service = await start()
      const token = bench.token()
      expect((await service.send({ token })).status).toBe(503)
      bench.authority.answerKeys(undefined)
      bench.clock.advance(60)
      // Keys are asked for again beside the requests.
      await service.warmUp()
      return service.send({ token })
    },
  }),
  'CACHE-unbounded': (bench) => ({
    run: async (start) => {
      const service = await start()
      expect((await service.send({ token: bench.token() })).status).toBe(200)
      const [header, , signature] = segments(bench.token())
      const count = service.port === undefined ? 6000 : 50
      let outcome = await service.send({ token: bench.token({ key: keys.attacker() }) })
      const before = heapAfterCollection()
      for (let at = 0; at < count; at += 1) {
        const payload = encode(bench.claims({ aud: audience, jti: String(at) }))
        outcome = await service.send({ token: `${header}.${payload}.${signature}` })
        // What a test keeps is not what the software keeps.
        ;(service.records as unknown[]).length = 0
      }
      // A thousand bytes a token would be six million.
      if (service.port === undefined) expect(heapAfterCollection() - before).toBeLessThan(3_000_000)
      return outcome
    },
  }),
}

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
