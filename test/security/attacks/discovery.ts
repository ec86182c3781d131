import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { ConfigError } from '@resource-server/core'
import { expect, vi } from 'vitest'
import type { CaseBuilder, Group, Outcome, Service, Setup } from '../runner/attempt.ts'
import { type Respond, json, keySet, status } from '../fixtures/scripted-issuer.ts'
import type { Fixture } from '../fixtures/fixture.ts'
import { certificateOf } from '../fixtures/certificate.ts'
import { keys } from '../fixtures/keys.ts'

type Start = (setup?: Setup) => Promise<Service>

/** Invalid metadata: `warmUp` rejects with a ConfigError, and a request gets a 503. */
const invalidMetadata =
  (metadata: (fixture: Fixture) => Readonly<Record<string, unknown>>): CaseBuilder =>
  (fixture) => ({
    run: async (start) => {
      fixture.issuer.respondToMetadata(json(metadata(fixture)))
      const service = await start()
      const outcome = await service.send({ token: fixture.token() })
      await expect(service.warmUp()).rejects.toBeInstanceOf(ConfigError)
      return outcome
    },
  })

/** Each of these responses to the key set request, with a new service. */
const keyResponses =
  (...answers: readonly ((fixture: Fixture) => Respond)[]): CaseBuilder =>
  (fixture) =>
    answers.map((answer) => ({
      run: async (start) => {
        fixture.issuer.respondToKeys(answer(fixture))
        return (await start()).send({ token: fixture.token() })
      },
    }))

/** A response that does not end before the fetch deadline. Fake timers skip the five seconds. */
const untilTheDeadline =
  (createResponse: () => Respond): CaseBuilder =>
  (fixture) => ({
    run: async (start) => {
      const service = await start()
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      try {
        const requested = new Promise<void>((resolve) => {
          const respond = createResponse()
          fixture.issuer.respondToKeys((request, response) => {
            resolve()
            respond(request, response)
          })
        })
        const outcome = service.send({ token: fixture.token() })
        await requested
        await vi.advanceTimersByTimeAsync(5000)
        return await outcome
      } finally {
        vi.useRealTimers()
      }
    },
  })

const redirect = (location: string): Respond => status(302, { location })

/** Sends one byte at a time and never ends. */
const drip: Respond = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).write('{')
  const timer = setInterval(() => response.write(' '), 20).unref()
  response.on('close', () => clearInterval(timer))
}

