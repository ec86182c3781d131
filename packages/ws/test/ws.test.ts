import { once } from 'node:events'
import { createServer, type IncomingMessage, request as httpRequest, type Server } from 'node:http'
import { connect as connectTcp, type AddressInfo } from 'node:net'
import { createTestIssuer, type TokenOptions } from '@resource-server/testing'
import type { DecisionRecord } from '@resource-server/core'
import { createRevocationList } from '../../revocation/src/index.ts'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket as BrowserWebSocket } from 'undici'
import { WebSocket, WebSocketServer } from 'ws'
import {
  ConfigError,
  fromCookie,
  fromHeader,
  fromSubprotocol,
  resourceServer,
  type WebSocketGuard,
  type WebSocketOptions,
} from '../src/index.ts'

// Real clients and servers of ws on real sockets.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const { url, clock } = issuer
const token = (options: Partial<TokenOptions> = {}): string =>
  issuer.token({ aud: 'order-service', sub: 'user-42', clientId: 'app', ...options })

type Api = ReturnType<typeof resourceServer>

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return (server.address() as AddressInfo).port
}

interface Setup extends Partial<WebSocketOptions> {
  readonly guards?: (api: Api) => readonly WebSocketGuard[]
  readonly sockets?: ConstructorParameters<typeof WebSocketServer>[0]
}

/** A server that says `hello`, echoes messages, and renews the token of a connection with `renew <token>`. */
async function start({ guards, sockets: socketOptions, ...added }: Setup = {}) {
  const records: DecisionRecord[] = []
  const api = resourceServer({
    issuer: url,
    audience: 'order-service',
    clock,
    onDecision: (record) => void records.push(record),
    ...added,
  })
  const sockets = new WebSocketServer({ noServer: true, ...socketOptions })
  const server = createServer()
  const requests: IncomingMessage[] = []
  const echoed: string[] = []
  server.on('upgrade', api.protect(sockets, ...(guards?.(api) ?? [])))
  sockets.on('connection', (socket, request) => {
    requests.push(request)
    socket.on('message', (data: Buffer) => {
      const text = data.toString()
      echoed.push(text)
      if (!text.startsWith('renew ')) return socket.send(text)
      const renewal = api.renew(socket, text.slice('renew '.length))
      void renewal.then((renewed) => socket.send(`renewed: ${renewed}`))
    })
    socket.send(`hello ${api.token(socket)?.subject}`)
  })
  const port = await listen(server)
  onTestFinished(() => {
    for (const socket of sockets.clients) socket.terminate()
    api.close()
  })
  return { api, sockets, server, port, records, requests, echoed }
}

/** The only element, such as the only open socket. */
function only<T>(items: Iterable<T>): T {
  const [item, ...others] = items
  if (item === undefined || others.length > 0) throw new Error('there is not exactly one')
  return item
}

const bearer = (jwt: string): Record<string, string> => ({ authorization: `Bearer ${jwt}` })

/** Opens a connection, and collects what it receives. */
async function open(
  port: number,
  headers: Record<string, string>,
  protocols: readonly string[] = [],
  path = '/',
) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, [...protocols], { headers })
  onTestFinished(() => socket.terminate())
  const messages: string[] = []
  socket.on('message', (data: Buffer) => void messages.push(data.toString()))
  const closed = once(socket, 'close').then(([code, reason]) => [code, String(reason)])
  await once(socket, 'message')
  const ask = async (text: string): Promise<string> => {
    socket.send(text)
    await once(socket, 'message')
    return messages.at(-1)!
  }
  return { socket, messages, closed, ask }
}

/** The response to a handshake that is refused. */
async function refusedBy(
  port: number,
  headers: Record<string, string> = {},
  { path = '/', method = 'GET' } = {},
) {
  const request = httpRequest({
    port,
    host: '127.0.0.1',
    path,
    method,
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      ...headers,
    },
  })
  request.end()
  const answered = once(request, 'response')
  request.once('upgrade', (_response, socket) => {
    socket.destroy()
    request.emit('error', new Error('the handshake was accepted'))
  })
  const [response] = (await answered) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return {
    status: response.statusCode,
    headers: response.headers,
    body: Buffer.concat(chunks).toString(),
  }
}

