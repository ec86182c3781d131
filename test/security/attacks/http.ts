import { createGate, fromNode } from '@resource-server/core/adapter'
import type { ResourceServerOptions } from '@resource-server/core'
import { resourceServer } from '@resource-server/fastify'
import fastify from 'fastify'
import { expect } from 'vitest'
import type { Attempt, CaseBuilder, Group, Outcome, SentRequest, Setup } from '../runner/attempt.ts'
import { audience, type Fixture } from '../fixtures/fixture.ts'
import { errorOf } from '../runner/http-client.ts'

/** Header lines that contain a valid token. */
const lines =
  (...written: readonly ((token: string) => readonly string[])[]): CaseBuilder =>
  (fixture) =>
    written.map((write, at) => ({ name: String(at), lines: write(fixture.token()) }))

/** Authorization headers with these values. */
const value = (...values: readonly ((token: string) => string)[]): CaseBuilder =>
  lines(...values.map((write) => (token: string) => [`Authorization: ${write(token)}`]))

/** No Authorization header, and a valid token in another place. */
const inAnotherPlace =
  (...places: readonly ((token: string) => SentRequest & Setup)[]): CaseBuilder =>
  (fixture) =>
    places.map((place, at) => ({ name: String(at), lines: [], ...place(fixture.token()) }))

/** Bytes that Node's parser refuses. The handler must not run. */
const bytes =
  (write: (token: string) => readonly string[]): CaseBuilder =>
  (fixture) => ({ bytes: write(fixture.token()).join('\r\n') })

const get = ['GET / HTTP/1.1', 'Host: api.example']
const end = ['Connection: close', '', '']

const preflight = ['Origin: https://app.example', 'Access-Control-Request-Method: POST']

const form = 'Content-Type: application/x-www-form-urlencoded'

const expectNoStore: Attempt['check'] = ({ headers }) =>
  expect(headers['cache-control']).toBe('no-store')

/** A request from a serverless shim: no raw headers, and an array where Node has a string. */
async function sendFromShim(fixture: Fixture, authorization: unknown): Promise<Outcome> {
  const options = { issuer: fixture.issuer.url, audience, clock: fixture.clock }
  const gate = createGate(options as ResourceServerOptions)
  const guard = gate.guards((one) => one).requireAuthentication()
  const request = fromNode({ method: 'GET', url: '/', rawHeaders: [], headers: { authorization } })
  const result = await gate.pass({}, request, guard)
  if (result.action !== 'reply') return { status: 200, error: null, headers: {}, body: '' }
  const { status, headers, body } = result.reply
  return { status, error: errorOf(headers['WWW-Authenticate']), headers: {}, body }
}

/** Registering the plugin protects nothing: a Fastify scope without a guard is open and has no token. */
async function sendToUnguardedScope(fixture: Fixture): Promise<Outcome> {
  const app = fastify()
  await app.register(resourceServer, { issuer: fixture.issuer.url, audience, clock: fixture.clock })
  await app.register(async (guarded) => {
    guarded.addHook('onRequest', app.requireAuthentication())
    guarded.get('/guarded', () => 'in')
  })
  await app.register(async (sibling) => {
    sibling.get('/open', (request) => request.auth)
  })
  try {
    const open = await app.inject({
      path: '/open',
      headers: { authorization: `Bearer ${fixture.token()}` },
    })
    expect([open.statusCode, open.body.includes('user-42')]).toEqual([500, false])
    const { statusCode, headers, body } = await app.inject('/guarded')
    return {
      status: statusCode,
      error: errorOf(String(headers['www-authenticate'])),
      headers: {},
      body,
    }
  } finally {
    await app.close()
  }
}

