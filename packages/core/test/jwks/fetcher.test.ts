import { createTestClock } from '@resource-server/testing'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { FetchError, type Fetch } from '../../src/lib/fetch-json.ts'
import { KeySetFetcher } from '../../src/jwks/fetcher.ts'
import { errorFrom } from '../../src/jwks/fetch-failure.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

// Which URLs are requested, with which ETag, and what an error says.

const issuer = 'https://as.example.com'
const wellKnown = `${issuer}/.well-known/openid-configuration`
const jwksUri = `${issuer}/jwks`
const body = { keys: [] }
const minutes = 60

interface Harness {
  readonly fetcher: KeySetFetcher
  readonly clock: ReturnType<typeof createTestClock>
  /** The response for each URL. Can be changed. */
  readonly responses: Map<string, () => Response | Promise<Response>>
  /** The requests since the last call: each URL, with its ETag if there was one. */
  readonly takeRequests: () => readonly string[]
}

const metadata =
  (uri = jwksUri) =>
  (): Response =>
    Response.json({ issuer, jwks_uri: uri })
const jwks =
  (headers: Record<string, string> = {}) =>
  (): Response =>
    Response.json(body, { headers })

function createFetcher(options: { readonly jwksUri?: string } = {}): Harness {
  const clock = createTestClock()
  const responses = new Map<string, () => Response | Promise<Response>>([
    [wellKnown, metadata()],
    [jwksUri, jwks()],
  ])
  const requests: string[] = []
  const fetch: Fetch = async (url, { headers }) => {
    const etag = headers['if-none-match']
    requests.push(etag === undefined ? url : `${url} unless ${etag}`)
    return responses.get(url)!()
  }
  const verifierOptions = { issuer, audience: 'order-service', clock, fetch, ...options }
  const policy = createPolicy(verifierOptions, 'verifier')
  const fetcher = new KeySetFetcher(policy.issuers.get(issuer)!, policy)
  const takeRequests = (): readonly string[] => requests.splice(0)
  return { fetcher, clock, responses, takeRequests }
}

// The URL is used for 45 to 60 minutes.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(1))
afterEach(() => void vi.restoreAllMocks())

test('the URL from the metadata is used for an hour', async () => {
  const { fetcher, clock, takeRequests } = createFetcher()
  expect(await fetcher.fetch()).toEqual({ url: jwksUri, body, lifetime: 300_000 })
  expect(takeRequests()).toEqual([wellKnown, jwksUri])
  clock.advance(60 * minutes - 0.001)
  await fetcher.fetch()
  expect(takeRequests()).toEqual([jwksUri])
  clock.advance(0.001)
  await fetcher.fetch()
  expect(takeRequests()).toEqual([jwksUri, wellKnown])
})

test('the URL from the metadata is used for at least 45 minutes, at random', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
  const { fetcher, clock, takeRequests } = createFetcher()
  await fetcher.fetch()
  takeRequests()
  clock.advance(45 * minutes - 0.001)
  await fetcher.fetch()
  expect(takeRequests()).toEqual([jwksUri])
  clock.advance(0.001)
  await fetcher.fetch()
  expect(takeRequests()).toEqual([jwksUri, wellKnown])
})

test('with the option jwksUri, no metadata is requested', async () => {
  const { fetcher, takeRequests } = createFetcher({ jwksUri })
  await fetcher.fetch()
  expect(takeRequests()).toEqual([jwksUri])
})

test('the ETag is sent back, and a 304 response can change the lifetime', async () => {
  const { fetcher, responses, takeRequests } = createFetcher()
  responses.set(jwksUri, jwks({ etag: '"1"' }))
  await fetcher.fetch()
  const headers = { 'cache-control': 'max-age=120' }
  responses.set(jwksUri, () => new Response(null, { status: 304, headers }))
  expect(await fetcher.fetch()).toEqual({
    url: jwksUri,
    body: undefined,
    lifetime: 120_000,
  })
  await fetcher.fetch()
  expect(takeRequests()).toEqual([
    wellKnown,
    jwksUri,
    ...Array<string>(2).fill(`${jwksUri} unless "1"`),
  ])
})

test('after reset(), the metadata is requested again, and the key set once without ETag', async () => {
  const { fetcher, responses, takeRequests } = createFetcher()
  responses.set(jwksUri, jwks({ etag: '"1"' }))
  await fetcher.fetch()
  fetcher.reset()
  await fetcher.fetch()
  await fetcher.fetch()
  expect(takeRequests()).toEqual([wellKnown, jwksUri, wellKnown, jwksUri, `${jwksUri} unless "1"`])
})

test('an ETag is not sent to another URL', async () => {
  const { fetcher, clock, responses, takeRequests } = createFetcher()
  const moved = `${issuer}/moved`
  responses.set(jwksUri, jwks({ etag: '"1"' }))
  responses.set(moved, jwks())
  await fetcher.fetch()
  clock.advance(60 * minutes)
  await fetcher.fetch()
  clock.advance(60 * minutes)
  responses.set(wellKnown, metadata(moved))
  await fetcher.fetch()
  expect(takeRequests()).toEqual([
    wellKnown,
    jwksUri,
    `${jwksUri} unless "1"`,
    wellKnown,
    `${jwksUri} unless "1"`,
    wellKnown,
    moved,
  ])
})