describe('a handshake', () => {
  test('with a valid token opens a connection that has the token', async () => {
    const { api, port, requests, records } = await start()
    const { messages } = await open(port, bearer(token()), [], '/orders?a=b')
    expect(messages).toEqual(['hello user-42'])
    expect(api.token(only(requests)).subject).toBe('user-42')
    expect(records).toMatchObject([
      { outcome: 'granted', request: { method: 'GET', path: '/orders' }, subject: 'user-42' },
    ])
  })

  test('without a token gets a complete response with a challenge', async () => {
    const { port, records } = await start({ resource: 'https://orders.example.com', dpop: 'off' })
    const { status, headers, body } = await refusedBy(port)
    expect(status).toBe(401)
    expect(headers).toMatchObject({
      'www-authenticate':
        'Bearer realm="api", resource_metadata="https://orders.example.com/.well-known/oauth-protected-resource"',
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'content-length': String(body.length),
      connection: 'close',
    })
    expect(JSON.parse(body)).toMatchObject({ status: 401, detail: 'An access token is required' })
    await new Promise(setImmediate)
    expect(records).toMatchObject([{ outcome: 'refused', code: 'credential_missing' }])
  })

  test.each<readonly [string, () => Record<string, string>, number, string]>([
    [
      'an expired token',
      () => bearer(issuer.forge.expired({ aud: 'order-service' })),
      401,
      'token_expired',
    ],
    [
      'a token for another service',
      () => bearer(token({ aud: 'stock-service' })),
      401,
      'audience_mismatch',
    ],
    ['a malformed header', () => ({ authorization: 'Bearer' }), 400, 'credential_malformed'],
    [
      'another scheme',
      () => ({ authorization: 'Basic eDp5' }),
      401,
      'credential_scheme_unsupported',
    ],
    ['a token without the scope', () => bearer(token()), 403, 'scope_insufficient'],
  ])('with %s is refused', async (_what, headers, status, code) => {
    const { port, records } = await start({ guards: (api) => [api.requireScope('orders:read')] })
    expect(await refusedBy(port, headers())).toMatchObject({ status })
    await new Promise(setImmediate)
    expect(records).toMatchObject([{ outcome: 'refused', code }])
  })

  test('with a token in the query is refused, and the reason says that the query is not read', async () => {
    const { port, records } = await start()
    expect(await refusedBy(port, {}, { path: `/?access_token=${token()}` })).toMatchObject({
      status: 401,
    })
    await new Promise(setImmediate)
    expect(records[0]?.reason).toContain("The query has 'access_token'")
  })

  test('passes all guards, in order', async () => {
    const { port } = await start({
      guards: (api) => [api.requireScope('orders:read'), api.requireActor('user-service')],
    })
    expect(await refusedBy(port, bearer(token()))).toMatchObject({ status: 403 })
    expect(await refusedBy(port, bearer(token({ scope: 'orders:read' })))).toMatchObject({
      status: 403,
    })
    const both = token({ scope: 'orders:read', actors: ['user-service'] })
    expect((await open(port, bearer(both))).messages).toEqual(['hello user-42'])
  })

  test('may be anonymous with optional, and nothing ends or renews it', async () => {
    const { port } = await start({
      optional: true,
      guards: (api) => [api.requireAudience('order-service')],
    })
    const { messages, ask } = await open(port, {})
    expect(messages).toEqual(['hello undefined'])
    expect(await ask(`renew ${token()}`)).toBe('renewed: false')
    expect(await refusedBy(port, bearer('x'))).toMatchObject({ status: 401 })
  })

  test('is refused with 503 while the keys are unavailable, without a challenge', async () => {
    const down = await createTestIssuer({ algorithm: 'ES256' })
    await down.close()
    const { port } = await start({ issuer: down.url, log: 'off' })
    const { status, headers } = await refusedBy(port, bearer(down.token({ aud: 'order-service' })))
    expect([status, headers['www-authenticate']]).toEqual([503, undefined])
  })

  test.each([
    ['warnings', ['A request failed: Error: the database is at 10.0.0.7']],
    ['off', []],
  ] as const)(
    "gets 500 if a guard throws, and with log: '%s' the warnings are %j",
    async (log, expected) => {
      const warnings: string[] = []
      const add = ({ message }: Error): unknown => warnings.push(message.split('\n', 1).join())
      process.on('warning', add)
      onTestFinished(() => void process.off('warning', add))
      const { port } = await start({
        log,
        guards: (api) => [
          api.requirePolicy(() => {
            throw new Error('the database is at 10.0.0.7')
          }),
        ],
      })
      const { status, body } = await refusedBy(port, bearer(token()))
      expect([status, body.includes('10.0.0.7')]).toEqual([500, false])
      await new Promise(setImmediate)
      expect(warnings).toEqual(expected)
    },
  )

  test.each([
    [true, 'granted'],
    [false, 'refused'],
  ])(
    'that disconnects while its token is verified has no effect if it is %s',
    async (result, outcome) => {
      let enter = (): void => {}
      const entered = new Promise<void>((resolve) => (enter = resolve))
      let release = (_result: boolean): void => {}
      const released = new Promise<boolean>((resolve) => (release = resolve))
      const { port, sockets, server, requests, records } = await start({
        guards: (api) => [
          api.requirePolicy(() => {
            enter()
            return released
          }),
        ],
      })
      const gone = new Promise((resolve) => {
        server.once('upgrade', (_request, socket) => socket.once('close', resolve))
      })
      const client = connectTcp(port, '127.0.0.1')
      const lines = [
        'GET / HTTP/1.1',
        'Host: a',
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
        `Authorization: Bearer ${token()}`,
      ]
      client.write(`${lines.join('\r\n')}\r\n\r\n`)
      await entered
      client.resetAndDestroy()
      await gone
      release(result)
      expect((await refusedBy(port)).status).toBe(401)
      expect(records[0]).toMatchObject({ outcome })
      expect([sockets.clients.size, requests.length]).toEqual([0, 0])
    },
  )

  test('of another HTTP version of the handshake is left to ws', async () => {
    const { port } = await start()
    const headers = { ...bearer(token()), 'Sec-WebSocket-Version': '7' }
    expect(await refusedBy(port, headers)).toMatchObject({ status: 400 })
  })

  test('with DPoP needs a proof, and the response to one with an old nonce has a new one', async () => {
    const client = issuer.dpopClient()
    const bound = client.token({ aud: 'order-service' })
    const publicUrl = 'https://api.example.com'
    const dpop = { nonceSecret: 'a secret of at least 32 characters' }
    const { port } = await start({ publicUrl, dpop })
    const authorization = `DPoP ${bound}`
    const proof = (nonce?: string): string =>
      client.proof({ token: bound, url: `${publicUrl}/`, ...(nonce !== undefined && { nonce }) })
    expect(await refusedBy(port, bearer(bound))).toMatchObject({ status: 401 })
    const first = await refusedBy(port, { authorization, dpop: proof() })
    expect(first.headers['www-authenticate']).toContain('use_dpop_nonce')
    clock.advance(100)
    const nonce = String(first.headers['dpop-nonce'])
    const headers = { authorization, dpop: proof(nonce) }
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers })
    onTestFinished(() => socket.terminate())
    const [response] = (await once(socket, 'upgrade')) as [IncomingMessage]
    expect(response.headers['dpop-nonce']).not.toBe(nonce)
    expect(response.headers['dpop-nonce']).toMatch(/./)
  })
})

