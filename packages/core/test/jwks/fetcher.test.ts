import { createTestClock } from '@resource-server/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { FetchError, type Fetch } from '../../src/lib/fetch-json.ts'
import { KeySetFetcher } from '../../src/jwks/fetcher.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

// Where the key set is, and what is asked there.

const issuer = 'https://as.example.com'
const wellKnown = `${issuer}/.well-known/openid-configuration`
const place = `${issuer}/jwks`
const body = { keys: [] }
const minutes = 60

interface Desk {
  readonly download: KeySetFetcher
  readonly clock: ReturnType<typeof createTestClock>
  /** What is answered at which address; may be changed. */
  readonly answers: Map<string, () => Response | Promise<Response>>
  /** What was asked since the last look, each with the ETag that went along. */
  readonly asked: () => readonly string[]
}

const metadata =
  (keys = place) =>
  (): Response =>
    Response.json({ issuer, jwks_uri: keys })
const keySet =
  (headers: Record<string, string> = {}) =>
  (): Response =>
    Response.json(body, { headers })

function open(options: { readonly jwksUri?: string } = {}): Desk {
  const clock = createTestClock()
  const answers = new Map<string, () => Response | Promise<Response>>([
    [wellKnown, metadata()],
    [place, keySet()],
  ])
  const asked: string[] = []
  const fetch: Fetch = async (url, { headers }) => {
    const etag = headers['if-none-match']
    asked.push(etag === undefined ? url : `${url} unless ${etag}`)
    return answers.get(url)!()
  }
  const given = { issuer, audience: 'order-service', clock, fetch, ...options }
  const policy = createPolicy(given, 'verifier')
  const download = new KeySetFetcher(policy.issuers.get(issuer)!, policy)
  const look = (): readonly string[] => asked.splice(0)
  return { download, clock, answers, asked: look }
}

test('the metadata says where the key set is, and says it for an hour', async () => {
  const { download, clock, asked } = open()
  expect(await download.get()).toEqual({ body, freshFor: 300_000 })
  expect(asked()).toEqual([wellKnown, place])
  clock.advance(60 * minutes - 0.001)
  await download.get()
  expect(asked()).toEqual([place])
  clock.advance(0.001)
  await download.get()
  expect(asked()).toEqual([wellKnown, place])
})

test('no metadata is asked where the address is given', async () => {
  const { download, asked } = open({ jwksUri: place })
  await download.get()
  expect(asked()).toEqual([place])
})

test('an unchanged set is not sent again, and may have a new freshness', async () => {
  const { download, answers, asked } = open()
  answers.set(place, keySet({ etag: '"1"' }))
  await download.get()
  const headers = { 'cache-control': 'max-age=120' }
  answers.set(place, () => new Response(null, { status: 304, headers }))
  expect(await download.get()).toEqual({ body: undefined, freshFor: 120_000 })
  await download.get()
  expect(asked()).toEqual([wellKnown, place, ...Array<string>(2).fill(`${place} unless "1"`)])
})

test('what was no use is asked for as a whole, and once where it is', async () => {
  const { download, answers, asked } = open()
  answers.set(place, keySet({ etag: '"1"' }))
  await download.get()
  download.distrust()
  await download.get()
  await download.get()
  expect(asked()).toEqual([wellKnown, place, wellKnown, place, `${place} unless "1"`])
})

test('an ETag is of one address', async () => {
  const { download, clock, answers, asked } = open()
  const moved = `${issuer}/moved`
  answers.set(place, keySet({ etag: '"1"' }))
  answers.set(moved, keySet())
  await download.get()
  clock.advance(60 * minutes)
  await download.get()
  clock.advance(60 * minutes)
  answers.set(wellKnown, metadata(moved))
  await download.get()
  expect(asked()).toEqual([
    ...[wellKnown, place],
    ...[wellKnown, `${place} unless "1"`],
    ...[wellKnown, moved],
  ])
})

test('a good address serves on for an hour where the metadata cannot be had', async () => {
  const { download, clock, answers, asked } = open()
  await download.get()
  answers.set(wellKnown, () => new Response(null, { status: 500 }))
  for (const wait of [60 * minutes, 59 * minutes, 1 * minutes]) {
    clock.advance(wait)
    expect(await download.get()).toMatchObject({ body })
  }
  expect(asked()).toEqual([wellKnown, place, wellKnown, place, place, wellKnown, place])
})

test('but not where the metadata is wrong', async () => {
  const { download, answers, asked } = open()
  await download.get()
  answers.set(wellKnown, () => Response.json({ issuer: 'https://other.example' }))
  download.distrust()
  await expect(download.get()).rejects.toBeInstanceOf(ConfigError)
  // Nor is the address taken for a good one after that.
  await expect(download.get()).rejects.toBeInstanceOf(ConfigError)
  expect(asked()).toEqual([wellKnown, place, wellKnown, wellKnown])
})

test('without any address there is none', async () => {
  const { download, answers } = open()
  answers.set(wellKnown, () => new Response(null, { status: 500 }))
  const thrown: unknown = await download.get().catch((error: unknown) => error)
  expect(thrown).toEqual(new FetchError('answered with status 500', 500))
})

test('plain http serves where it is allowed, and all that is fetched can be ended', async () => {
  const [insecure, signals] = ['http://as.internal', new Set<AbortSignal>()]
  const fetch: Fetch = async (url, { signal }) => {
    signals.add(signal)
    return Response.json(
      url.endsWith('/jwks') ? body : { issuer: insecure, jwks_uri: `${insecure}/jwks` },
    )
  }
  const given = { issuer: insecure, audience: 'order-service', allowInsecureHttp: true, fetch }
  const policy = createPolicy(given, 'verifier')
  expect(await new KeySetFetcher(policy.issuers.get(insecure)!, policy).get()).toMatchObject({
    body,
  })
  expect([...signals]).toEqual([expect.any(AbortSignal)])
})

test('who closes ends what is under way, and nothing else is asked', async () => {
  const { download, answers, asked } = open()
  await download.get()
  let fail = (_error: Error): void => {}
  answers.set(wellKnown, () => new Promise((_, reject) => (fail = reject)))
  download.distrust()
  const got = download.get()
  download.close()
  await expect(got).rejects.toThrow('closed')
  fail(new Error('aborted'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(asked()).toEqual([wellKnown, place, wellKnown])
})

test('an answer that came too late leaves no ETag: nobody has read its keys', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { download, answers, asked } = open({ jwksUri: place })
  let release = (_response: Response): void => {}
  answers.set(place, () => new Promise((resolve) => (release = resolve)))
  const late = download.get().catch((error: unknown) => error)
  await vi.advanceTimersByTimeAsync(5000)
  expect(await late).toEqual(new FetchError('no answer within 5000 ms'))
  download.distrust()
  release(keySet({ etag: '"1"' })())
  await new Promise((resolve) => setImmediate(resolve))
  answers.set(place, keySet())
  await download.get()
  expect(asked()).toEqual([place, place])
})
