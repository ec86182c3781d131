import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import type { Builder, Group, Outcome, Service } from '../runner/attempt.ts'
import { type Answer, json, keySet, status } from '../fixtures/scripted-issuer.ts'
import type { Bench } from '../fixtures/fixture.ts'
import { keys } from '../fixtures/keys.ts'

/** Past the time at which a set of the usual five minutes is refreshed, and before its end. */
const refreshDue = 290
const newKey = { ...keys.attacker(), kid: 'new' }
const newJwk = { ...newKey.jwk, kid: 'new' }

const health = ({ operations }: Service) => operations.health().issuers[0]!

/** A refresh runs beside the requests: this waits for its end. */
const attempts = (service: Service, count: number): Promise<void> =>
  expect.poll(() => health(service)).toMatchObject({ fetches: count, inFlight: false })

async function warm(service: Service, bench: Bench): Promise<void> {
  expect((await service.send({ token: bench.token() })).status, 'before').toBe(200)
}

/** After a good start the key set's address answers so, and the service is asked after its refresh. */
const refreshedWith =
  (answer: Answer, check: (service: Service, bench: Bench) => unknown = () => {}): Builder =>
  (bench) => ({
    run: async (start) => {
      bench.authority.answerKeys(undefined)
      const service = await start()
      await warm(service, bench)
      bench.authority.answerKeys(answer)
      bench.clock.advance(refreshDue)
      await attempts(service, 2)
      await check(service, bench)
      return service.send({ token: bench.token() })
    },
  })

const all =
  (...builders: readonly Builder[]): Builder =>
  (bench) =>
    builders.flatMap((build) => build(bench) as never)

const keptWithError = (service: Service): void =>
  expect(health(service)).toMatchObject({ keys: 5, failures: 1, lastError: expect.any(String) })

async function flood(service: Service, bench: Bench, steps: number): Promise<Outcome> {
  const each = service.port === undefined ? 20 : 2
  const outcomes: Outcome[] = []
  for (let step = 0; step < steps; step += 1) {
    const invented = Array.from({ length: each }, (_, at) =>
      bench.token({ header: { kid: `invented-${step}-${at}` } }),
    )
    outcomes.push(...(await Promise.all(invented.map((token) => service.send({ token })))))
    bench.clock.advance(1)
  }
  expect(new Set(outcomes.map(({ status: code }) => code)).size, 'one answer for all').toBe(1)
  return outcomes[0]!
}

/** Exits by itself, though a refresh is planned, or a fetch hangs that `close` ends. */
const shutDown = (url: string, last: string): string => `
import { createVerifier } from '@resource-server/core'
const verifier = createVerifier({ issuer: '${url}', audience: 'a' })
${last}
process.stdout.write('done')`