const bomb = (): Respond => {
  const packed = gzipSync(Buffer.alloc(16 * 1024 * 1024, ' '))
  return (_, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      .end(packed)
}

/** Certificates that are self-signed, also expired, or also for another host. */
async function sendBehindInvalidTls(fixture: Fixture, start: Start): Promise<Outcome> {
  const outcomes: Outcome[] = []
  for (const certificate of [{}, { until: '210101000000Z' }, { address: [127, 0, 0, 2] }]) {
    const cert = certificateOf(keys.es256(), certificate)
    const key = keys.es256().privateKey.export({ type: 'pkcs8', format: 'pem' })
    const server = createSecureServer({ cert, key }, (_, response) => {
      response.end(JSON.stringify(keySet([keys.es256()])))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const jwksUri = `https://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
    const service = await start({ options: { jwksUri } })
    outcomes.push(await service.send({ token: fixture.token() }))
    server.close()
    server.closeAllConnections()
  }
  expect(outcomes.map((outcome) => outcome.status)).toEqual([503, 503, 503])
  return outcomes[0]!
}

/** The number of key set fetches during `seconds`, with one request every ten seconds. */
async function fetchesIn(seconds: number, fixture: Fixture, service: Service): Promise<number> {
  const before = fixture.issuer.requests.length
  for (let at = 0; at < seconds; at += 10) {
    fixture.clock.advance(10)
    expect((await service.send({ token: fixture.token() })).status).toBe(200)
  }
  // Keys are fetched in the background, so the request needs some turns of the event loop to arrive.
  for (let turn = 0; turn < 200 && fixture.issuer.requests.length === before; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  return fixture.issuer.requests.length - before
}

export const discoveryCases: Group = {
  'DISC-issuer-mismatch': invalidMetadata(({ issuer }) => ({
    issuer: `${issuer.url}/`,
    jwks_uri: issuer.jwksUri,
  })),
  'DISC-issuer-missing': invalidMetadata(({ issuer }) => ({ jwks_uri: issuer.jwksUri })),
  'DISC-jwks-http': (fixture) => ({
    run: async (start) => {
      const issuer = 'https://as.example'
      const metadata = { issuer, jwks_uri: 'http://as.example/jwks' }
      const fetch = async (): Promise<Response> => Response.json(metadata)
      const service = await start({ options: { issuer, fetch } })
      const outcome = await service.send({ token: fixture.token({ claims: { iss: issuer } }) })
      await expect(service.warmUp()).rejects.toBeInstanceOf(ConfigError)
      return outcome
    },
  }),
  // Plain http to another machine requires an option. With TLS, the URL comes from the trusted issuer;
  // a custom `fetch` can restrict it further.
  'DISC-jwks-private': () =>
    [
      'http://10.0.0.1/jwks',
      'http://192.168.0.1/jwks',
      'http://169.254.169.254/',
      'http://0.0.0.0/',
    ].map((jwksUri) => ({ name: jwksUri, misuse: true, options: { jwksUri } })),
  'DISC-redirect': keyResponses(
    () => redirect('/other/jwks'),
    () => redirect('http://127.0.0.1:1/jwks'),
    () => redirect('file:///etc/passwd'),
    ({ issuer }) => redirect(`${issuer.url}/elsewhere`),
  ),
  'DISC-redirect-loop': (fixture) => ({
    run: async (start) => {
      fixture.issuer.respondToKeys(redirect('/jwks'))
      const outcome = await (await start()).send({ token: fixture.token() })
      expect(fixture.issuer.requests.filter((path) => path === '/jwks')).toHaveLength(1)
      return outcome
    },
  }),
  'DISC-tls-bad': (fixture) => ({ run: (start) => sendBehindInvalidTls(fixture, start) }),
  'DISC-ct': keyResponses(
    () => json(keySet([keys.es256()]), { 'content-type': 'text/html' }),
    () => json(keySet([keys.es256()]), { 'content-type': 'application/octet-stream' }),
  ),
  'DISC-gzip-bomb': keyResponses(bomb),
  'DISC-slowloris': untilTheDeadline(() => drip),
  'DISC-hang': untilTheDeadline(() => () => {}),
  'DISC-deep-json': keyResponses(
    () => json(`{"keys":${'['.repeat(100_000)}${']'.repeat(100_000)}}`),
    () => json(`{"keys":[],"x":${'['.repeat(40)}${']'.repeat(40)}}`),
  ),
  'DISC-wellknown-order': async (fixture) => {
    const tenant = await fixture.anotherIssuer('/tenant')
    tenant.publish([keys.es256()])
    const options = { issuer: tenant.url }
    const token = fixture.token({ claims: { iss: tenant.url } })
    return {
      run: async (start) => {
        const appended = await (await start({ options })).send({ token })
        expect(appended.status, 'OpenID Connect Discovery 1.0 section 4').toBe(200)
        tenant.respondToMetadata((request, response) =>
          request.url!.includes('openid')
            ? status(404)(request, response)
            : json({ issuer: tenant.url, jwks_uri: tenant.jwksUri })(request, response),
        )
        const inserted = await (await start({ options })).send({ token })
        const paths = tenant.requests.filter((path) => path !== '/tenant/jwks')
        expect(new Set(paths), 'requested paths').toEqual(
          new Set([
            '/tenant/.well-known/openid-configuration',
            '/.well-known/oauth-authorization-server/tenant',
          ]),
        )
        return inserted
      },
    }
  },
  'DISC-issuer-query': () =>
    [
      'https://as.example?x=1',
      'https://as.example#x',
      'https://u:p@as.example',
      'https://as.example?',
    ].map((issuer) => ({ name: issuer, misuse: true, options: { issuer } })),
  'DISC-cache-control': (fixture) => ({
    run: async (start) => {
      const good = keySet([keys.es256()])
      fixture.issuer.respondToKeys(json(good, { 'cache-control': 'max-age=0' }))
      const shortLived = await start()
      await shortLived.send({ token: fixture.token() })
      expect(await fetchesIn(50, fixture, shortLived), 'within a minute').toBe(0)
      fixture.issuer.respondToKeys(json(good, { 'cache-control': 'max-age=315360000' }))
      const longLived = await start()
      await longLived.send({ token: fixture.token() })
      expect(await fetchesIn(620, fixture, longLived), 'after ten minutes').toBeGreaterThan(0)
      return longLived.send({ token: fixture.token() })
    },
  }),
  'DISC-cookie': (fixture) => ({
    run: async (start) => {
      const { url, jwksUri } = fixture.issuer
      fixture.issuer.respondToMetadata(
        json({ issuer: url, jwks_uri: jwksUri }, { 'set-cookie': 'a=b' }),
      )
      const outcome = await (await start()).send({ token: fixture.token() })
      const names = fixture.issuer.receivedHeaders.flatMap((raw) =>
        raw.filter((_, at) => at % 2 === 0),
      )
      expect(names.map((name) => name.toLowerCase())).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^(cookie|authorization)$/)]),
      )
      await expect(
        start({ options: { jwksUri: 'http://user:secret@127.0.0.1/' } }),
      ).rejects.toThrow(expect.not.stringContaining('secret') as string)
      return outcome
    },
  }),
}
