import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import type { CaseBuilder, Group, Outcome, Service } from '../runner/attempt.ts'
import { type Respond, json, keySet, status } from '../fixtures/scripted-issuer.ts'
import type { Fixture } from '../fixtures/fixture.ts'
import { keys } from '../fixtures/keys.ts'

/** Seconds after which a key set is due for a refresh but still fresh: it is fresh for 5 minutes. */
const refreshDue = 290
const newKey = { ...keys.attacker(), kid: 'new' }
const newJwk = { ...newKey.jwk, kid: 'new' }

const health = ({ operations }: Service) => operations.health().issuers[0]!

/** Waits until `count` fetches have ended. A refresh runs in the background. */
const waitForFetches = (service: Service, count: number): Promise<void> =>
  expect.poll(() => health(service)).toMatchObject({ fetches: count, inFlight: false })

async function expectGranted(service: Service, fixture: Fixture): Promise<void> {
  expect((await service.send({ token: fixture.token() })).status, 'a valid token').toBe(200)
}

/** After a successful fetch, a refresh gets this response. Then a valid token is sent. */
const refreshedWith =
  (
    response: Respond,
    check: (service: Service, fixture: Fixture) => unknown = () => {},
  ): CaseBuilder =>
  (fixture) => ({
    run: async (start) => {
      fixture.issuer.respondToKeys(undefined)
      const service = await start()
      await expectGranted(service, fixture)
      fixture.issuer.respondToKeys(response)
      fixture.clock.advance(refreshDue)
      await waitForFetches(service, 2)
      await check(service, fixture)
      return service.send({ token: fixture.token() })
    },
  })

const all =
  (...builders: readonly CaseBuilder[]): CaseBuilder =>
  (fixture) =>
    builders.flatMap((build) => build(fixture) as never)

const expectKeysKept = (service: Service): void =>
  expect(health(service)).toMatchObject({ keys: 5, failures: 1, lastError: expect.any(String) })

/** Sends tokens with invented kids. Returns the outcome of the first, which causes a fetch. */
async function flood(
  service: Service,
  fixture: Fixture,
  steps: number,
  // A token without a fetch of its own cannot be decided: its key may be new.
  allowed: readonly number[] = [401, 503],
): Promise<Outcome> {
  const each = service.port === undefined ? 20 : 2
  const outcomes: Outcome[] = []
  for (let step = 0; step < steps; step += 1) {
    const invented = Array.from({ length: each }, (_, at) =>
      fixture.token({ header: { kid: `invented-${step}-${at}` } }),
    )
    outcomes.push(...(await Promise.all(invented.map((token) => service.send({ token })))))
    fixture.clock.advance(1)
  }
  for (const outcome of outcomes) expect(allowed).toContain(outcome.status)
  return outcomes[0]!
}

/** A program that uses a verifier and must exit by itself. */
const program = (url: string, lastLine: string): string => `
import { createVerifier } from '@resource-server/core'
const verifier = createVerifier({ issuer: '${url}', audience: 'a' })
${lastLine}
process.stdout.write('done')`

