import { describe, expect, test } from 'vitest'
import { type Fetch, fetchJson, FetchError } from '../../src/lib/fetch-json.ts'

const url = 'https://as.example/jwks'
const { signal } = new AbortController()

/** A fetch that answers this, and what it was asked. */
function answering(answer: () => unknown): { readonly fetch: Fetch; readonly asked: unknown[] } {
  const asked: unknown[] = []
  const fetch = async (...given: unknown[]): Promise<unknown> => {
    asked.push(...given)
    return answer()
  }
  return { fetch: fetch as Fetch, asked }
}

const failureOf = async (answer: () => unknown, etag?: string): Promise<unknown> =>
  fetchJson(answering(answer).fetch, url, { signal, ...(etag !== undefined && { etag }) }).then(
    () => 'none',
    ({ message, status, retryAfter }: FetchError) => ({ message, status, retryAfter }),
  )

const failed = (message: string): object => ({
  message,
  status: undefined,
  retryAfter: undefined,
})

describe('a request', () => {
  const json = (): Response => new Response('{}')
  const init = { method: 'GET', redirect: 'manual', signal }
  const accept = 'application/json, application/jwk-set+json'

  test('asks for JSON, follows nothing and can be aborted', async () => {
    const { fetch, asked } = answering(json)
    await fetchJson(fetch, url, { signal })
    expect(asked).toStrictEqual([url, { ...init, headers: { accept } }])
  })

  test.each([
    ['"one"', { accept, 'if-none-match': '"one"' }],
    ['', { accept }],
    [null, { accept }],
  ])('names what is had already: %j', async (etag, headers) => {
    const { fetch, asked } = answering(json)
    await fetchJson(fetch, url, { signal, etag })
    expect(asked).toStrictEqual([url, { ...init, headers }])
  })
})

describe('an answer', () => {
  test('is read with what it says of itself', async () => {
    const headers = { 'cache-control': 'max-age=60', etag: '"two"' }
    const { fetch } = answering(() => new Response('{"keys":[]}', { headers }))
    expect(await fetchJson(fetch, url, { signal, etag: '"one"' })).toStrictEqual({
      ...{ body: { keys: [] }, cacheControl: 'max-age=60', etag: '"two"' },
    })
  })

  test('that says nothing of itself has no name, whatever was had before', async () => {
    const { fetch } = answering(() => new Response('{}'))
    expect(await fetchJson(fetch, url, { signal, etag: '"one"' })).toStrictEqual({
      ...{ body: {}, cacheControl: null, etag: null },
    })
  })

  test.each([
    ['its name', {}, '"one"'],
    ['another name', { etag: '"two"' }, '"two"'],
  ])('that nothing changed has no body, and %s', async (_what, headers, etag) => {
    const { fetch } = answering(() => new Response(null, { status: 304, headers }))
    expect(await fetchJson(fetch, url, { signal, etag: '"one"' })).toStrictEqual({
      ...{ body: undefined, cacheControl: null, etag },
    })
  })

  test.each([undefined, ''])(
    'that nothing changed is none to who had nothing: %j',
    async (etag) => {
      const answer = (): Response => new Response(null, { status: 304 })
      expect(await failureOf(answer, etag)).toEqual({
        ...failed('answered with status 304'),
        status: 304,
      })
    },
  )

  test('in pieces is put together', async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const piece of ['{"a":', '[1,2', '3]}']) controller.enqueue(Buffer.from(piece))
        controller.close()
      },
    })
    const { fetch } = answering(() => new Response(body))
    expect(await fetchJson(fetch, url, { signal })).toMatchObject({ body: { a: [1, 23] } })
  })
})

describe('of the size', () => {
  const sized = (size: number): string => `{"a":"${'x'.repeat(size - 8)}"}`

  test('256 KiB are read', async () => {
    const { fetch } = answering(() => new Response(sized(262_144)))
    expect(await fetchJson(fetch, url, { signal })).toMatchObject({ etag: null })
  })

  test('more are not, and not to the end', async () => {
    let pulled = 0
    const endless = (): Response =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            pulled += 1
            controller.enqueue(new Uint8Array(65_536))
          },
        }),
      )
    expect(await failureOf(endless)).toEqual(failed('answered with more than 262144 bytes'))
    expect(pulled).toBeLessThan(10)
    expect(await failureOf(() => new Response(sized(262_145)))).toEqual(
      failed('answered with more than 262144 bytes'),
    )
  })
})

describe('a failure', () => {
  test.each([301, 404, 500])('by its status %i says so, and drops the body', async (status) => {
    let dropped = false
    const body = new ReadableStream({ cancel: () => void (dropped = true) })
    const message = `answered with status ${status}`
    expect(await failureOf(() => new Response(body, { status }))).toEqual({
      ...failed(message),
      status,
    })
    expect(dropped).toBe(true)
  })

  const throwing = (value: unknown) => () => {
    throw value
  }
  const cause = new Error('ECONNREFUSED')
  test.each<readonly [string, () => unknown, string]>([
    ['on its way says so', throwing(new TypeError('fetch failed')), 'fetch failed'],
    [
      'with a cause says both',
      throwing(new TypeError('fetch failed', { cause })),
      'fetch failed: ECONNREFUSED',
    ],
    [
      'with an odd cause says the rest',
      throwing(new TypeError('fetch failed', { cause: 'x' })),
      'fetch failed',
    ],
    ['of no kind says that at least', throwing('x'), 'the request failed'],
    ['for lack of a body says so', () => new Response(null), 'not JSON'],
    ['for another body says so', () => new Response('[]'), 'not a JSON object'],
  ])('%s', async (_what, answer, message) => {
    expect(await failureOf(answer)).toEqual(failed(message))
  })

  test('is always of one class', async () => {
    const fault = new FetchError('closed', 503, 1)
    await expect(fetchJson(answering(throwing('x')).fetch, url, { signal })).rejects.toThrow(
      FetchError,
    )
    await expect(fetchJson(answering(throwing(fault)).fetch, url, { signal })).rejects.toBe(fault)
  })

  const date = 'Tue, 24 Nov 2026 12:00:00 GMT'
  test.each([
    ['seconds', { 'retry-after': '120' }, 120],
    ['no time at all', { 'retry-after': '0' }, 0],
    ['nine digits', { 'retry-after': '123456789' }, 123_456_789],
    ['ten digits, which are too many', { 'retry-after': '1234567890', date }, undefined],
    ['digits behind something', { 'retry-after': 'x12' }, undefined],
    ['digits before something', { 'retry-after': '12x' }, undefined],
    ['nothing', { date }, undefined],
    [
      'a date, by the clock of the server',
      { 'retry-after': 'Tue, 24 Nov 2026 12:01:30 GMT', date },
      90,
    ],
    ['a date without that clock', { 'retry-after': 'Tue, 24 Nov 2026 12:01:30 GMT' }, undefined],
    ['a date that is now', { 'retry-after': date, date }, undefined],
    ['a date that is over', { 'retry-after': 'Tue, 24 Nov 2026 11:00:00 GMT', date }, undefined],
  ])('may say when to come back: %s', async (_what, headers, retryAfter) => {
    const answer = (): Response => new Response('', { status: 503, headers })
    expect(await failureOf(answer)).toEqual({
      ...{ message: 'answered with status 503', status: 503, retryAfter },
    })
  })
})