test('the known URL is used for another hour if the metadata cannot be fetched', async () => {
  const { fetcher, clock, responses, takeRequests } = createFetcher()
  await fetcher.fetch()
  responses.set(wellKnown, () => new Response(null, { status: 500 }))
  for (const wait of [60 * minutes, 59 * minutes, 1 * minutes]) {
    clock.advance(wait)
    expect(await fetcher.fetch()).toMatchObject({ body })
  }
  expect(takeRequests()).toEqual([
    wellKnown,
    jwksUri,
    jwksUri,
    wellKnown,
    jwksUri,
    jwksUri,
    wellKnown,
  ])
})

test('the known URL is no longer used if the metadata turns out to be wrong after an hour', async () => {
  const { fetcher, clock, responses, takeRequests } = createFetcher()
  await fetcher.fetch()
  clock.advance(60 * minutes)
  responses.set(wellKnown, () => Response.json({ issuer: 'https://other.example' }))
  await expect(fetcher.fetch()).rejects.toBeInstanceOf(ConfigError)
  await expect(fetcher.fetch()).rejects.toBeInstanceOf(ConfigError)
  expect(takeRequests()).toEqual([wellKnown, jwksUri, jwksUri, wellKnown, wellKnown])
})

test('the known URL is not used if the metadata is wrong', async () => {
  const { fetcher, responses, takeRequests } = createFetcher()
  await fetcher.fetch()
  responses.set(wellKnown, () => Response.json({ issuer: 'https://other.example' }))
  fetcher.reset()
  await expect(fetcher.fetch()).rejects.toBeInstanceOf(ConfigError)
  // The second attempt does not use it either.
  await expect(fetcher.fetch()).rejects.toBeInstanceOf(ConfigError)
  expect(takeRequests()).toEqual([wellKnown, jwksUri, wellKnown, wellKnown])
})

test('the first fetch fails if the metadata cannot be fetched', async () => {
  const { fetcher, responses } = createFetcher()
  responses.set(wellKnown, () => new Response(null, { status: 500 }))
  const thrown: unknown = await fetcher.fetch().catch((error: unknown) => error)
  expect(thrown).toEqual(new FetchError(`GET ${wellKnown}: answered with status 500`, 500))
})

describe('if the key set cannot be fetched from the discovered URL', () => {
  const status = (code: number, headers: Record<string, string> = {}) => {
    return (): Response => new Response(null, { status: code, headers })
  }

  async function startFailing(failure: () => Response | Promise<Response>): Promise<Harness> {
    const harness = createFetcher()
    await harness.fetcher.fetch()
    harness.responses.set(jwksUri, failure)
    harness.responses.set(wellKnown, failure)
    harness.takeRequests()
    return harness
  }

  const failed = async ({ fetcher, takeRequests }: Harness): Promise<readonly string[]> => {
    await expect(fetcher.fetch()).rejects.toBeInstanceOf(FetchError)
    return takeRequests()
  }

  test.each<[string, () => Response | Promise<Response>]>([
    ['429', status(429)],
    ['408', status(408)],
    ['500', status(500)],
    ['503', status(503)],
    ['a connection error', () => Promise.reject(new Error('refused'))],
    ['a response that is not JSON', () => new Response('<h1>Back soon</h1>')],
  ])('because of %s, each attempt is one request', async (_what, failure) => {
    const harness = await startFailing(failure)
    for (let at = 0; at < 5; at += 1) expect(await failed(harness)).toEqual([jwksUri])
  })

  test('for 10 minutes, an attempt fetches the metadata, and the next one the key set again', async () => {
    const harness = await startFailing(status(503))
    expect(await failed(harness)).toEqual([jwksUri])
    harness.clock.advance(10 * minutes - 0.001)
    expect(await failed(harness)).toEqual([jwksUri])
    harness.clock.advance(0.001)
    expect(await failed(harness)).toEqual([wellKnown])
    expect(await failed(harness)).toEqual([jwksUri])
    harness.clock.advance(10 * minutes)
    expect(await failed(harness)).toEqual([wellKnown])
  })

  test('because the key set moved, it is found after 10 minutes', async () => {
    const harness = await startFailing(() => Promise.reject(new Error('no such host')))
    const moved = `${issuer}/moved`
    harness.responses.set(wellKnown, metadata(moved))
    harness.responses.set(moved, jwks())
    expect(await failed(harness)).toEqual([jwksUri])
    harness.clock.advance(10 * minutes)
    expect(await harness.fetcher.fetch()).toMatchObject({ url: moved })
  })

  test.each([301, 401, 403, 404, 410])(
    'because of status %i, the next attempt fetches the metadata',
    async (code) => {
      const harness = await startFailing(status(code))
      harness.responses.set(wellKnown, metadata())
      expect(await failed(harness)).toEqual([jwksUri])
      expect(await failed(harness)).toEqual([wellKnown, jwksUri])
    },
  )

  test('the ETag is kept during an outage', async () => {
    const { fetcher, responses, takeRequests } = createFetcher()
    responses.set(jwksUri, jwks({ etag: '"1"' }))
    await fetcher.fetch()
    responses.set(jwksUri, status(503))
    await fetcher.fetch().catch(() => {})
    takeRequests()
    responses.set(jwksUri, status(304))
    expect(await fetcher.fetch()).toMatchObject({ body: undefined })
    expect(takeRequests()).toEqual([`${jwksUri} unless "1"`])
  })
})

