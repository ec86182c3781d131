import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import type { CaseBuilder, Group, Outcome, Service } from '../runner/attempt.ts'
import { type Respond, json, keySet, status } from '../fixtures/scripted-issuer.ts'
import type { Fixture } from '../fixtures/fixture.ts'
import { keys } from '../fixtures/keys.ts'

/** Past the time at which a set of the usual five minutes is refreshed, and before its end. */
const refreshDue = 290
const newKey = { ...keys.attacker(), kid: 'new' }
const newJwk = { ...newKey.jwk, kid: 'new' }

const health = ({ operations }: Service) => operations.health().issuers[0]!

/** A refresh runs beside the requests: this waits for its end. */
const attempts = (service: Service, count: number): Promise<void> =>
  expect.poll(() => health(service)).toMatchObject({ fetches: count, inFlight: false })

async function warm(service: Service, fixture: Fixture): Promise<void> {
  expect((await service.send({ token: fixture.token() })).status, 'before').toBe(200)
}

/** After a good start the key set's address answers so, and the service is asked after its refresh. */
const refreshedWith =
  (
    answer: Respond,
    check: (service: Service, fixture: Fixture) => unknown = () => {},
  ): CaseBuilder =>
  (fixture) => ({
    run: async (start) => {
      fixture.issuer.respondToKeys(undefined)
      const service = await start()
      await warm(service, fixture)
      fixture.issuer.respondToKeys(answer)
      fixture.clock.advance(refreshDue)
      await attempts(service, 2)
      await check(service, fixture)
      return service.send({ token: fixture.token() })
    },
  })

const all =
  (...builders: readonly CaseBuilder[]): CaseBuilder =>
  (fixture) =>
    builders.flatMap((build) => build(fixture) as never)

const keptWithError = (service: Service): void =>
  expect(health(service)).toMatchObject({ keys: 5, failures: 1, lastError: expect.any(String) })

