import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'vitest'
import type { Group } from '../runner/attempt.ts'
import { status } from '../fixtures/scripted-issuer.ts'
import { audience, encode, segments } from '../fixtures/fixture.ts'
import { keys } from '../fixtures/keys.ts'

export const cacheCases: Group = {
  'CACHE-expiry': (fixture) => ({
    run: async (start) => {
      const service = await start()
      const token = fixture.token({ claims: { exp: fixture.now + 60 } })
      for (let at = 0; at < 3; at += 1) expect((await service.send({ token })).status).toBe(200)
      fixture.clock.advance(64)
      expect((await service.send({ token })).status, 'within the clock tolerance').toBe(200)
      fixture.clock.advance(1)
      return service.send({ token })
    },
  }),
  'CACHE-nbf': (fixture) => ({
    run: async (start) => {
      const service = await start()
      const token = fixture.token({ claims: { nbf: fixture.now + 10 } })
      const early = await service.send({ token })
      fixture.clock.advance(5)
      expect((await service.send({ token })).status, 'after nbf').toBe(200)
      fixture.clock.jump(-5)
      expect((await service.send({ token })).status, 'after the clock was set back').toBe(401)
      return early
    },
  }),
  'CACHE-key-removed': (fixture) => ({
    run: async (start) => {
      const service = await start()
      const token = fixture.token({ claims: { exp: fixture.now + 7200 } })
      for (let at = 0; at < 3; at += 1) expect((await service.send({ token })).status).toBe(200)
      fixture.issuer.publish([keys.rs256()])
      fixture.clock.advance(601)
      // The refresh may run in the background of the request that triggers it.
      await expect.poll(async () => (await service.send({ token })).status).toBe(401)
      return service.send({ token })
    },
  }),
  'CACHE-jwks-merge': (fixture) => ({
    run: async (start) => {
      const service = await start()
      expect((await service.send({ token: fixture.token() })).status).toBe(200)
      fixture.issuer.publish([keys.rs256()])
      fixture.clock.advance(301)
      const other = fixture.token({ key: keys.rs256() })
      expect((await service.send({ token: other })).status).toBe(200)
      await expect
        .poll(async () => (await service.send({ token: fixture.token() })).status)
        .toBe(401)
      return service.send({ token: fixture.token() })
    },
  }),
  'CACHE-policy': (fixture) => ({
    run: async (start) => {
      const token = fixture.token()
      const service = await start({ guards: (api) => [api.requireScope('read')] })
      for (let at = 0; at < 3; at += 1) expect((await service.send({ token })).status).toBe(200)
      const stricter = await start({
        guards: (api) => [api.requireScope('read'), api.requireScope('admin')],
      })
      await stricter.send({ token })
      const otherAudience = await start({
        guards: (api) => [api.requireAudience('https://other')],
      })
      expect((await otherAudience.send({ token })).status, 'another audience').toBe(401)
      return stricter.send({ token })
    },
  }),
  'CACHE-collision': (fixture) => ({
    run: async (start) => {
      const service = await start()
      const token = fixture.token()
      for (let at = 0; at < 3; at += 1) expect((await service.send({ token })).status).toBe(200)
      const [header, payload, signature] = segments(token)
      const forged = encode(fixture.claims({ scope: 'admin' }))
      const variants = [
        fixture.token({ key: keys.attacker() }),
        `${header}.${forged}.${signature}`,
        `${header}.${payload}.${encode(Buffer.alloc(64, 1))}`,
        `${encode({ alg: 'ES256', kid: 'ES256-key', typ: 'AT+jwt' })}.${payload}.${signature}`,
      ]
      const outcomes = []
      for (const variant of variants) outcomes.push(await service.send({ token: variant }))
      expect(outcomes.map(({ status: code }) => code)).toEqual(variants.map(() => 401))
      return outcomes[0]!
    },
  }),
  'CACHE-neg-poison': (fixture) => ({
    run: async (start) => {
      fixture.issuer.respondToKeys(status(500))
      const service = await start()
      const token = fixture.token()
      expect((await service.send({ token })).status).toBe(503)
      fixture.issuer.respondToKeys(undefined)
      fixture.clock.advance(60)
      // The retry runs in the background.
      await service.warmUp()
      return service.send({ token })
    },
  }),
  'CACHE-unbounded': (fixture) => ({
    run: async (start) => {
      const service = await start()
      expect((await service.send({ token: fixture.token() })).status).toBe(200)
      const [header, , signature] = segments(fixture.token())
      const count = service.port === undefined ? 6000 : 50
      let outcome = await service.send({ token: fixture.token({ key: keys.attacker() }) })
      const before = heapAfterCollection()
      for (let at = 0; at < count; at += 1) {
        const payload = encode(fixture.claims({ aud: audience, jti: String(at) }))
        outcome = await service.send({ token: `${header}.${payload}.${signature}` })
        // Only the memory of the service counts, not that of the test.
        ;(service.records as unknown[]).length = 0
      }
      // 1000 bytes for each token would be 6 MB.
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