export const fault: Group = {
  'FAULT-cold-down': (bench) => ({
    run: async (start) => {
      bench.authority.answerMetadata(status(500))
      const service = await start()
      const outcome = await service.send({ token: bench.token() })
      expect(service.operations.ready()).toBe(false)
      const asked = bench.authority.asked.length
      for (let at = 0; at < 20; at += 1)
        expect((await service.send({ token: bench.token() })).status).toBe(503)
      expect(bench.authority.asked.length, 'no request fetches').toBe(asked)
      if (service.port !== undefined) expect(outcome.headers['retry-after']).toBe('1')
      bench.authority.answerMetadata(undefined)
      bench.clock.advance(1)
      await expect.poll(() => service.operations.ready()).toBe(true)
      await warm(service, bench)
      return outcome
    },
  }),
  'FAULT-rot-overlap': (bench) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, bench)
      bench.authority.publish([keys.es256(), newJwk])
      bench.clock.advance(refreshDue)
      await attempts(service, 2)
      const asked = bench.authority.asked.length
      await warm(service, bench)
      const outcome = await service.send({ token: bench.token({ key: newKey }) })
      expect(bench.authority.asked.length, 'nothing is fetched for the new key').toBe(asked)
      return outcome
    },
  }),
  'FAULT-rot-no-overlap': (bench) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, bench)
      const asked = bench.authority.asked.length
      bench.authority.publish([newJwk])
      const herd = Array.from({ length: 50 }, () =>
        service.send({ token: bench.token({ key: newKey }) }),
      )
      const codes = (await Promise.all(herd)).map(({ status: code }) => code)
      expect(new Set(codes)).toEqual(new Set([200]))
      expect(bench.authority.asked.length, 'one fetch for all').toBe(asked + 1)
      expect((await service.send({ token: bench.token() })).status, 'the old key').toBe(401)
      return service.send({ token: bench.token({ key: newKey }) })
    },
  }),
  'FAULT-key-removed': (bench) => [
    {
      run: async (start) => {
        const service = await start()
        await warm(service, bench)
        bench.authority.publish([keys.rs256()])
        await service.operations.refreshKeys()
        const outcome = await service.send({ token: bench.token() })
        bench.authority.answerKeys(status(500))
        bench.clock.advance(1200)
        await expect.poll(() => health(service).lastError).toBeDefined()
        const later = await service.send({ token: bench.token() })
        expect(later.status, 'an outage does not bring it back').not.toBe(200)
        return outcome
      },
    },
    {
      run: async (start) => {
        bench.authority.answerKeys(undefined)
        bench.authority.publish([keys.es256(), keys.rs256()])
        const service = await start()
        await warm(service, bench)
        service.operations.blockKey('ES256-key')
        const outcome = await service.send({ token: bench.token() })
        await service.operations.refreshKeys()
        expect((await service.send({ token: bench.token() })).status, 'published').toBe(401)
        const other = await service.send({ token: bench.token({ key: keys.rs256() }) })
        expect(other.status, 'the other key').toBe(200)
        return outcome
      },
    },
  ],
  'FAULT-http-500': all(
    refreshedWith(status(500), keptWithError),
    refreshedWith(status(429, { 'retry-after': '120' }), async (service, bench) => {
      keptWithError(service)
      bench.clock.advance(60)
      await warm(service, bench)
      expect(health(service).fetches, 'not before it asked for').toBe(2)
      expect(health(service).nextAttempt).toBe(60)
    }),
  ),
  'FAULT-garbage': all(
    ...['<h1>Back soon</h1>', '{"keys":[{"kty":"EC"', '[]', '"keys"', '{"keys":7}'].map((body) =>
      refreshedWith(json(body), (service) => {
        expect(health(service), body).toMatchObject({ keys: 5, failures: 1 })
      }),
    ),
  ),
  'FAULT-empty-keys': (bench) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, bench)
      bench.authority.answerKeys(json('{"keys":[]}'))
      bench.clock.advance(refreshDue)
      await attempts(service, 2)
      const outcome = await service.send({ token: bench.token() })
      expect(health(service).lastError).toContain('no usable key')
      bench.clock.advance(301)
      await attempts(service, 3)
      bench.clock.advance(30)
      await expect.poll(() => health(service)).toMatchObject({ keys: 0, inFlight: false })
      expect((await service.send({ token: bench.token() })).status, 'after the grace').toBe(401)
      return outcome
    },
  }),
  'FAULT-one-bad': refreshedWith(
    json({ keys: [null, 7, { kty: 'RSA' }, keys.es256().jwk] }),
    (service) => {
      expect(health(service)).toMatchObject({ keys: 1, failures: 0 })
      expect(health(service).skipped).toHaveLength(3)
    },
  ),
  'FAULT-slow-3s': (bench) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, bench)
      let release = (): void => {}
      bench.authority.answerKeys((request, response) => {
        release = () => json(keySet([keys.es256()]))(request, response)
      })
      bench.clock.advance(refreshDue)
      await expect.poll(() => bench.authority.asked.length).toBe(3)
      const outcome = await service.send({ token: bench.token() })
      expect(health(service), 'it was answered while the fetch waits').toMatchObject({
        inFlight: true,
      })
      release()
      await attempts(service, 2)
      return outcome
    },
  }),
  'FAULT-timeout': (bench) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, bench)
      bench.authority.answerKeys(() => {})
      bench.clock.advance(1800)
      await expect.poll(() => bench.authority.asked.length).toBe(3)
      // The first who come after so long a silence wait for the attempt; this one finds it under way.
      const outcome = await service.send({ token: bench.token() })
      const second = await service.send({ token: bench.token() })
      expect(second.status).toBe(200)
      return outcome
    },
  }),
  'FAULT-skew-over': (bench) => {
    const token = bench.token({ claims: { exp: bench.now + 20 } })
    bench.clock.jump(90)
    return {
      options: { clockTolerance: 60 },
      token,
      after: (_, { records }) => expect(records[0]!.code).toBe('token_expired'),
    }
  },
  'FAULT-skew-under': (bench) => {
    const token = bench.token({ claims: { nbf: bench.now } })
    bench.clock.jump(-90)
    return { options: { clockTolerance: 120 }, token }
  },
  'FAULT-clock-jump': (bench) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, bench)
      const asked = bench.authority.asked.length
      for (const step of [3600, -7200, 86_400]) {
        bench.clock.jump(step)
        await warm(service, bench)
      }
      expect(bench.authority.asked.length, 'the set got no older').toBe(asked)
      return service.send({ token: bench.token() })
    },
  }),
  'FAULT-flood': (bench) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, bench)
      const asked = bench.authority.asked.length
      const outcome = await flood(service, bench, 60)
      await warm(service, bench)
      expect(bench.authority.asked.length - asked).toBeLessThanOrEqual(12)
      expect(bench.authority.asked.length - asked, 'it does look').toBeGreaterThan(2)
      return outcome
    },
  }),
  'FAULT-flood-down': (bench) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, bench)
      const asked = bench.authority.asked.length
      bench.authority.answerMetadata(status(503))
      bench.authority.answerKeys(status(503))
      // One unknown name finds out about the outage. After that nobody asks but the retry.
      const first = await service.send({ token: bench.token({ header: { kid: 'first' } }) })
      expect(first.status).toBe(503)
      const outcome = await flood(service, bench, 60)
      await warm(service, bench)
      // Pauses of at least 0.5, 1, 2, 4, 8, 15, 15, 15 s: two fetches each, metadata and key set.
      expect(bench.authority.asked.length - asked).toBeLessThanOrEqual(20)
      return outcome
    },
  }),
  'FAULT-flood-rotate': (bench) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, bench)
      await flood(service, bench, 15)
      bench.authority.publish([keys.es256(), newJwk])
      // The budget for any name is spent; the reserve is for a name that comes again.
      await service.send({ token: bench.token({ key: newKey }) })
      return service.send({ token: bench.token({ key: newKey }) })
    },
  }),
  'FAULT-flood-multi': async (bench) => {
    const other = await bench.another()
    other.publish([keys.es256()])
    return {
      run: async (start) => {
        const service = await start({ options: { issuers: [bench.authority.url, other.url] } })
        const theirs = { iss: other.url }
        expect((await service.send({ token: bench.token({ claims: theirs }) })).status).toBe(200)
        await flood(service, bench, 5)
        other.publish([newJwk])
        return service.send({ token: bench.token({ key: newKey, claims: theirs }) })
      },
    }
  },
  'FAULT-restart-persist': (bench) => ({
    run: async (start) => {
      const kept = new Map<string, string>()
      const store = {
        get: async (name: string) => kept.get(name),
        set: async (name: string, value: string) => kept.set(name, value),
      }
      const options = { keyStore: { store, secret: 'a secret of at least 32 characters' } }
      await warm(await start({ options }), bench)
      await expect.poll(() => kept.size).toBe(1)
      // It hangs: who waited for the issuer would wait for long.
      bench.authority.answerMetadata(() => {})
      const service = await start({ options })
      const outcome = await service.send({ token: bench.token() })
      expect(health(service)).toMatchObject({ keys: 5, inFlight: true })
      return outcome
    },
  }),
  'FAULT-shutdown': (bench) => ({
    run: async (start) => {
      const exits = async (last: string): Promise<string> => {
        const code = shutDown(bench.authority.url, last)
        const args = ['--input-type=module', '--eval', code]
        return (await promisify(execFile)(process.execPath, args)).stdout
      }
      expect(await exits('await verifier.warmUp()'), 'a refresh is planned').toBe('done')
      bench.authority.answerMetadata(() => {})
      const hanging = 'const warm = verifier.warmUp().catch(() => {}); verifier.close(); await warm'
      expect(await exits(hanging), 'a fetch hangs').toBe('done')
      bench.authority.answerMetadata(undefined)
      const service = await start()
      await warm(service, bench)
      service.operations.close()
      return service.send({ token: bench.token() })
    },
  }),
  'FAULT-disc-refresh': (bench) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, bench)
      const { url } = bench.authority
      bench.authority.answerMetadata(json({ issuer: url, jwks_uri: `${url}/moved/jwks` }))
      bench.authority.answerKeys((request, response) => {
        const answer = request.url === '/moved/jwks' ? json({ keys: [newJwk] }) : status(404)
        answer(request, response)
      })
      bench.clock.advance(refreshDue)
      await attempts(service, 2)
      bench.clock.advance(1)
      await attempts(service, 3)
      return service.send({ token: bench.token({ key: newKey }) })
    },
  }),
}