describe('a token in a subprotocol', () => {
  const credential = fromSubprotocol('access_token')
  const offered = (jwt: string): readonly string[] => [`access_token.${jwt}`, 'orders.v1']

  test('opens a connection, and is never sent back', async () => {
    const { port, requests } = await start({ credential })
    const { socket, messages } = await open(port, {}, offered(token()))
    expect([messages, socket.protocol]).toEqual([['hello user-42'], 'orders.v1'])
    expect(only(requests).headers['sec-websocket-protocol']).toBe('orders.v1')
  })

  test('works in a browser, whose clients fail if no subprotocol is selected', async () => {
    const { port } = await start({ credential })
    // undici implements the WebSocket of the HTML standard.
    const connect = async (protocols: readonly string[]): Promise<string> => {
      const socket = new BrowserWebSocket(`ws://127.0.0.1:${port}`, [...protocols])
      onTestFinished(() => socket.close())
      return new Promise((resolve) => {
        socket.addEventListener('message', ({ data }) => resolve(`${data} on ${socket.protocol}`))
        socket.addEventListener('error', () => resolve('failed'))
      })
    }
    expect(await connect(offered(token()))).toBe('hello user-42 on orders.v1')
    expect(await connect([`access_token.${token()}`])).toBe('failed')
    expect(await connect(['orders.v1'])).toBe('failed')
  })

  test('is hidden from handleProtocols', async () => {
    const seen: string[][] = []
    const handleProtocols = (protocols: Set<string>): string | false => {
      seen.push([...protocols])
      return 'orders.v1'
    }
    const { port } = await start({ credential, sockets: { handleProtocols } })
    await open(port, {}, offered(token()))
    expect(seen).toEqual([['orders.v1']])
  })

  test('that is the only one leaves none to choose from', async () => {
    const { port, requests } = await start({ credential })
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, [`access_token.${token()}`])
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toBe('Server sent no subprotocol')
    expect(only(requests).headers).not.toHaveProperty('sec-websocket-protocol')
  })

  test('is not read unless the option says so', async () => {
    const { port } = await start()
    const headers = { 'Sec-WebSocket-Protocol': offered(token()).join(', ') }
    expect(await refusedBy(port, headers)).toMatchObject({ status: 401 })
  })

  test('works next to clients that send Authorization, and not in addition to it', async () => {
    const { port } = await start({ credential })
    expect((await open(port, bearer(token()), ['orders.v1'])).messages).toEqual(['hello user-42'])
    const headers = { ...bearer(token()), 'Sec-WebSocket-Protocol': offered(token()).join(', ') }
    expect(await refusedBy(port, headers)).toMatchObject({ status: 400 })
  })

  test('is in no response and no record of a refusal', async () => {
    const { port, records } = await start({ credential })
    const expired = issuer.forge.expired({ aud: 'order-service' })
    const refused = await refusedBy(port, { 'Sec-WebSocket-Protocol': offered(expired).join(',') })
    await new Promise(setImmediate)
    expect(refused.status).toBe(401)
    expect(JSON.stringify([refused, records])).not.toContain(expired.split('.')[2])
  })
})