export const httpCases: Group = {
  'HTTP-none': () => ({
    lines: [],
    check: ({ headers }) => expect(headers['www-authenticate']).toBe('Bearer realm="api"'),
  }),
  'HTTP-basic': value((token) => `Basic ${token}`),
  'HTTP-other-scheme': value(
    ...['Token', 'JWT', 'Negotiate', 'DPoP'].map(
      (scheme) => (token: string) => `${scheme} ${token}`,
    ),
  ),
  'HTTP-no-token': value(() => 'Bearer'),
  // Node trims the value, so a host receives the same as above.
  'HTTP-bearer-space': value(() => 'Bearer    '),
  'HTTP-extra': value(
    (token) => `Bearer ${token} garbage`,
    (token) => `Bearer ${token} ${token}`,
  ),
  'HTTP-extra-param': value((token) => `Bearer ${token}, realm="x"`),
  'HTTP-two-spaces': value((token) => `Bearer  ${token}`),
  'HTTP-tab': value((token) => `Bearer\t${token}`),
  'HTTP-prefix': value(
    (token) => `Bearerx ${token}`,
    (token) => `xBearer ${token}`,
    (token) => `Bearer: ${token}`,
    (token) => `Bearer=${token}`,
  ),
  'HTTP-dup-same': lines(
    (token) => Array.from({ length: 2 }, () => `Authorization: Bearer ${token}`),
    (token) => [`Authorization: Bearer ${token}`, 'authorization: Basic eDp5'],
    (token) => ['Authorization: Bearer x', `Authorization: Bearer ${token}`],
  ),
  'HTTP-comma': value(
    (token) => `Bearer ${token}, Bearer ${token}`,
    (token) => `Bearer ${token},Bearer x`,
  ),
  'HTTP-array': (fixture) => ({
    onlyOn: 'core',
    run: async () => {
      const good = `Bearer ${fixture.token()}`
      expect((await sendFromShim(fixture, good)).status).toBe(200)
      expect((await sendFromShim(fixture, [good, good])).status).toBe(400)
      return sendFromShim(fixture, [good])
    },
  }),
  'HTTP-query': inAnotherPlace((token) => ({ path: `/?access_token=${token}` })),
  'HTTP-query-dup': inAnotherPlace((token) => ({
    path: `/?access_token=${token}&access_token=${token}`,
  })),
  'HTTP-body-json': inAnotherPlace(
    (token) => ({
      method: 'POST',
      body: JSON.stringify({ access_token: token }),
      lines: ['Content-Type: application/json'],
    }),
    (token) => ({ method: 'POST', body: `access_token=${token}`, lines: [form] }),
  ),
  'HTTP-cookie': inAnotherPlace((token) => ({
    lines: [`Cookie: access_token=${token}; authorization=Bearer ${token}`],
  })),
  'HTTP-case-name': lines(
    (token) => [`AUTHORIZATION: Bearer ${token}`],
    (token) => [`aUtHoRiZaTiOn: Bearer ${token}`],
  ),
  'HTTP-obs-fold': bytes((token) => [...get, 'Authorization: Bearer', ` ${token}`, ...end]),
  'HTTP-space-colon': bytes((token) => [...get, `Authorization : Bearer ${token}`, ...end]),
  'HTTP-nul': bytes((token) => [...get, `Authorization: Bearer ${token}\0`, ...end]),
  'HTTP-smuggle': bytes((token) => [
    'POST / HTTP/1.1',
    'Host: api.example',
    'Content-Length: 6',
    'Transfer-Encoding: chunked',
    '',
    '0',
    '',
    ...get,
    `Authorization: Bearer ${token}`,
    ...end,
  ]),
  'HTTP-header-20k': (fixture) => ({
    onlyOn: 'http',
    run: async (start) =>
      (await start()).send({
        lines: [`Authorization: Bearer ${fixture.token()}${'x'.repeat(20_000)}`],
      }),
  }),
  'HTTP-options': () => ({ method: 'OPTIONS', lines: preflight }),
  'HTTP-head': () => ({ method: 'HEAD', lines: [] }),
  'HTTP-error-mount': (fixture) => ({
    run: async (start) => {
      const failure = new Error('the policy failed')
      const service = await start({
        guards: (api) => [
          api.requireAuthentication(),
          api.requirePolicy(async () => {
            throw failure
          }),
        ],
      })
      const thrown = await service.send({ token: fixture.token() }).catch((error: unknown) => error)
      const failed = thrown === failure ? 500 : (thrown as Outcome).status
      expect([failed, service.handled()], 'an error in a guard').toEqual([500, 0])
      const outcome = await service.send({ lines: [] })
      expect(service.handled(), 'number of requests that reached the handler').toBe(0)
      return outcome
    },
  }),
  'HTTP-req-auth-preset': inAnotherPlace(
    () => ({ spoofedAuth: { subject: 'admin', scopes: ['admin'], audience: [audience] } }),
    () => ({ path: '/?auth=admin&auth[subject]=admin', lines: ['auth: admin', 'req.auth: admin'] }),
    () => ({
      method: 'POST',
      body: JSON.stringify({ auth: { subject: 'admin' } }),
      lines: ['Content-Type: application/json'],
    }),
  ),
  'HTTP-ws-upgrade': () => ({
    lines: [
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ],
  }),
  'HTTP-fastify-encaps': (fixture) => ({
    onlyOn: 'http',
    run: () => sendToUnguardedScope(fixture),
  }),
  'HTTP-resource-metadata': () => ({
    lines: [],
    options: { resource: 'https://api.example/orders' },
    check: ({ headers }) =>
      expect(headers['www-authenticate']).toContain(
        'resource_metadata="https://api.example/.well-known/oauth-protected-resource/orders"',
      ),
  }),
  'HTTP-cache-headers': (fixture) => ({
    token: fixture.token({ claims: { exp: fixture.now - 60, iat: fixture.now - 90 } }),
    check: (outcome, service) => {
      // The verifier sends no response. A granted response is not stored by shared caches, because
      // its request has an Authorization header: RFC 9111 section 3.5.
      if (service.port !== undefined) return expectNoStore(outcome, service)
      expect(outcome.headers).toEqual({})
    },
  }),
}
