import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  createGate,
  type Gate,
  type Guard,
  type GuardResult,
  nodeGuard,
  type Reply,
  sendNode,
  sendNodeError,
} from '../../src/adapter.ts'
import { ConfigError } from '../../src/index.ts'
import {
  responseSent,
  aud,
  bearer,
  createGateHarness,
  optionsFor,
  startIssuer,
  statusOf,
} from '../support.ts'

const issuer = await startIssuer()
const good = issuer.token({ aud })

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Disconnects the caller, and waits until the server has noticed. */
  readonly disconnect: () => Promise<unknown>
}

/** Sends one request over a real socket. Returns the response that the caller got, or `aborted`. */
async function serve(handle: (exchange: Exchange) => Promise<void>): Promise<unknown> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const headers = Object.fromEntries(bearer(good)) as { readonly Authorization: string }
  const handled = new Promise<void>((resolve, reject) => {
    server.once('request', (request, response) => {
      const closed = new Promise((over) => response.once('close', over))
      const disconnect = (): Promise<unknown> => (client.destroy(), closed)
      handle({ request, response, disconnect }).then(() => closed.then(() => resolve()), reject)
    })
  })
  const client = get({ port, host: '127.0.0.1', path: '/orders?a=b', headers })
  const got = new Promise((resolve) => {
    client.once('error', () => resolve('aborted'))
    client.once('response', (reply) => {
      reply.once('error', () => resolve('aborted'))
      let body = ''
      reply.setEncoding('utf8').on('data', (part: string) => (body += part))
      reply.once('end', () => resolve({ status: reply.statusCode, headers: reply.headers, body }))
    })
  })
  try {
    await handled
    await responseSent()
    return await got
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** Waits until the timers that are due have run. */
const timersDue = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 0))

const createHarness = () => createGateHarness(optionsFor(issuer))

describe('a request is recorded once', () => {
  test('when its response is finished, even with several guards', async () => {
    const { gate, guards, records } = createHarness()
    const pass = nodeGuard(gate)
    let atFinish: unknown
    await serve(async ({ request, response }) => {
      await pass(guards.requireAudience(aud), { request, response })
      const listeners = response.listenerCount('close')
      await pass(guards.requireAuthentication(), { request, response })
      expect(response.listenerCount('close')).toBe(listeners)
      await timersDue()
      expect(records).toEqual([])
      response.once('finish', () => (atFinish = records.length))
      response.end()
    })
    expect(atFinish).toBe(1)
    expect(records).toEqual([
      expect.objectContaining({
        outcome: 'granted',
        request: { method: 'GET', path: '/orders' },
        checks: [expect.anything(), expect.anything()],
      }),
    ])
  })

  test('when the caller disconnects', async () => {
    const { gate, guards, records } = createHarness()
    await serve(async ({ request, response, disconnect }) => {
      await nodeGuard(gate)(guards.requireAuthentication(), { request, response })
      await disconnect()
    })
    expect(records).toMatchObject([{ outcome: 'granted' }])
  })

  test('after a running guard if the caller disconnects meanwhile', async () => {
    const { gate, guards, records } = createHarness()
    let decide = (_result: boolean): void => {}
    let slow = guards.requireAuthentication()
    const running = new Promise<void>((begun) => {
      slow = guards.requirePolicy(() => {
        begun()
        return new Promise<boolean>((resolve) => (decide = resolve))
      })
    })
    await serve(async ({ request, response, disconnect }) => {
      const passing = nodeGuard(gate)(slow, { request, response })
      await running
      await disconnect()
      expect(records).toEqual([])
      decide(true)
      expect(await passing).toEqual({ action: 'proceed' })
      // Another guard may be about to start.
      expect(records).toEqual([])
      await timersDue()
      expect(records).toMatchObject([{ outcome: 'granted' }])
    })
    expect(records).toHaveLength(1)
  })

  test('if the caller disconnected before the guard ran, and the token was cached', async () => {
    const { gate, guards, pass, records } = createHarness()
    const guard = guards.requireAuthentication()
    for (const key of [{}, {}]) await pass(key, guard, bearer(good))
    await serve(async ({ request, response, disconnect }) => {
      await disconnect()
      expect(nodeGuard(gate)(guard, { request, response })).toEqual({ action: 'proceed' })
      expect(records).toEqual([])
      await timersDue()
    })
    expect(records).toMatchObject([{ outcome: 'granted', cached: true }])
  })

  test('with the URL and the route from the host', async () => {
    const { gate, guards, records } = createHarness()
    await serve(async ({ request, response }) => {
      const host = { url: '/api/orders', route: () => '/api/:kind' }
      await nodeGuard(gate)(guards.requireAuthentication(), { request, response, ...host })
      response.end()
    })
    expect(records).toMatchObject([{ request: { path: '/api/orders', route: '/api/:kind' } }])
  })
})