describe('a token in a cookie', () => {
  const credential = fromCookie('__Host-session', { origins: ['https://app.example.com'] })
  const cookie = (): string => `__Host-session=${token()}`

  test('opens a connection only for pages of a listed origin', async () => {
    const { port } = await start({ credential })
    const origin = 'https://app.example.com'
    expect((await open(port, { cookie: cookie(), origin })).messages).toEqual(['hello user-42'])
    const other = await refusedBy(port, { cookie: cookie(), origin: 'https://evil.test' })
    expect(other.status).toBe(403)
    expect((await refusedBy(port, { cookie: cookie() })).status).toBe(403)
  })

  test('of the service itself opens a connection from its own origin', async () => {
    const { port } = await start({
      credential: fromCookie('__Host-session'),
      publicUrl: 'https://api.example.com',
    })
    const headers = { cookie: cookie(), origin: 'https://api.example.com' }
    expect((await open(port, headers)).messages).toEqual(['hello user-42'])
  })

  test.each([credential, fromHeader('X-Token')])('cannot be renewed in a message', async (each) => {
    const { api, sockets, port } = await start({ credential: each })
    const origin = 'https://app.example.com'
    await open(port, {
      cookie: cookie(),
      origin,
      ...(each.from === 'header' && { 'x-token': token(), cookie: '' }),
    })
    const socket = only(sockets.clients)
    await expect(api.renew(socket, token())).rejects.toThrow(
      `renew() does not support tokens from a ${each.from}`,
    )
  })
})

