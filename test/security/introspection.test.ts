import { generateKeyPairSync } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import {
  ConfigError,
  createVerifier,
  type DecisionRecord,
  type ResourceServerOptions,
} from '@resource-server/core'
import { introspect, type IntrospectOptions } from '@resource-server/introspection'
import { createTestClock, createTestIssuer, type TestIssuer } from '@resource-server/testing'
import type { Host } from '@resource-server/testing/conformance'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { hosts } from '../hosts/index.ts'
import { corpus } from './corpus/corpus.ts'

// The cases INTRO-* of the corpus, on every host, over real sockets. Each case is one row.

const audience = 'order-service'
const secret = 'a secret with / and + in it'
const client = { id: 'rs1', secret }
const publicUrl = 'https://orders.example.com'

/** An opaque token with every character that token68 allows. */
const opaque = 'o~Abc.123-_/+=='

async function startIssuer(clock = createTestClock()): Promise<TestIssuer> {
  const issuer = await createTestIssuer({ clock, clients: { rs1: { secret } } })
  afterAll(() => issuer.close())
  return issuer
}

/** Shared by all cases, which reset their switches. */
const issuer = await startIssuer()
const { clock } = issuer
const other = await startIssuer(clock)
const seconds = (): number => Math.floor(clock.now() / 1000)

interface Answered {
  readonly status: number
  /** The `error` of the challenge, or `null`. */
  readonly error: string | null
  readonly text: string
  readonly headers: Headers
}

interface Service {
  readonly get: (token: string, headers?: Record<string, string>) => Promise<Answered>
  readonly records: DecisionRecord[]
}

/** The good answer, with changes. A member that is `undefined` is omitted. */
const good = (changes: object = {}): object => ({
  active: true,
  iss: issuer.url,
  aud: audience,
  sub: 'user-42',
  client_id: 'app',
  scope: 'orders:read',
  iat: seconds(),
  exp: seconds() + 300,
  token_type: 'Bearer',
  ...changes,
})

const answer = (members: object, of = issuer): void =>
  of.introspection.reply({ body: JSON.stringify(members) })

/** What a case gets: the host, and a service on it. */
interface Run {
  readonly host: Host
  readonly start: (
    options?: Partial<IntrospectOptions>,
    more?: Partial<ResourceServerOptions>,
  ) => Promise<Service>
}