test('without a listener, no events of the response are used and a later listener gets no record', async () => {
  const gate = createGate(optionsFor(issuer))
  const { requireAuthentication } = gate.guards((guard) => guard)
  const received: unknown[] = []
  const listener = (record: unknown): void => void received.push(record)
  await serve(async ({ request, response }) => {
    const before = ['finish', 'close'].map((event) => response.listenerCount(event))
    await nodeGuard(gate)(requireAuthentication(), { request, response })
    expect(['finish', 'close'].map((event) => response.listenerCount(event))).toEqual(before)
    subscribe('resource-server:decision', listener)
    response.end()
  })
  unsubscribe('resource-server:decision', listener)
  expect(received).toEqual([])
})

describe('attachTo', () => {
  test('gets a non-enumerable auth, which throws until the guard has let the request through', async () => {
    const { gate, guards } = createHarness()
    await serve(async ({ request, response }) => {
      const attachTo: { readonly auth?: unknown } = {}
      const exchange = { request, response, attachTo }
      const passing = nodeGuard(gate)(guards.requireAuthentication(), exchange)
      expect(() => attachTo.auth).toThrow(ConfigError)
      await passing
      expect(attachTo.auth).toMatchObject({ subject: 'user-42', raw: good })
      expect(Object.keys(attachTo)).toEqual([])
      response.end()
    })
  })

  test.each(['the request', 'another object'])(
    'works for objects that inherit from %s',
    async (which) => {
      const { gate, guards } = createHarness()
      await serve(async ({ request, response }) => {
        const attachTo: { readonly auth?: unknown } = which === 'the request' ? Object(request) : {}
        const exchange = { request, response, attachTo }
        await nodeGuard(gate)(guards.requireAuthentication(), exchange)
        const inheriting = Object.create(attachTo) as { readonly auth?: unknown }
        expect(inheriting.auth).toMatchObject({ subject: 'user-42' })
        const unrelated = Object.create(null) as { readonly auth?: unknown }
        const copied = Object.getOwnPropertyDescriptor(attachTo, 'auth')!
        Object.defineProperty(unrelated, 'auth', copied)
        expect(() => unrelated.auth).toThrow('No guard ran on this request.')
        response.end()
      })
    },
  )

  test('gets the token of the last gate that ran', async () => {
    const other = createHarness()
    await serve(async ({ request, response }) => {
      const attachTo: { readonly auth?: unknown } = {}
      const harness = createHarness()
      const exchange = { request, response, attachTo }
      await nodeGuard(harness.gate)(harness.guards.requireAuthentication(), exchange)
      await nodeGuard(other.gate)(other.guards.requireScope('x'), exchange)
      expect(() => attachTo.auth).toThrow('This request was refused.')
      response.end()
    })
  })

  test('ignores writes to auth, and warns once with the stack of the writer', async () => {
    const warned = vi.fn<(warning: Error) => void>()
    process.on('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    const { gate, guards } = createHarness()
    const pass = nodeGuard(gate)
    for (const _ of [1, 2]) {
      // oxlint-disable-next-line no-await-in-loop -- one request at a time
      await serve(async ({ request, response }) => {
        const attachTo: { auth?: unknown } = { auth: 'written before' }
        await pass(guards.requireAuthentication(), { request, response, attachTo })
        attachTo.auth = 'written after'
        Object.assign(attachTo, { auth: 'assigned' })
        expect(attachTo.auth).toMatchObject({ subject: 'user-42' })
        response.end()
      })
    }
    await vi.waitFor(() => expect(warned).toHaveBeenCalledTimes(1))
    const { name, message } = warned.mock.calls[0]?.[0] ?? new Error('no warning')
    expect(name).toBe('ResourceServerWarning')
    expect(message).toContain("A write to 'auth' of a request was ignored")
    expect(message).toContain('read the token with api.token().')
    expect(message.split('\n')[1]).toMatch(/^ +at .*node\.test\.ts/)
    expect(message).not.toMatch(/written|assigned/)
  })

  test('is optional', async () => {
    const { gate, guards } = createHarness()
    await serve(async ({ request, response }) => {
      const result = await nodeGuard(gate)(guards.requireAuthentication(), { request, response })
      expect(statusOf(result)).toBe('proceed')
      expect(request).not.toHaveProperty('auth')
      response.end()
    })
  })
})

describe('headers for the response of the handler', () => {
  const guard: Guard = { name: 'stub', admitsAnonymous: false, check: () => undefined }
  /** A gate whose guards return these headers. */
  const gateWith = (result: GuardResult): Gate => {
    const { gate } = createHarness()
    vi.spyOn(gate, 'passOpened').mockReturnValue(result)
    return gate
  }
  const headers = { 'DPoP-Nonce': 'n', 'Access-Control-Expose-Headers': 'DPoP-Nonce' }
  const withHeaders: GuardResult = { action: 'proceed', headers }

  test('replace those that are there, because the gate has added to them', async () => {
    const got = await serve(async ({ request, response }) => {
      response.setHeader('Access-Control-Expose-Headers', 'X-A')
      const result = await nodeGuard(gateWith(withHeaders))(guard, { request, response })
      expect(result).toBe(withHeaders)
      response.end()
    })
    expect(got).toHaveProperty('headers.dpop-nonce', 'n')
    expect(got).toHaveProperty('headers.access-control-expose-headers', 'DPoP-Nonce')
  })

  test('are passed to the host if it keeps the headers itself', async () => {
    const setHeader = vi.fn<(name: string, value: string) => void>()
    const own = { getHeader: () => undefined, setHeader }
    await serve(async ({ request, response }) => {
      await nodeGuard(gateWith(withHeaders))(guard, { request, response, headers: own })
      expect(response.getHeaderNames()).toEqual([])
      response.end()
    })
    expect(setHeader.mock.calls).toEqual(Object.entries(headers))
  })

  test('are computed from those that the response has, or the host keeps', async () => {
    const { gate } = createHarness()
    const seen: unknown[] = []
    vi.spyOn(gate, 'passOpened').mockImplementation((_key, { responseHeader }) => {
      seen.push(responseHeader?.('access-control-expose-headers'))
      return { action: 'proceed' }
    })
    await serve(async ({ request, response }) => {
      response.setHeader('Access-Control-Expose-Headers', 'X-A')
      await nodeGuard(gate)(guard, { request, response })
      const own = { getHeader: () => 'X-B', setHeader: () => {} }
      await nodeGuard(gate)(guard, { request, response, headers: own })
      response.end()
    })
    expect(seen).toEqual(['X-A', 'X-B'])
  })

  test('are left out if the response has already started', async () => {
    const got = await serve(async ({ request, response }) => {
      response.flushHeaders()
      expect(await nodeGuard(gateWith(withHeaders))(guard, { request, response })).toBe(withHeaders)
      response.end()
    })
    expect(got).not.toHaveProperty('headers.dpop-nonce')
  })

  test('are not added for a reply, which has its own', async () => {
    const reply: Reply = { status: 401, headers, body: '' }
    await serve(async ({ request, response }) => {
      await nodeGuard(gateWith({ action: 'reply', reply }))(guard, { request, response })
      expect(response.getHeaderNames()).toEqual([])
      response.end()
    })
  })
})

describe('a reply', () => {
  const reply: Reply = {
    status: 403,
    headers: { 'Content-Type': 'text/plain', 'X-A': 'b' },
    body: 'no',
  }

  test('is sent with its status, headers and body', async () => {
    const got = await serve(async ({ response }) => sendNode(reply, response))
    expect(got).toMatchObject({
      status: 403,
      headers: { 'content-type': 'text/plain', 'x-a': 'b' },
      body: 'no',
    })
  })

  test('after an error has no details, and the error is passed to the operator', async () => {
    const error = new Error('SECRET')
    const warned: unknown[] = []
    const got = await serve(async ({ response }) =>
      sendNodeError({ warnOfError: (thrown) => void warned.push(thrown) }, error, response),
    )
    expect(warned).toEqual([error])
    expect(got).toMatchObject({
      status: 500,
      headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
      body: '{"type":"about:blank","title":"Internal Server Error","status":500}',
    })
  })

  test('aborts a response that has already started', async () => {
    const got = await serve(async ({ response }) => {
      response.write('yes, ')
      sendNode(reply, response)
      expect(response.destroyed).toBe(true)
      expect(response.statusCode).toBe(200)
    })
    expect(got).toBe('aborted')
  })
})
