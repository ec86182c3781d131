import { ConfigError } from '@resource-server/core'
import { describe, expect, test } from 'vitest'
import { HopError, nextHop } from '../src/index.ts'
import { errorOf, type Service, setUp, type Setup, startService } from './support.ts'

async function setUpCall(changes: object = {}): Promise<Setup & { readonly service: Service }> {
  const service = await startService()
  return { service, ...(await setUp({ origin: service.origin, ...changes })) }
}

describe('fetch()', () => {
  test('sends method, headers, and body to the path, and returns the response', async () => {
    const { hop, subject, service } = await setUpCall()
    service.respond = (_request, response) => response.writeHead(201, { 'x-a': 'b' }).end('made')
    const response = await hop.fetch(await subject(), '/stock/7?a=b', {
      method: 'PUT',
      headers: { 'content-type': 'text/plain' },
      body: 'twelve',
    })
    expect([response.status, response.headers.get('x-a'), await response.text()]).toEqual([
      ...[201, 'b', 'made'],
    ])
    expect(service.received).toMatchObject([
      {
        method: 'PUT',
        url: '/stock/7?a=b',
        body: 'twelve',
        headers: { 'content-type': 'text/plain' },
      },
    ])
  })

  test('accepts a URL of the origin', async () => {
    const { hop, subject, service } = await setUpCall()
    await hop.fetch(await subject(), new URL('/a', service.origin))
    expect(service.received).toMatchObject([{ url: '/a' }])
  })

  test('is a ConfigError without an origin', async () => {
    const { hop, subject, exchanges } = await setUp()
    await expect(hop.fetch(await subject(), '/')).rejects.toThrow(ConfigError)
    expect(exchanges()).toBe(0)
  })

  test('throws a HopError with status 503 if the service is down', async () => {
    const { hop, subject } = await setUp({ origin: 'http://127.0.0.1:1' })
    expect(await errorOf(hop.fetch(await subject(), '/'))).toMatchObject({
      status: 503,
      code: 'service_unavailable',
      reason: expect.stringContaining('the call to the next service failed'),
    })
  })

  test('gives up after the timeout, and keeps the token', async () => {
    const { hop, subject, service, exchanges } = await setUpCall({ timeout: 0.05 })
    service.respond = () => {}
    const caller = await subject()
    expect(await errorOf(hop.fetch(caller, '/'))).toMatchObject({
      status: 503,
      reason: expect.stringContaining('no response within 50 ms'),
    })
    await errorOf(hop.fetch(caller, '/'))
    expect(exchanges()).toBe(1)
  })

  test('leaves the time to the fetch of the user with timeout: false', async () => {
    const signals: unknown[] = []
    const { hop, subject, service } = await setUpCall({
      timeout: false,
      fetch: (url: string, init: RequestInit) => {
        if (url.startsWith(service.origin)) signals.push(init.signal)
        return fetch(url, init)
      },
    })
    const { signal } = new AbortController()
    const caller = await subject()
    await hop.fetch(caller, '/')
    await hop.fetch(caller, '/', { signal })
    expect(signals).toEqual([undefined, signal])
  })

  test('does not limit how long the body takes', async () => {
    const { hop, subject, service } = await setUpCall({ timeout: 0.05 })
    let finish = (): void => {}
    service.respond = (_request, response) => {
      response.write('a')
      finish = () => void response.end('b')
    }
    const response = await hop.fetch(await subject(), '/')
    await new Promise((resolve) => setTimeout(resolve, 100))
    finish()
    expect(await response.text()).toBe('ab')
  })

  test('rejects with the reason of the signal of the handler', async () => {
    const { hop, subject, service } = await setUpCall()
    const controller = new AbortController()
    const reason = new Error('the client disconnected')
    service.respond = () => controller.abort(reason)
    const { signal } = controller
    await expect(hop.fetch(await subject(), '/', { signal })).rejects.toBe(reason)
    await expect(hop.fetch(await subject(), '/', { signal })).rejects.toBe(reason)
  })

  test('leaves an error about its arguments as it is', async () => {
    const { hop, subject } = await setUpCall()
    const call = hop.fetch(await subject(), '/', { method: 'GET', body: 'x' })
    await expect(call).rejects.toThrow(TypeError)
  })
})