async function startService(
  host: Host,
  options: Partial<IntrospectOptions> = {},
  more: object = {},
): Promise<Service> {
  const records: DecisionRecord[] = []
  const introspection = introspect({ client, jwts: 'introspect', maxAge: 0, ...options })
  const single = 'issuers' in more ? {} : { issuer: issuer.url, introspection }
  const running = await host.start({
    options: {
      ...single,
      audience,
      clock,
      onDecision: (record) => void records.push(record),
      log: 'off',
      ...more,
    },
    routes: [
      {
        method: 'GET',
        path: '/orders',
        guards: (guards) => [guards.requireScope('orders:read')],
        respond: (token) => token()?.subject ?? 'anonymous',
      },
    ],
  })
  onTestFinished(() => running.close())
  const get: Service['get'] = async (token, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${running.port}/orders`, {
      headers: { authorization: `Bearer ${token}`, ...headers },
    })
    const challenge = response.headers.get('www-authenticate') ?? ''
    const error = /\berror="(\w+)"/.exec(challenge)?.[1] ?? null
    return {
      status: response.status,
      error,
      text: await response.text(),
      headers: response.headers,
    }
  }
  return { get, records }
}

const granted = { status: 200, error: null, text: 'user-42' }
const refused = { status: 401, error: 'invalid_token' }
const unavailable = { status: 503, error: null }

/** Sends the token once for each answer, and expects the same each time. */
async function expectForAll(
  service: Service,
  answers: readonly object[],
  expected: object,
): Promise<void> {
  for (const members of answers) {
    answer(members)
    // oxlint-disable-next-line no-await-in-loop -- the issuer has one answer at a time
    expect(await service.get(opaque), JSON.stringify(members)).toMatchObject(expected)
  }
}

const requestsAt = (of = issuer) => of.introspection.requests

const cases: Readonly<Record<string, (run: Run) => Promise<void>>> = {
  'INTRO-ctrl-good': async ({ start }) => {
    const service = await start()
    answer(good())
    const before = requestsAt().length
    expect(await service.get(opaque)).toMatchObject(granted)
    const [request, ...more] = requestsAt().slice(before)
    expect(more).toEqual([])
    expect(request).toMatchObject({
      client: 'rs1',
      authentication: 'basic',
      form: [['token', opaque]],
      headers: { accept: 'application/json' },
    })
  },
  'INTRO-active-false': async ({ start }) => {
    const service = await start()
    const inactive = [{ active: false }, good({ active: false, sub: 'user-of-inactive' })]
    await expectForAll(service, inactive, refused)
    expect(JSON.stringify(service.records)).not.toContain('user-of-inactive')
  },
  'INTRO-active-types': async ({ start }) => {
    const values = ['true', 1, 'yes', [true], { v: true }, null, undefined]
    await expectForAll(
      await start(),
      values.map((active) => good({ active })),
      unavailable,
    )
  },
  'INTRO-active-dup': async ({ start }) => {
    const body = JSON.stringify(good()).replace('{', '{"active":false,')
    issuer.introspection.reply({ body })
    expect(await (await start()).get(opaque)).toMatchObject(unavailable)
  },
  'INTRO-aud-array': async ({ start }) => {
    await expectForAll(await start(), [good({ aud: ['x', audience] })], granted)
  },
  'INTRO-aud-missing': async ({ start }) => {
    await expectForAll(await start(), [good({ aud: undefined })], refused)
    await expectForAll(
      await start({ missingAudience: 'accept' }),
      [good({ aud: undefined })],
      granted,
    )
    await expectForAll(await start({ missingAudience: 'accept' }), [good({ aud: 'x' })], refused)
  },
  'INTRO-iss': async ({ start }) => {
    const service = await start()
    await expectForAll(service, [good({ iss: undefined })], granted)
    const wrong = ['https://evil.example', `${issuer.url}/`, 1]
    await expectForAll(
      service,
      wrong.map((iss) => good({ iss })),
      refused,
    )
  },
  'INTRO-exp-past': async ({ start }) => {
    const values = [seconds() - 10, String(seconds() + 300), null, -1, undefined]
    await expectForAll(
      await start(),
      values.map((exp) => good({ exp })),
      refused,
    )
  },
  'INTRO-nbf-future': async ({ start }) => {
    const wrong = [{ nbf: seconds() + 60 }, { nbf: '1' }, { iat: seconds() + 3600 }]
    await expectForAll(await start(), wrong.map(good), refused)
  },
  'INTRO-sub-missing': async ({ start }) => {
    await expectForAll(await start(), [good({ sub: undefined, username: 'joe' })], refused)
  },
  'INTRO-scope-types': async ({ start }) => {
    const values = [1, {}, null, true, [1], [['orders:read']]]
    await expectForAll(
      await start(),
      values.map((scope) => good({ scope })),
      refused,
    )
  },
  'INTRO-scope-array': async ({ start }) => {
    await expectForAll(await start(), [good({ scope: ['orders:read', 'x'] })], granted)
  },
  'INTRO-token-type-foreign': async ({ start }) => {
    const types = ['refresh_token', 'id_token', 'N_A', 'mac', 'Refresh', 1]
    const answers = types.map((type) => good({ token_type: type }))
    await expectForAll(await start(), [...answers, good({ token_use: 'refresh' })], refused)
    await expectForAll(await start(), [good({ token_use: 'access_token' })], granted)
  },
  'INTRO-dpop-type': async ({ start }) => {
    const service = await start({}, { publicUrl })
    const cnf = { jkt: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' }
    const answers = [good({ token_type: 'DPoP' }), good({ token_type: 'DPoP', cnf })]
    await expectForAll(service, answers, refused)
  },
  'INTRO-cnf-jkt-bad': async ({ start }) => {
    const service = await start({}, { publicUrl })
    // A proof from the second in which the service started may have been used before.
    clock.advance(1)
    const [dpop, another] = [issuer.dpopClient(), issuer.dpopClient()]
    const url = `${publicUrl}/orders`
    const sent = (proof?: string) =>
      service.get(opaque, { authorization: `DPoP ${opaque}`, ...(proof && { dpop: proof }) })
    answer(good({ cnf: { jkt: dpop.jkt } }))
    expect(await sent(dpop.proof({ token: opaque, url }))).toMatchObject(granted)
    expect(await sent()).toMatchObject({ status: 401, error: 'invalid_dpop_proof' })
    expect(await sent(another.proof({ token: opaque, url }))).toMatchObject(refused)
    for (const cnf of ['x', { jkt: 1 }, {}]) {
      answer(good({ cnf }))
      // oxlint-disable-next-line no-await-in-loop -- the issuer has one answer at a time
      expect(await sent(dpop.proof({ token: opaque, url }))).toMatchObject(refused)
    }
  },
  'INTRO-cnf-x5t': async ({ host, start }) => {
    const cnf = { 'x5t#S256': 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs' }
    await expectForAll(await start(), [good({ cnf })], refused)
    const withSocket = start({}, { mtls: { from: 'socket' } })
    // Hosts of the Fetch standard do not see the connection, and say so.
    if (host.hidesConnection) await expect(withSocket).rejects.toThrow(ConfigError)
    else await expectForAll(await withSocket, [good({ cnf })], refused)
  },
  'INTRO-unauthorized': async ({ start }) => {
    for (const [status, error] of [
      [401, 'invalid_client'],
      [403, 'access_denied'],
      [400, 'invalid_request'],
    ] as const) {
      issuer.introspection.reply({
        status,
        headers: { 'www-authenticate': 'Basic realm="as"', 'content-type': 'application/json' },
        body: JSON.stringify({ error }),
      })
      // oxlint-disable-next-line no-await-in-loop -- the issuer has one answer at a time
      const service = await start()
      // oxlint-disable-next-line no-await-in-loop -- as above
      const response = await service.get(opaque)
      expect(response).toMatchObject(unavailable)
      expect(response.headers.get('www-authenticate')).toBeNull()
      expect(service.records.at(-1)?.reason).toContain(`answered with status ${status}`)
    }
  },
  'INTRO-5xx': async ({ start }) => {
    for (const [status, retryAfter, expected] of [
      [500, undefined, '1'],
      [502, undefined, '1'],
      [503, '7', '7'],
      [429, '7', '7'],
      [503, '100000', '600'],
      [204, undefined, '1'],
      [201, undefined, '1'],
    ] as const) {
      const headers = { 'content-type': 'application/json', 'retry-after': retryAfter ?? '' }
      const body = status === 204 ? '' : JSON.stringify(good())
      issuer.introspection.reply({ status, headers, body })
      // oxlint-disable-next-line no-await-in-loop -- the issuer has one answer at a time
      const response = await (await start({ maxAge: 30 })).get(opaque)
      expect(response, String(status)).toMatchObject(unavailable)
      expect(response.headers.get('retry-after')).toBe(expected)
    }
  },
  'INTRO-html': async ({ start }) => {
    const html = '<h1>Sign in</h1>'
    const bodies = [
      ['text/html', html],
      ['application/json', html],
      ['application/json', JSON.stringify(good()).slice(0, -2)],
      ['application/json', ''],
    ] as const
    for (const [type, body] of bodies) {
      issuer.introspection.reply({ headers: { 'content-type': type }, body })
      // oxlint-disable-next-line no-await-in-loop -- the issuer has one answer at a time
      expect(await (await start()).get(opaque)).toMatchObject(unavailable)
    }
  },
  'INTRO-huge': async ({ start }) => {
    const large = JSON.stringify(good({ x: 'x'.repeat(2 ** 20) }))
    const bomb = gzipSync(Buffer.alloc(2 ** 23, ' '))
    const nested = `{"active":true,"x":${'['.repeat(30_000)}${']'.repeat(30_000)}}`
    const replies = [{ body: large }, { headers: { 'content-encoding': 'gzip' }, body: bomb }]
    for (const reply of [...replies, { body: nested }]) {
      issuer.introspection.reply(reply)
      // oxlint-disable-next-line no-await-in-loop -- the issuer has one answer at a time
      expect(await (await start()).get(opaque)).toMatchObject(unavailable)
    }
  },
  'INTRO-no-fallback': async ({ start }) => {
    const service = await start({ jwts: 'verify-and-introspect' })
    const jwt = { aud: audience, scope: 'orders:read' }
    issuer.introspection.reply({ status: 500, body: '' })
    expect(await service.get(opaque)).toMatchObject(unavailable)
    expect(await service.get(issuer.forge.tampered(jwt))).toMatchObject(refused)
    expect(await service.get(issuer.token(jwt))).toMatchObject(unavailable)
    issuer.introspection.reset()
    const valid = issuer.token(jwt)
    const working = await start({ jwts: 'verify-and-introspect' })
    expect(await working.get(valid)).toMatchObject(granted)
    issuer.introspection.revoke(valid)
    expect(await working.get(valid)).toMatchObject(refused)
  },
  'INTRO-cache-positive': async ({ start }) => {
    const service = await start({ maxAge: 30 })
    answer(good())
    const before = requestsAt().length
    expect(await service.get(opaque)).toMatchObject(granted)
    clock.advance(10)
    expect(await service.get(opaque)).toMatchObject(granted)
    expect(requestsAt().length - before).toBe(1)
  },
  'INTRO-cache-revoked': async ({ start }) => {
    const [cached, uncached] = [await start({ maxAge: 30 }), await start({ maxAge: 0 })]
    answer(good())
    expect(await cached.get(opaque)).toMatchObject(granted)
    expect(await uncached.get(opaque)).toMatchObject(granted)
    answer({ active: false })
    expect(await uncached.get(opaque)).toMatchObject(refused)
    clock.advance(29)
    expect(await cached.get(opaque)).toMatchObject(granted)
    clock.advance(2)
    expect(await cached.get(opaque)).toMatchObject(refused)
  },
  'INTRO-cache-negative': async ({ start }) => {
    const service = await start({ maxAge: 30 })
    answer({ active: false })
    const before = requestsAt().length
    for (let times = 0; times < 10; times += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await service.get(opaque)).toMatchObject(refused)
    }
    expect(requestsAt().length - before).toBeLessThanOrEqual(2)
    answer(good())
    clock.advance(6)
    expect(await service.get(opaque)).toMatchObject(granted)
  },
  'INTRO-cache-error': async ({ start }) => {
    const service = await start({ maxAge: 30 })
    issuer.introspection.reply({ status: 503, body: '' })
    expect(await service.get(opaque)).toMatchObject(unavailable)
    answer(good())
    clock.advance(1)
    expect(await service.get(opaque)).toMatchObject(granted)
  },
  'INTRO-cache-key': async ({ host }) => {
    // The same introspection, at two issuers. Its cache must not be shared.
    const introspection = introspect({ client, prefix: '', jwts: 'introspect' })
    const at = (of: TestIssuer) =>
      createVerifier({ issuer: of.url, audience, clock, introspection, log: 'off' })
    const [one, two] = [at(issuer), at(other)]
    answer(good())
    answer({ active: false }, other)
    const results = await Promise.all([one.check(opaque), two.check(opaque), two.check(opaque)])
    expect(results.map(({ outcome }) => outcome)).toEqual(['granted', 'refused', 'refused'])
    expect(await two.check(opaque)).toMatchObject({ outcome: 'refused', code: 'token_inactive' })
    expect(host.name).not.toBe('')
  },
  'INTRO-flight': async ({ start }) => {
    const service = await start({ maxAge: 30, endpoint: issuer.introspection.url })
    answer(good())
    issuer.delay(1)
    onTestFinished(() => issuer.delay(0))
    const before = requestsAt().length
    const pending = Array.from({ length: 30 }, () => service.get(opaque))
    const aborted = new AbortController()
    const given = service.get(opaque)
    aborted.abort()
    while (requestsAt().length === before) {
      // oxlint-disable-next-line no-await-in-loop -- waits for the request
      await new Promise((resolve) => setImmediate(resolve))
    }
    clock.advance(1)
    issuer.delay(0)
    const results = await Promise.all([...pending, given])
    expect(results.filter(({ status }) => status === 200)).toHaveLength(31)
    expect(requestsAt().length - before).toBe(1)
  },
  'INTRO-route-prefix': async ({ start }) => {
    const at = (of: TestIssuer, prefix: string) => ({
      issuer: of.url,
      introspection: introspect({ client, prefix, maxAge: 0 }),
    })
    const issuers = [at(issuer, 'a1_'), at(other, 'a2_')]
    const options = { audience, clock, issuers }
    const service = await start({}, options)
    answer(good())
    answer(good({ iss: other.url }), other)
    const counts = () => [requestsAt().length, requestsAt(other).length]
    const expectCalls = async (token: string, status: number, calls: readonly number[]) => {
      const before = counts()
      expect(await service.get(token)).toMatchObject({ status })
      expect(counts().map((count, at_) => count - before[at_]!)).toEqual(calls)
    }
    await expectCalls('a1_x', 200, [1, 0])
    await expectCalls('a2_x', 200, [0, 1])
    await expectCalls('a3_x', 401, [0, 0])
    await expectCalls('A1_x', 401, [0, 0])
    await expectCalls('', 400, [0, 0])
    const without = { issuer: other.url, introspection: introspect({ client }) }
    const misconfigured = { issuers: [issuer.url, without], audience }
    expect(() => createVerifier(misconfigured)).toThrow(ConfigError)
    const ambiguous = { issuers: [at(issuer, 'a'), at(other, 'a2_')], audience }
    expect(() => createVerifier(ambiguous)).toThrow(/beginning of another/)
  },
  'INTRO-looks-like-jwt': async ({ start }) => {
    const introspected = {
      issuer: issuer.url,
      introspection: introspect({ client, prefix: '', jwts: 'introspect', maxAge: 0 }),
    }
    const options = { audience, clock, issuers: [introspected, other.url] }
    const service = await start({}, options)
    const token = { aud: 'another-service', scope: 'orders:admin', sub: 'user-7' }
    answer(good())
    // The claims of the token itself do not count.
    expect(await service.get(issuer.token(token))).toMatchObject(granted)
    expect(await service.get(issuer.forge.tampered(token))).toMatchObject(granted)
    const before = requestsAt().length
    const verified = { aud: audience, scope: 'orders:read' }
    expect(await service.get(other.token(verified))).toMatchObject(granted)
    expect(await service.get(other.forge.tampered(verified))).toMatchObject(refused)
    expect(await service.get(other.forge.unsigned(verified))).toMatchObject(refused)
    expect(await service.get(other.forge.wrongIssuer(verified))).toMatchObject(refused)
    expect(requestsAt().length).toBe(before)
  },
  'INTRO-form-encoding': async ({ start }) => {
    const service = await start()
    answer(good())
    expect(await service.get('a+b/c=d')).toMatchObject({ status: 400 })
    for (const token of ['a+b/c~d.e-_f==', opaque]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await service.get(token)).toMatchObject(granted)
      expect(requestsAt().at(-1)?.form).toEqual([['token', token]])
    }
  },
  'INTRO-auth-post': async ({ start }) => {
    const service = await start({ client: { ...client, authentication: 'post' } })
    answer(good())
    expect(await service.get(opaque)).toMatchObject(granted)
    const request = requestsAt().at(-1)
    expect(request?.headers).not.toHaveProperty('authorization')
    expect(Object.fromEntries(request!.form)).toEqual({
      token: opaque,
      client_id: 'rs1',
      client_secret: secret,
    })
  },
  'INTRO-auth-pkjwt': async ({ start }) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = await crypto.subtle.importKey(
      'jwk',
      privateKey.export({ format: 'jwk' }),
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['sign'],
    )
    const publicJwk = publicKey.export({ format: 'jwk' })
    const server = await createTestIssuer({
      clock,
      clients: { rs1: { publicKey: { ...publicJwk, alg: 'ES256' } } },
    })
    onTestFinished(() => server.close())
    const options = { client: { id: 'rs1', privateKey: key } }
    const service = await start(options, { issuer: server.url })
    const token = server.opaqueToken({ aud: audience, scope: 'orders:read' })
    expect(await service.get(token)).toMatchObject(granted)
    expect(await service.get(token)).toMatchObject(granted)
    const assertions = requestsAt(server).map(({ form }) => Object.fromEntries(form))
    const jwts = assertions.map(({ client_assertion: jwt }) => jwtParts(jwt!))
    expect(assertions[0]).toMatchObject({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    const [first, second] = jwts
    expect(first!.header['typ'] ?? 'client-authentication+jwt').toBe('client-authentication+jwt')
    expect(first!.payload).toMatchObject({ iss: 'rs1', sub: 'rs1', aud: server.url })
    expect(Number(first!.payload['exp']) - seconds()).toBeLessThanOrEqual(60)
    expect(second!.payload['jti']).not.toBe(first!.payload['jti'])
    const old = await start(
      { ...options, assertionAudience: server.introspection.url },
      {
        issuer: server.url,
      },
    )
    await old.get(token)
    const { client_assertion: jwt } = Object.fromEntries(requestsAt(server).at(-1)!.form)
    expect(jwtParts(jwt!).payload['aud']).toBe(server.introspection.url)
  },
  'INTRO-endpoint-config': async ({ start }) => {
    const at = 'https://as.example'
    const configured = (endpoint: string, more: object = {}) =>
      start({ endpoint }, { issuer: at, ...more })
    await expect(configured('http://as.example/introspect')).rejects.toThrow(ConfigError)
    await expect(configured('https://evil.example/introspect')).rejects.toThrow(
      /a different origin/,
    )
    await expect(configured('https://rs1:x@as.example/introspect')).rejects.toThrow(ConfigError)
    await expect(start({ client: { id: 'rs1', authentication: 'none' } }, {})).rejects.toThrow(
      /authenticate its clients/,
    )
    const service = await start({ endpoint: issuer.introspection.url })
    answer(good())
    expect(await service.get(opaque)).toMatchObject(granted)
  },
  'INTRO-jwt-good': async ({ start }) => {
    const service = await start({ signedResponses: true })
    const token = issuer.opaqueToken({ aud: audience, scope: 'orders:read' })
    expect(await service.get(token)).toMatchObject(granted)
    const { accept } = requestsAt().at(-1)!.headers
    expect(accept).toBe('application/token-introspection+jwt')
    issuer.introspection.alterSigned({ payload: { sub: 'user-7', scope: 'orders:admin' } })
    expect(await service.get(token)).toMatchObject(granted)
  },
  'INTRO-jwt-aud': async ({ start }) => {
    const options = { signedResponses: true }
    const token = issuer.opaqueToken({ aud: audience, scope: 'orders:read' })
    for (const aud of ['rs2', undefined, ['rs2'], 1]) {
      issuer.introspection.alterSigned({ payload: { aud } })
      // oxlint-disable-next-line no-await-in-loop -- the issuer has one answer at a time
      expect(await (await start(options)).get(token)).toMatchObject(unavailable)
    }
    issuer.introspection.alterSigned({ payload: { aud: ['rs1', 'rs2'] } })
    expect(await (await start(options)).get(token)).toMatchObject(granted)
  },
  'INTRO-jwt-iss-sig': async ({ start }) => {
    const token = issuer.opaqueToken({ aud: audience, scope: 'orders:read' })
    const payload = {
      iss: issuer.url,
      aud: 'rs1',
      iat: seconds(),
      token_introspection: good(),
    }
    const header = { typ: 'token-introspection+jwt' }
    const jwts = [
      issuer.sign({ header, payload: { ...payload, iss: other.url } }),
      other.sign({ header, payload }),
      issuer.sign({ header: { ...header, kid: 'unknown' }, payload, key: other.key }),
      issuer.sign({ header: { ...header, alg: 'none' }, payload }),
      issuer.sign({ header: { ...header, alg: 'HS256' }, payload }),
      issuer.sign({ header: { typ: 'at+jwt' }, payload }),
      issuer.sign({ header: { typ: 'JWT' }, payload }),
    ]
    for (const body of jwts) {
      const headers = { 'content-type': 'application/token-introspection+jwt' }
      issuer.introspection.reply({ headers, body })
      // oxlint-disable-next-line no-await-in-loop -- the issuer has one answer at a time
      expect(await (await start({ signedResponses: true })).get(token)).toMatchObject(unavailable)
    }
  },
  'INTRO-jwt-toplevel': async ({ start }) => {
    const token = issuer.opaqueToken({ aud: audience, scope: 'orders:read' })
    for (const members of [undefined, JSON.stringify(good())]) {
      const payload = { ...good(), aud: 'rs1', token_introspection: members }
      issuer.introspection.alterSigned({ payload })
      // oxlint-disable-next-line no-await-in-loop -- the issuer has one answer at a time
      expect(await (await start({ signedResponses: true })).get(token)).toMatchObject(unavailable)
    }
  },
  'INTRO-jwt-required': async ({ start }) => {
    answer(good())
    expect(await (await start({ signedResponses: true })).get(opaque)).toMatchObject(unavailable)
  },
  'INTRO-oracle': async ({ start }) => {
    const service = await start()
    const answers = [
      { active: false },
      good({ aud: 'stock-service' }),
      good({ iss: 'https://evil.example' }),
      good({ exp: seconds() - 60 }),
    ]
    const texts = new Set<string>()
    for (const members of answers) {
      answer(members)
      // oxlint-disable-next-line no-await-in-loop -- the issuer has one answer at a time
      const { status, text, headers } = await service.get(opaque)
      texts.add(JSON.stringify([status, text, headers.get('www-authenticate')]))
    }
    expect([...texts]).toHaveLength(1)
    expect([...texts][0]).toContain('invalid_token')
  },
  'INTRO-no-leak': async ({ start }) => {
    const service = await start()
    const replies = [good(), { active: false }, good({ aud: 'x' }), good({ active: 1 })]
    for (const members of replies) {
      answer({ ...members, note: 'body-of-the-answer' })
      // oxlint-disable-next-line no-await-in-loop -- the issuer has one answer at a time
      await service.get(opaque)
    }
    issuer.introspection.reply({ status: 401, body: 'body-of-the-answer' })
    await service.get(opaque)
    const seen = JSON.stringify(service.records)
    expect(service.records.length).toBeGreaterThan(3)
    for (const secretText of [opaque, secret, 'body-of-the-answer']) {
      expect(seen).not.toContain(secretText)
    }
  },
}

function jwtParts(jwt: string): Record<'header' | 'payload', Record<string, unknown>> {
  const [header, payload] = jwt
    .split('.', 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>)
  return { header: header!, payload: payload! }
}

test('every case INTRO-* of the corpus has a row', () => {
  const ids = corpus.filter(({ id }) => id.startsWith('INTRO-')).map(({ id }) => id)
  expect(Object.keys(cases).toSorted()).toEqual(ids.toSorted())
})

describe.each(hosts)('$name', (host) => {
  test.each(Object.entries(cases))('%s', async (_id, run) => {
    for (const of of [issuer, other]) of.introspection.reset()
    await run({ host, start: (options, more) => startService(host, options, more) })
  })
})