test('metadata that hangs at the hourly check delays only one fetch', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { fetcher, clock, responses, takeRequests } = createFetcher()
  await fetcher.fetch()
  clock.advance(60 * minutes)
  let fail = (_error: Error): void => {}
  responses.set(wellKnown, () => new Promise((_, reject) => (fail = reject)))
  const late = fetcher.fetch().catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(5000)
  expect(await late).toBeInstanceOf(FetchError)
  fail(new Error('aborted'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(await fetcher.fetch()).toMatchObject({ body })
  expect(takeRequests()).toEqual([wellKnown, jwksUri, jwksUri, wellKnown, jwksUri])
})

test('allowInsecureHttp allows plain http, and all requests share one abort signal', async () => {
  const insecure = 'http://as.internal'
  const signals = new Set<AbortSignal>()
  const fetch: Fetch = async (url, { signal }) => {
    signals.add(signal)
    return Response.json(
      url.endsWith('/jwks') ? body : { issuer: insecure, jwks_uri: `${insecure}/jwks` },
    )
  }
  const verifierOptions = {
    issuer: insecure,
    audience: 'order-service',
    allowInsecureHttp: true,
    fetch,
  }
  const policy = createPolicy(verifierOptions, 'verifier')
  expect(await new KeySetFetcher(policy.issuers.get(insecure)!, policy).fetch()).toMatchObject({
    body,
  })
  expect([...signals]).toEqual([expect.any(AbortSignal)])
})

test('close() rejects the fetch in flight, and no other request follows', async () => {
  const { fetcher, responses, takeRequests } = createFetcher()
  await fetcher.fetch()
  let fail = (_error: Error): void => {}
  responses.set(wellKnown, () => new Promise((_, reject) => (fail = reject)))
  fetcher.reset()
  const fetched = fetcher.fetch()
  fetcher.close()
  await expect(fetched).rejects.toThrow(`GET ${wellKnown}: closed`)
  fail(new Error('aborted'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(takeRequests()).toEqual([wellKnown, jwksUri, wellKnown])
})

test('after close(), a fetch is aborted from the start', async () => {
  const { fetcher } = createFetcher({ jwksUri })
  fetcher.close()
  await expect(fetcher.fetch()).rejects.toThrow(`GET ${jwksUri}: closed`)
})

test('close() aborts only fetches in flight', async () => {
  const { fetcher } = createFetcher()
  await fetcher.fetch()
  const abort = vi.spyOn(AbortController.prototype, 'abort')
  fetcher.close()
  expect(abort).not.toHaveBeenCalled()
})

test.each([
  ['metadata', {}, "keep 'issuer' as it is in the tokens"],
  ['a key set', { jwksUri }, "Set 'jwksUri' to a URL of the key set that this service can reach"],
])('if %s is not received in time, the advice is about that', async (_what, options, advice) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { fetcher, responses } = createFetcher(options)
  for (const url of [wellKnown, jwksUri]) responses.set(url, () => new Promise(() => {}))
  const late = fetcher.fetch().catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(5000)
  expect(await late).toHaveProperty('advice', expect.stringContaining(advice))
})

test('the ETag of a response after the deadline is not used', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { fetcher, responses, takeRequests } = createFetcher({ jwksUri })
  let release = (_response: Response): void => {}
  responses.set(jwksUri, () => new Promise((resolve) => (release = resolve)))
  const late = fetcher.fetch().catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(5000)
  expect(await late).toHaveProperty('message', `GET ${jwksUri}: no answer within 5000 ms`)
  fetcher.reset()
  release(jwks({ etag: '"1"' })())
  await new Promise((resolve) => setImmediate(resolve))
  responses.set(jwksUri, jwks())
  await fetcher.fetch()
  expect(takeRequests()).toEqual([jwksUri, jwksUri])
})

test('an error names the URL without its query, and keeps status and Retry-After', async () => {
  const secretUri = `${jwksUri}?token=secret`
  const { fetcher, responses } = createFetcher({ jwksUri: secretUri })
  const headers = { 'retry-after': '40' }
  responses.set(secretUri, () => new Response(null, { status: 503, headers }))
  const thrown: unknown = await fetcher.fetch().catch((error: unknown) => error)
  expect(thrown).toEqual(new FetchError(`GET ${jwksUri}: answered with status 503`, 503, 40))
})

test('an error contains at most 256 characters of the URL', () => {
  const url = `${issuer}/${'x'.repeat(300)}`
  expect(errorFrom(url, 'gone').message).toBe(`GET ${url.slice(0, 256)}: gone`)
})