async function flood(service: Service, fixture: Fixture, steps: number): Promise<Outcome> {
  const each = service.port === undefined ? 20 : 2
  const outcomes: Outcome[] = []
  for (let step = 0; step < steps; step += 1) {
    const invented = Array.from({ length: each }, (_, at) =>
      fixture.token({ header: { kid: `invented-${step}-${at}` } }),
    )
    outcomes.push(...(await Promise.all(invented.map((token) => service.send({ token })))))
    fixture.clock.advance(1)
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

export const availabilityCases: Group = {
  'FAULT-cold-down': (fixture) => ({
    run: async (start) => {
      fixture.issuer.respondToMetadata(status(500))
      const service = await start()
      const outcome = await service.send({ token: fixture.token() })
      expect(service.operations.ready()).toBe(false)
      const asked = fixture.issuer.requests.length
      for (let at = 0; at < 20; at += 1)
        expect((await service.send({ token: fixture.token() })).status).toBe(503)
      expect(fixture.issuer.requests.length, 'no request fetches').toBe(asked)
      if (service.port !== undefined) expect(outcome.headers['retry-after']).toBe('1')
      fixture.issuer.respondToMetadata(undefined)
      fixture.clock.advance(1)
      await expect.poll(() => service.operations.ready()).toBe(true)
      await warm(service, fixture)
      return outcome
    },
  }),
  'FAULT-rot-overlap': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, fixture)
      fixture.issuer.publish([keys.es256(), newJwk])
      fixture.clock.advance(refreshDue)
      await attempts(service, 2)
      const asked = fixture.issuer.requests.length
      await warm(service, fixture)
      const outcome = await service.send({ token: fixture.token({ key: newKey }) })
      expect(fixture.issuer.requests.length, 'nothing is fetched for the new key').toBe(asked)
      return outcome
    },
  }),
  'FAULT-rot-no-overlap': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, fixture)
      const asked = fixture.issuer.requests.length
      fixture.issuer.publish([newJwk])
      const herd = Array.from({ length: 50 }, () =>
        service.send({ token: fixture.token({ key: newKey }) }),
      )
      const codes = (await Promise.all(herd)).map(({ status: code }) => code)
      expect(new Set(codes)).toEqual(new Set([200]))
      expect(fixture.issuer.requests.length, 'one fetch for all').toBe(asked + 1)
      expect((await service.send({ token: fixture.token() })).status, 'the old key').toBe(401)
      return service.send({ token: fixture.token({ key: newKey }) })
    },
  }),
  'FAULT-key-removed': (fixture) => [
    {
      run: async (start) => {
        const service = await start()
        await warm(service, fixture)
        fixture.issuer.publish([keys.rs256()])
        await service.operations.refreshKeys()
        const outcome = await service.send({ token: fixture.token() })
        fixture.issuer.respondToKeys(status(500))
        fixture.clock.advance(1200)
        await expect.poll(() => health(service).lastError).toBeDefined()
        const later = await service.send({ token: fixture.token() })
        expect(later.status, 'an outage does not bring it back').not.toBe(200)
        return outcome
      },
    },
    {
      run: async (start) => {
        fixture.issuer.respondToKeys(undefined)
        fixture.issuer.publish([keys.es256(), keys.rs256()])
        const service = await start()
        await warm(service, fixture)
        service.operations.blockKey('ES256-key')
        const outcome = await service.send({ token: fixture.token() })
        await service.operations.refreshKeys()
        expect((await service.send({ token: fixture.token() })).status, 'published').toBe(401)
        const other = await service.send({ token: fixture.token({ key: keys.rs256() }) })
        expect(other.status, 'the other key').toBe(200)
        return outcome
      },
    },
  ],
  'FAULT-http-500': all(
    refreshedWith(status(500), keptWithError),
    refreshedWith(status(429, { 'retry-after': '120' }), async (service, fixture) => {
      keptWithError(service)
      fixture.clock.advance(60)
      await warm(service, fixture)
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
  'FAULT-empty-keys': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, fixture)
      fixture.issuer.respondToKeys(json('{"keys":[]}'))
      fixture.clock.advance(refreshDue)
      await attempts(service, 2)
      const outcome = await service.send({ token: fixture.token() })
      expect(health(service).lastError).toContain('no usable key')
      fixture.clock.advance(301)
      await attempts(service, 3)
      fixture.clock.advance(30)
      await expect.poll(() => health(service)).toMatchObject({ keys: 0, inFlight: false })
      expect((await service.send({ token: fixture.token() })).status, 'after the grace').toBe(401)
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
  'FAULT-slow-3s': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, fixture)
      let release = (): void => {}
      fixture.issuer.respondToKeys((request, response) => {
        release = () => json(keySet([keys.es256()]))(request, response)
      })
      fixture.clock.advance(refreshDue)
      await expect.poll(() => fixture.issuer.requests.length).toBe(3)
      const outcome = await service.send({ token: fixture.token() })
      expect(health(service), 'it was answered while the fetch waits').toMatchObject({
        inFlight: true,
      })
      release()
      await attempts(service, 2)
      return outcome
    },
  }),
  'FAULT-timeout': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, fixture)
      fixture.issuer.respondToKeys(() => {})
      fixture.clock.advance(1800)
      await expect.poll(() => fixture.issuer.requests.length).toBe(3)
      // The first who come after so long a silence wait for the attempt; this one finds it under way.
      const outcome = await service.send({ token: fixture.token() })
      const second = await service.send({ token: fixture.token() })
      expect(second.status).toBe(200)
      return outcome
    },
  }),
  'FAULT-skew-over': (fixture) => {
    const token = fixture.token({ claims: { exp: fixture.now + 20 } })
    fixture.clock.jump(90)
    return {
      options: { clockTolerance: 60 },
      token,
      check: (_, { records }) => expect(records[0]!.code).toBe('token_expired'),
    }
  },
  'FAULT-skew-under': (fixture) => {
    const token = fixture.token({ claims: { nbf: fixture.now } })
    fixture.clock.jump(-90)
    return { options: { clockTolerance: 120 }, token }
  },
  'FAULT-clock-jump': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, fixture)
      const asked = fixture.issuer.requests.length
      for (const step of [3600, -7200, 86_400]) {
        fixture.clock.jump(step)
        await warm(service, fixture)
      }
      expect(fixture.issuer.requests.length, 'the set got no older').toBe(asked)
      return service.send({ token: fixture.token() })
    },
  }),
  'FAULT-flood': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, fixture)
      const asked = fixture.issuer.requests.length
      const outcome = await flood(service, fixture, 60)
      await warm(service, fixture)
      expect(fixture.issuer.requests.length - asked).toBeLessThanOrEqual(12)
      expect(fixture.issuer.requests.length - asked, 'it does look').toBeGreaterThan(2)
      return outcome
    },
  }),
  'FAULT-flood-down': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, fixture)
      const asked = fixture.issuer.requests.length
      fixture.issuer.respondToMetadata(status(503))
      fixture.issuer.respondToKeys(status(503))
      // One unknown name finds out about the outage. After that nobody asks but the retry.
      const first = await service.send({ token: fixture.token({ header: { kid: 'first' } }) })
      expect(first.status).toBe(503)
      const outcome = await flood(service, fixture, 60)
      await warm(service, fixture)
      // Pauses of at least 0.5, 1, 2, 4, 8, 15, 15, 15 s: two fetches each, metadata and key set.
      expect(fixture.issuer.requests.length - asked).toBeLessThanOrEqual(20)
      return outcome
    },
  }),
  'FAULT-flood-rotate': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, fixture)
      await flood(service, fixture, 15)
      fixture.issuer.publish([keys.es256(), newJwk])
      // The budget for any name is spent; the reserve is for a name that comes again.
      await service.send({ token: fixture.token({ key: newKey }) })
      return service.send({ token: fixture.token({ key: newKey }) })
    },
  }),
  'FAULT-flood-multi': async (fixture) => {
    const other = await fixture.anotherIssuer()
    other.publish([keys.es256()])
    return {
      run: async (start) => {
        const service = await start({ options: { issuers: [fixture.issuer.url, other.url] } })
        const theirs = { iss: other.url }
        expect((await service.send({ token: fixture.token({ claims: theirs }) })).status).toBe(200)
        await flood(service, fixture, 5)
        other.publish([newJwk])
        return service.send({ token: fixture.token({ key: newKey, claims: theirs }) })
      },
    }
  },
  'FAULT-restart-persist': (fixture) => ({
    run: async (start) => {
      const kept = new Map<string, string>()
      const store = {
        get: async (name: string) => kept.get(name),
        set: async (name: string, value: string) => kept.set(name, value),
      }
      const options = { keyStore: { store, secret: 'a secret of at least 32 characters' } }
      await warm(await start({ options }), fixture)
      await expect.poll(() => kept.size).toBe(1)
      // It hangs: who waited for the issuer would wait for long.
      fixture.issuer.respondToMetadata(() => {})
      const service = await start({ options })
      const outcome = await service.send({ token: fixture.token() })
      expect(health(service)).toMatchObject({ keys: 5, inFlight: true })
      return outcome
    },
  }),
  'FAULT-shutdown': (fixture) => ({
    run: async (start) => {
      const exits = async (last: string): Promise<string> => {
        const code = shutDown(fixture.issuer.url, last)
        const args = ['--input-type=module', '--eval', code]
        return (await promisify(execFile)(process.execPath, args)).stdout
      }
      expect(await exits('await verifier.warmUp()'), 'a refresh is planned').toBe('done')
      fixture.issuer.respondToMetadata(() => {})
      const hanging = 'const warm = verifier.warmUp().catch(() => {}); verifier.close(); await warm'
      expect(await exits(hanging), 'a fetch hangs').toBe('done')
      fixture.issuer.respondToMetadata(undefined)
      const service = await start()
      await warm(service, fixture)
      service.operations.close()
      return service.send({ token: fixture.token() })
    },
  }),
  'FAULT-disc-refresh': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await warm(service, fixture)
      const { url } = fixture.issuer
      fixture.issuer.respondToMetadata(json({ issuer: url, jwks_uri: `${url}/moved/jwks` }))
      fixture.issuer.respondToKeys((request, response) => {
        const answer = request.url === '/moved/jwks' ? json({ keys: [newJwk] }) : status(404)
        answer(request, response)
      })
      fixture.clock.advance(refreshDue)
      await attempts(service, 2)
      fixture.clock.advance(1)
      await attempts(service, 3)
      return service.send({ token: fixture.token({ key: newKey }) })
    },
  }),
}