describe('a connection', () => {
  test('is closed with the code 4401 when its token expires', async () => {
    const { port } = await start()
    const { closed } = await open(port, bearer(token({ expiresIn: 60 })))
    clock.advance(66)
    expect(await closed).toEqual([4401, 'token expired'])
  })

  test('is closed with the code 4401 when its token is revoked', async () => {
    const revocation = createRevocationList()
    const { port } = await start({ revocation, maxLifetime: 600 })
    const { closed } = await open(port, bearer(token({ expiresIn: 300 })))
    await revocation.revoke({ issuer: url, subject: 'user-42' })
    clock.advance(1)
    expect(await closed).toEqual([4401, 'token revoked'])
  })

  test('delivers no message after its token has ended, and is cut off if the client does not answer', async () => {
    const { port, echoed, sockets } = await start()
    const { socket, ask } = await open(port, bearer(token({ expiresIn: 60 })))
    expect(await ask('before')).toBe('before')
    const accepted = only(sockets.clients)
    const gone = once(accepted, 'close')
    // A client that ignores the close frame, and goes on sending.
    socket.pause()
    clock.advance(66)
    while (accepted.readyState === WebSocket.OPEN) await new Promise(setImmediate)
    accepted.on('message', () => void echoed.push('to a listener that was added later'))
    socket.send('after')
    await gone
    expect(echoed).toEqual(['before'])
  })

  test('is closed by a malformed frame, which does not end the process', async () => {
    const errors: unknown[] = []
    const collect = (error: unknown): void => void errors.push(error)
    process.on('uncaughtException', collect)
    onTestFinished(() => void process.off('uncaughtException', collect))
    const { port } = await start()
    const raw = connectTcp(port, '127.0.0.1')
    onTestFinished(() => void raw.destroy())
    raw.write(
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: Bearer ${token()}\r\n\r\n`,
    )
    await once(raw, 'data')
    // Reserved bits and a reserved opcode.
    raw.write(Buffer.from([0xff, 0xff, 0xff, 0xff]))
    await once(raw.resume(), 'close')
    expect(errors).toEqual([])
  })

  test('stays open with a new token of the same party', async () => {
    const { api, port, sockets, records } = await start()
    const { ask, closed } = await open(port, bearer(token({ expiresIn: 60 })))
    expect(await ask(`renew ${token({ expiresIn: 600, scope: 'orders:write' })}`)).toBe(
      'renewed: true',
    )
    const socket = only(sockets.clients)
    expect(api.token(socket).scopes).toEqual(['orders:write'])
    expect(records).toMatchObject([{ outcome: 'granted' }, { outcome: 'granted' }])
    clock.advance(66)
    expect(await ask('still here')).toBe('still here')
    clock.advance(600)
    expect(await closed).toEqual([4401, 'token expired'])
  })

  test.each<readonly [string, () => string, string]>([
    ['another subject', () => token({ sub: 'user-7' }), 'token_denied'],
    ['another client', () => token({ clientId: 'other' }), 'token_denied'],
    ['an actor', () => token({ actors: ['user-service'] }), 'token_denied'],
    ['another audience', () => token({ aud: 'stock-service' }), 'audience_mismatch'],
    ['a bad signature', () => issuer.forge.tampered({ aud: 'order-service' }), 'signature_invalid'],
    ['nothing', () => '', 'credential_malformed'],
  ])('keeps its token if the new one is of %s', async (_what, next, code) => {
    const { port, records } = await start()
    const { ask, closed } = await open(port, bearer(token({ expiresIn: 60 })))
    expect(await ask(`renew ${next()}`)).toBe('renewed: false')
    expect(records.at(-1)).toMatchObject({ outcome: 'refused', code })
    clock.advance(66)
    expect(await closed).toEqual([4401, 'token expired'])
  })

  test('keeps its token if the new one lacks the scope of the handshake', async () => {
    const { port, records } = await start({ guards: (api) => [api.requireScope('orders:read')] })
    const { ask } = await open(port, bearer(token({ scope: 'orders:read' })))
    expect(await ask(`renew ${token({ scope: 'other' })}`)).toBe('renewed: false')
    expect(records.at(-1)).toMatchObject({ code: 'scope_insufficient' })
    expect(await ask(`renew ${token({ scope: 'orders:read other' })}`)).toBe('renewed: true')
  })

  test('does not accept a bound token in a message, which has no proof', async () => {
    const { port, records } = await start({ publicUrl: 'https://api.example.com' })
    const { ask } = await open(port, bearer(token()))
    const bound = issuer.dpopClient().token({ aud: 'order-service' })
    expect(await ask(`renew ${bound}`)).toBe('renewed: false')
    expect(records.at(-1)).toMatchObject({ code: 'binding_unproven' })
  })

  test('that is closed is not watched any more, and cannot be renewed', async () => {
    const { api, port, sockets } = await start()
    const { socket, closed } = await open(port, bearer(token()))
    const accepted = only(sockets.clients)
    const gone = once(accepted, 'close')
    socket.close(1000)
    await Promise.all([closed, gone])
    expect(await api.renew(accepted, token())).toBe(false)
  })
})

describe('misuse is a ConfigError:', () => {
  const options = { issuer: url, audience: 'order-service' }
  const api = resourceServer(options)

  test.each([
    ['onRefusal', 'reply'],
    ['allowPreflight', true],
  ])('the option %s', (name, value) => {
    const given = { ...options, [name]: value } as never
    expect(() => resourceServer(given)).toThrow(`'${name}' has no effect on a WebSocket handshake`)
  })

  test('a server of ws that accepts handshakes itself', () => {
    const sockets = new WebSocketServer({ server: createServer() })
    expect(() => api.protect(sockets)).toThrow(
      'Create it with new WebSocketServer({ noServer: true })',
    )
  })

  test('guards of another resource server, factories, and other values', () => {
    const sockets = new WebSocketServer({ noServer: true })
    const other = resourceServer(options).requireAuthentication()
    for (const guard of [other, api.requireScope, {}, undefined]) {
      expect(() => api.protect(sockets, guard as WebSocketGuard)).toThrow(ConfigError)
    }
  })

  test('the listener as a handler of requests', async () => {
    const listener = api.protect(new WebSocketServer({ noServer: true }))
    const thrown = new Promise((resolve) => {
      const server = createServer((request, response) => {
        try {
          listener(request, response as never, undefined as never)
        } catch (error) {
          resolve(error)
          response.end()
        }
      })
      void listen(server).then((port) => fetch(`http://127.0.0.1:${port}`))
    })
    expect(await thrown).toEqual(
      new ConfigError(
        'protect() for ws was called with a Node request.',
        "Pass the listener to server.on('upgrade', …), or call it with the arguments of that event.",
      ),
    )
  })

  test('token() and renew() with a value that is not theirs', async () => {
    expect(() => api.token({} as never)).toThrow('api.token() for ws was called with')
    await expect(api.renew({} as never, token())).rejects.toThrow('not an open socket')
  })
})

test('the metadata is served on the same HTTP server', async () => {
  const api = resourceServer({
    issuer: url,
    audience: 'order-service',
    resource: 'https://orders.example.com',
  })
  api.requireScope('orders:read')
  const serve = api.metadata()
  const server = createServer((request, response) =>
    serve(request, response, () => void response.writeHead(404).end()),
  )
  const port = await listen(server)
  const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`)
  const response = await get('/.well-known/oauth-protected-resource')
  expect(await response.json()).toMatchObject({ scopes_supported: ['orders:read'] })
  expect((await get('/')).status).toBe(404)
})