export const availabilityCases: Group = {
  'FAULT-cold-down': (fixture) => ({
    run: async (start) => {
      fixture.issuer.respondToMetadata(status(500))
      const service = await start()
      const outcome = await service.send({ token: fixture.token() })
      expect(service.operations.ready()).toBe(false)
      const requestsBefore = fixture.issuer.requests.length
      for (let at = 0; at < 20; at += 1)
        expect((await service.send({ token: fixture.token() })).status).toBe(503)
      expect(fixture.issuer.requests.length, 'requests during the outage cause no fetch').toBe(
        requestsBefore,
      )
      if (service.port !== undefined) expect(outcome.headers['retry-after']).toBe('1')
      fixture.issuer.respondToMetadata(undefined)
      fixture.clock.advance(1)
      await expect.poll(() => service.operations.ready()).toBe(true)
      await expectGranted(service, fixture)
      return outcome
    },
  }),
  'FAULT-rot-overlap': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await expectGranted(service, fixture)
      fixture.issuer.publish([keys.es256(), newJwk])
      fixture.clock.advance(refreshDue)
      await waitForFetches(service, 2)
      const requestsBefore = fixture.issuer.requests.length
      await expectGranted(service, fixture)
      const outcome = await service.send({ token: fixture.token({ key: newKey }) })
      expect(fixture.issuer.requests.length, 'the new key causes no fetch').toBe(requestsBefore)
      return outcome
    },
  }),
  'FAULT-rot-no-overlap': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await expectGranted(service, fixture)
      const requestsBefore = fixture.issuer.requests.length
      fixture.issuer.publish([newJwk])
      const concurrent = Array.from({ length: 50 }, () =>
        service.send({ token: fixture.token({ key: newKey }) }),
      )
      const codes = (await Promise.all(concurrent)).map(({ status: code }) => code)
      expect(new Set(codes)).toEqual(new Set([200]))
      expect(fixture.issuer.requests.length, 'one fetch for all requests').toBe(requestsBefore + 1)
      expect(
        (await service.send({ token: fixture.token() })).status,
        'a token of the removed key',
      ).toBe(401)
      return service.send({ token: fixture.token({ key: newKey }) })
    },
  }),
  'FAULT-key-removed': (fixture) => [
    {
      run: async (start) => {
        const service = await start()
        await expectGranted(service, fixture)
        fixture.issuer.publish([keys.rs256()])
        await service.operations.refreshKeys()
        const outcome = await service.send({ token: fixture.token() })
        fixture.issuer.respondToKeys(status(500))
        fixture.clock.advance(1200)
        await expect.poll(() => health(service).lastError).toBeDefined()
        const later = await service.send({ token: fixture.token() })
        expect(later.status, 'the removed key during an outage').not.toBe(200)
        return outcome
      },
    },
    {
      run: async (start) => {
        fixture.issuer.respondToKeys(undefined)
        fixture.issuer.publish([keys.es256(), keys.rs256()])
        const service = await start()
        await expectGranted(service, fixture)
        service.operations.blockKey({ issuer: fixture.issuer.url, kid: 'ES256-key' })
        const outcome = await service.send({ token: fixture.token() })
        await service.operations.refreshKeys()
        expect(
          (await service.send({ token: fixture.token() })).status,
          'a blocked key that is still published',
        ).toBe(401)
        const other = await service.send({ token: fixture.token({ key: keys.rs256() }) })
        expect(other.status, 'another key').toBe(200)
        return outcome
      },
    },
  ],
  'FAULT-http-500': all(
    refreshedWith(status(500), expectKeysKept),
    refreshedWith(status(429, { 'retry-after': '120' }), async (service, fixture) => {
      expectKeysKept(service)
      fixture.clock.advance(60)
      await expectGranted(service, fixture)
      expect(health(service).fetches, 'no retry before Retry-After').toBe(2)
      expect(health(service).nextAttempt).toBeGreaterThanOrEqual(60)
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
      await expectGranted(service, fixture)
      fixture.issuer.respondToKeys(json('{"keys":[]}'))
      fixture.clock.advance(refreshDue)
      await waitForFetches(service, 2)
      const outcome = await service.send({ token: fixture.token() })
      expect(health(service).lastError).toContain('no usable key')
      // The retry is due after five seconds. Its response arrives too late, so it is fetched again.
      fixture.clock.advance(310)
      await waitForFetches(service, 4)
      expect(health(service)).toMatchObject({ keys: 0, state: 'none' })
      expect(
        (await service.send({ token: fixture.token() })).status,
        'after the grace period',
      ).toBe(503)
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
      await expectGranted(service, fixture)
      let release = (): void => {}
      fixture.issuer.respondToKeys((request, response) => {
        release = () => json(keySet([keys.es256()]))(request, response)
      })
      fixture.clock.advance(refreshDue)
      await expect.poll(() => fixture.issuer.requests.length).toBe(3)
      const outcome = await service.send({ token: fixture.token() })
      expect(health(service), 'the response did not wait for the fetch').toMatchObject({
        inFlight: true,
      })
      release()
      await waitForFetches(service, 2)
      return outcome
    },
  }),
  'FAULT-timeout': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await expectGranted(service, fixture)
      fixture.issuer.respondToKeys(() => {})
      // No further: after a long leap, the process looks suspended, and the next request waits for its keys.
      fixture.clock.advance(refreshDue)
      await expect.poll(() => fixture.issuer.requests.length).toBe(3)
      const outcome = await service.send({ token: fixture.token() })
      const second = await service.send({ token: fixture.token() })
      expect(second.status).toBe(200)
      // No request has waited for the fetch, which runs until its deadline.
      expect(health(service)).toMatchObject({ fetches: 2, inFlight: true, failures: 0 })
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
      await expectGranted(service, fixture)
      const requestsBefore = fixture.issuer.requests.length
      for (const step of [3600, -7200, 86_400]) {
        fixture.clock.jump(step)
        await expectGranted(service, fixture)
      }
      expect(fixture.issuer.requests.length, 'the key set did not age').toBe(requestsBefore)
      return service.send({ token: fixture.token() })
    },
  }),
  'FAULT-flood': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await expectGranted(service, fixture)
      const requestsBefore = fixture.issuer.requests.length
      const outcome = await flood(service, fixture, 60)
      await expectGranted(service, fixture)
      expect(fixture.issuer.requests.length - requestsBefore).toBeLessThanOrEqual(5)
      expect(
        fixture.issuer.requests.length - requestsBefore,
        'unknown kids cause some fetches',
      ).toBeGreaterThanOrEqual(2)
      return outcome
    },
  }),
  'FAULT-flood-down': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await expectGranted(service, fixture)
      const requestsBefore = fixture.issuer.requests.length
      fixture.issuer.respondToMetadata(status(503))
      fixture.issuer.respondToKeys(status(503))
      // One unknown kid detects the outage. After that, unknown kids send few requests.
      const first = await service.send({ token: fixture.token({ header: { kid: 'first' } }) })
      expect(first.status).toBe(503)
      const outcome = await flood(service, fixture, 60, [503])
      await expectGranted(service, fixture)
      // The budget for unknown kids, with one request for each fetch.
      expect(fixture.issuer.requests.length - requestsBefore).toBeLessThanOrEqual(5)
      return outcome
    },
  }),
  'FAULT-flood-rotate': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await expectGranted(service, fixture)
      await flood(service, fixture, 15)
      fixture.issuer.publish([keys.es256(), newJwk])
      // The budget for unknown kids is used up. The reserve is for a kid that is seen again.
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
        const claims = { iss: other.url }
        expect((await service.send({ token: fixture.token({ claims }) })).status).toBe(200)
        await flood(service, fixture, 5)
        other.publish([newJwk])
        return service.send({ token: fixture.token({ key: newKey, claims }) })
      },
    }
  },
  'FAULT-restart-persist': (fixture) => ({
    run: async (start) => {
      const stored = new Map<string, string>()
      const store = {
        get: async (name: string) => stored.get(name),
        set: async (name: string, value: string) => stored.set(name, value),
      }
      const options = { keyStore: { store, secret: 'a secret of at least 32 characters' } }
      await expectGranted(await start({ options }), fixture)
      await expect.poll(() => stored.size).toBe(1)
      // The issuer hangs, so the keys can only come from the store.
      fixture.issuer.respondToMetadata(() => {})
      const service = await start({ options })
      const outcome = await service.send({ token: fixture.token() })
      expect(health(service)).toMatchObject({ keys: 5, fetches: 0 })
      return outcome
    },
  }),
  'FAULT-shutdown': (fixture) => ({
    run: async (start) => {
      const run = async (lastLine: string): Promise<string> => {
        const code = program(fixture.issuer.url, lastLine)
        const args = ['--input-type=module', '--eval', code]
        return (await promisify(execFile)(process.execPath, args)).stdout
      }
      expect(await run('await verifier.warmUp()'), 'with a scheduled refresh').toBe('done')
      fixture.issuer.respondToMetadata(() => {})
      const hanging = 'const warm = verifier.warmUp().catch(() => {}); verifier.close(); await warm'
      expect(await run(hanging), 'with a fetch that hangs until close').toBe('done')
      fixture.issuer.respondToMetadata(undefined)
      const service = await start()
      await expectGranted(service, fixture)
      service.operations.close()
      return service.send({ token: fixture.token() })
    },
  }),
  'FAULT-disc-refresh': (fixture) => ({
    run: async (start) => {
      const service = await start()
      await expectGranted(service, fixture)
      const { url } = fixture.issuer
      fixture.issuer.respondToMetadata(json({ issuer: url, jwks_uri: `${url}/moved/jwks` }))
      fixture.issuer.respondToKeys((request, response) => {
        const answer = request.url === '/moved/jwks' ? json({ keys: [newJwk] }) : status(404)
        answer(request, response)
      })
      fixture.clock.advance(refreshDue)
      await waitForFetches(service, 2)
      fixture.clock.advance(5)
      await waitForFetches(service, 3)
      return service.send({ token: fixture.token({ key: newKey }) })
    },
  }),
}