describe('a redirect', () => {
  const redirecting = async (to: (service: Service) => string, status = 307) => {
    const set = await setUpCall()
    set.service.respond = ({ url }, response) => {
      if (url === '/start') response.writeHead(status, { location: to(set.service) }).end()
      else response.end('arrived')
    }
    return set
  }

  test.each(['/end', './end', 'end?x'])('to %s is followed with the token', async (location) => {
    const { hop, subject, service } = await redirecting(() => location)
    const response = await hop.fetch(await subject(), '/start', { method: 'PUT', body: 'x' })
    expect(await response.text()).toBe('arrived')
    expect(service.received.at(1)).toMatchObject({ method: 'PUT', body: 'x' })
    const tokens = service.received.map(({ headers }) => headers.authorization)
    expect(tokens.at(1)).toBe(tokens.at(0))
  })

  test('to another origin is an error, and nothing is sent there', async () => {
    const other = await startService()
    const { hop, subject } = await redirecting(() => `${other.origin}/end?code=secret`)
    const error = await errorOf(hop.fetch(await subject(), '/start', { method: 'POST', body: 'x' }))
    expect(error).toMatchObject({ status: 502, code: 'service_redirected' })
    expect(error.reason).toContain(`"${other.origin}/end", which is another origin`)
    expect(error.reason).not.toContain('secret')
    expect(other.received).toEqual([])
  })

  test.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [303, 'HEAD', 'HEAD'],
    [307, 'POST', 'POST'],
    [308, 'POST', 'POST'],
    [301, 'PUT', 'PUT'],
  ])('with status %i after %s is followed with %s', async (status, method, next) => {
    const { hop, subject, service } = await redirecting(() => '/end', status)
    const body = method === 'HEAD' ? {} : { body: 'x', headers: { 'content-type': 'text/x' } }
    await hop.fetch(await subject(), '/start', { method, ...body })
    expect(service.received.at(1)!.method).toBe(next)
    const keepsBody = next !== 'GET' && method !== 'HEAD'
    expect(service.received.at(1)!.body).toBe(keepsBody ? 'x' : '')
    expect(service.received.at(1)!.headers['content-type']).toBe(keepsBody ? 'text/x' : undefined)
  })

  test('in a circle ends after five', async () => {
    const { hop, subject, service } = await redirecting(() => '/start')
    expect(await errorOf(hop.fetch(await subject(), '/start'))).toMatchObject({ status: 502 })
    expect(service.received).toHaveLength(6)
  })

  test('that needs a stream again is an error', async () => {
    const { hop, subject } = await redirecting(() => '/end')
    const init = { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' } as RequestInit
    expect(await errorOf(hop.fetch(await subject(), '/start', init))).toMatchObject({
      status: 502,
      reason: expect.stringContaining('cannot be sent again'),
    })
  })

  test('is returned with redirect: manual, and an error with redirect: error', async () => {
    const { hop, subject, service } = await redirecting(() => '/end')
    const caller = await subject()
    expect(await hop.fetch(caller, '/start', { redirect: 'manual' })).toMatchObject({ status: 307 })
    const error = await errorOf(hop.fetch(caller, '/start', { redirect: 'error' }))
    expect(error).toMatchObject({ status: 502 })
    expect(service.received).toHaveLength(2)
  })
})

describe('a 401 of the next service', () => {
  const refuseFirst = (service: Service): void => {
    let isFirst = true
    service.respond = ({ body }, response) => {
      response.writeHead(isFirst ? 401 : 200).end(body)
      isFirst = false
    }
  }

  test.each<[string, () => NonNullable<RequestInit['body']>]>([
    ['a string', () => 'x=1'],
    ['form parameters', () => new URLSearchParams({ x: '1' })],
    ['bytes', () => new TextEncoder().encode('x=1')],
    ['a buffer', () => new TextEncoder().encode('x=1').buffer],
    ['a blob', () => new Blob(['x=1'])],
  ])('leads to one new exchange and one more request with %s', async (_what, body) => {
    const { hop, subject, service, exchanges } = await setUpCall()
    refuseFirst(service)
    const response = await hop.fetch(await subject(), '/', { method: 'POST', body: body() })
    expect([response.status, await response.text()]).toEqual([200, 'x=1'])
    expect([exchanges(), service.received.length]).toEqual([2, 2])
    const [first, second] = service.received.map(({ headers }) => headers.authorization)
    expect(first).not.toBe(second)
  })

  test('is returned if the body was a stream', async () => {
    const { hop, subject, service, exchanges } = await setUpCall()
    refuseFirst(service)
    const init = { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' } as RequestInit
    expect(await hop.fetch(await subject(), '/', init)).toMatchObject({ status: 401 })
    expect([exchanges(), service.received.length]).toEqual([1, 1])
  })

  test('of many calls at once leads to one new exchange', async () => {
    const { hop, subject, service, exchanges } = await setUpCall()
    const caller = await subject()
    const { value } = await hop.token(caller)
    service.respond = ({ headers }, response) =>
      response.writeHead(headers.authorization === `Bearer ${value}` ? 401 : 200).end()
    const calls = await Promise.all(Array.from({ length: 20 }, () => hop.fetch(caller, '/')))
    expect(calls.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(exchanges()).toBe(2)
  })
})

test('relay releases the connection of a response that it does not return', async () => {
  const { hop } = await setUp()
  let isCanceled = false
  const body = new ReadableStream({ cancel: () => void (isCanceled = true) })
  expect(() => hop.relay(new Response(body, { status: 503 }))).toThrow(HopError)
  expect(isCanceled).toBe(true)
})

test('hops with the same options do not share tokens in memory', async () => {
  const { hop, options, subject, exchanges } = await setUp()
  const caller = await subject()
  await hop.token(caller)
  await nextHop(options).token(caller)
  expect(exchanges()).toBe(2)
})
