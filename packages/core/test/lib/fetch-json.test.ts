import { describe, expect, test } from 'vitest'
import { type Fetch, fetchJson, FetchError, readJson } from '../../src/lib/fetch-json.ts'

const url = 'https://as.example/jwks'
const { signal } = new AbortController()

/** A fetch with a fixed answer, and the arguments of its calls. */
function answering(answer: () => unknown): { readonly fetch: Fetch; readonly asked: unknown[] } {
  const asked: unknown[] = []
  const fetch = async (...args: unknown[]): Promise<unknown> => {
    asked.push(...args)
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

describe('fetchJson: the request', () => {
  const json = (): Response => new Response('{}')
  const init = { method: 'GET', redirect: 'manual', signal }
  const accept = 'application/json, application/jwk-set+json'

  test('accepts JSON, does not follow redirects, and can be aborted', async () => {
    const { fetch, asked } = answering(json)
    await fetchJson(fetch, url, { signal })
    expect(asked).toStrictEqual([url, { ...init, headers: { accept } }])
  })

  test.each([
    ['"one"', { accept, 'if-none-match': '"one"' }],
    ['', { accept }],
    [null, { accept }],
  ])(
    'sends the ETag %j of the previous response as If-None-Match, unless it is empty',
    async (etag, headers) => {
      const { fetch, asked } = answering(json)
      await fetchJson(fetch, url, { signal, etag })
      expect(asked).toStrictEqual([url, { ...init, headers }])
    },
  )
})

describe('fetchJson: the response', () => {
  test('is returned with its Cache-Control and ETag', async () => {
    const headers = { 'cache-control': 'max-age=60', etag: '"two"' }
    const { fetch } = answering(() => new Response('{"keys":[]}', { headers }))
    expect(await fetchJson(fetch, url, { signal, etag: '"one"' })).toStrictEqual({
      body: { keys: [] },
      cacheControl: 'max-age=60',
      etag: '"two"',
      date: undefined,
    })
  })

  test.each<[string, Record<string, string>, number | undefined]>([
    ['is returned', { date: 'Thu, 01 Jan 2026 00:00:00 GMT' }, Date.UTC(2026, 0, 1)],
    [
      'of a cached response is ignored',
      { date: 'Thu, 01 Jan 2026 00:00:00 GMT', age: '7' },
      undefined,
    ],
    ['that is malformed is ignored', { date: 'yesterday' }, undefined],
  ])('its Date %s', async (_what, headers, date) => {
    const { fetch } = answering(() => new Response('{}', { headers }))
    expect(await fetchJson(fetch, url, { signal })).toMatchObject({ date })
  })

  test('without an ETag has none, even if the previous response had one', async () => {
    const { fetch } = answering(() => new Response('{}'))
    expect(await fetchJson(fetch, url, { signal, etag: '"one"' })).toStrictEqual({
      body: {},
      cacheControl: null,
      etag: null,
      date: undefined,
    })
  })

  test.each([
    ['keeps the previous ETag', {}, '"one"'],
    ['takes a new ETag', { etag: '"two"' }, '"two"'],
  ])('with status 304 has no body and %s', async (_what, headers, etag) => {
    const { fetch } = answering(() => new Response(null, { status: 304, headers }))
    expect(await fetchJson(fetch, url, { signal, etag: '"one"' })).toStrictEqual({
      body: undefined,
      cacheControl: null,
      etag,
      date: undefined,
    })
  })

  test.each([undefined, ''])(
    'with status 304 is an error if the request had the ETag %j',
    async (etag) => {
      const answer = (): Response => new Response(null, { status: 304 })
      expect(await failureOf(answer, etag)).toEqual({
        ...failed('answered with status 304'),
        status: 304,
      })
    },
  )

  test('is assembled from several chunks', async () => {
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

describe('fetchJson: the size of the body', () => {
  const sized = (size: number): string => `{"a":"${'x'.repeat(size - 8)}"}`

  test('may be 256 KiB', async () => {
    const { fetch } = answering(() => new Response(sized(262_144)))
    expect(await fetchJson(fetch, url, { signal })).toMatchObject({ etag: null })
  })

  test('is an error above 256 KiB, and the rest is not read', async () => {
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
    const tooLarge = { ...failed('answered with more than 262144 bytes'), status: 200 }
    expect(await failureOf(endless)).toEqual(tooLarge)
    expect(pulled).toBeLessThan(10)
    expect(await failureOf(() => new Response(sized(262_145)))).toEqual(tooLarge)
  })
})

describe('fetchJson: a body that is not needed', () => {
  const cancels: readonly (readonly [what: string, cancel: () => unknown])[] = [
    ['never settles', () => new Promise(() => {})],
    ['rejects', () => Promise.reject(new Error('no'))],
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['returns nothing', () => undefined],
  ]
  const tooLarge = 'answered with more than 262144 bytes'

  test.each(cancels)(
    'of an error is dropped without waiting, even if cancel() %s',
    async (...row) => {
      const [, cancel] = row
      const response = { status: 404, headers: new Headers(), body: { cancel } }
      const notFound = { ...failed('answered with status 404'), status: 404 }
      expect(await failureOf(() => response)).toEqual(notFound)
    },
  )

  test.each(cancels)(
    'above 256 KiB is dropped without waiting, even if cancel() %s',
    async (...row) => {
      const [, cancel] = row
      const pull = (controller: ReadableStreamDefaultController): void =>
        controller.enqueue(new Uint8Array(300_000))
      const body = new ReadableStream({ pull, cancel: cancel as () => PromiseLike<void> })
      expect(await failureOf(() => new Response(body))).toEqual({
        ...failed(tooLarge),
        status: 200,
      })
    },
  )

  test.each([
    ['of an error', 404, 10],
    ['above 256 KiB', 200, 300_000],
  ])('%s is canceled, which releases the connection', async (_what, status, size) => {
    const canceled = new Promise<void>((resolve) => {
      const body = new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(size)),
        cancel: () => resolve(),
      })
      void failureOf(() => new Response(body, { status }))
    })
    await expect(canceled).resolves.toBeUndefined()
  })

  test('is dropped without waiting if it was cloned and the clone is not read', async () => {
    const withClone = (response: Response): Response => {
      response.clone()
      return response
    }
    const page = 'x'.repeat(300_000)
    const notFound = { ...failed('answered with status 404'), status: 404 }
    expect(await failureOf(() => withClone(new Response(page, { status: 404 })))).toEqual(notFound)
    expect(await failureOf(() => withClone(new Response(page)))).toEqual({
      ...failed(tooLarge),
      status: 200,
    })
  })
})

describe('fetchJson: an error', () => {
  test.each([300, 404, 500])('names the status %i, and cancels the body', async (status) => {
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
  const coded = (code: string, message = 'failed'): Error =>
    Object.assign(new Error(message), { code })
  test.each<readonly [string, () => unknown, string]>([
    [
      'has the message of the failed fetch',
      throwing(new TypeError('fetch failed')),
      'fetch failed',
    ],
    [
      'includes the cause',
      throwing(new TypeError('fetch failed', { cause })),
      'fetch failed: ECONNREFUSED',
    ],
    [
      'ignores a cause that is not an error',
      throwing(new TypeError('fetch failed', { cause: 'x' })),
      'fetch failed',
    ],
    ['has a general message for a thrown string', throwing('x'), 'the request failed'],
    [
      'names the code of a cause without a message',
      throwing(new TypeError('fetch failed', { cause: coded('ECONNREFUSED', '') })),
      'fetch failed: ECONNREFUSED',
    ],
    [
      'escapes the message, and cuts it to 256 characters',
      throwing(new Error(`\u001b[2J${'x'.repeat(300)}`)),
      String.raw`\u001b[2J` + 'x'.repeat(247),
    ],
    [
      'does not cut an escape of the message in half',
      throwing(new Error(`${'x'.repeat(251)}\n`)),
      'x'.repeat(251),
    ],
  ])('%s', async (_what, answer, message) => {
    expect(await failureOf(answer)).toEqual(failed(message))
  })

  test.each<readonly [what: string, thrown: unknown, code: string | undefined]>([
    ['of the cause', new TypeError('failed', { cause: coded('ENOTFOUND') }), 'ENOTFOUND'],
    ['of the error itself', coded('ECONNRESET'), 'ECONNRESET'],
    ['of neither', new TypeError('failed', { cause: 'x' }), undefined],
    ['that is not a string', coded(7 as never), undefined],
    ['of a value that is not an error', { code: 'X' }, undefined],
  ])('has the code %s', async (_what, thrown, code) => {
    const error: unknown = await fetchJson(answering(throwing(thrown)).fetch, url, {
      signal,
    }).catch((caught: unknown) => caught)
    expect(error).toHaveProperty('code', code)
  })

  const html = { headers: { 'content-type': 'text/html\t;charset="x"' } }
  test.each<readonly [string, () => Response, string]>([
    ['an empty body is not JSON', () => new Response(null), 'not JSON'],
    [
      'a list is not a JSON object',
      () => new Response('[]', { headers: { 'content-type': 'application/json' } }),
      '"application/json", not a JSON object',
    ],
    [
      'a page is not JSON',
      () => new Response('<html>', html),
      String.raw`"text/html\u0009;charset=\"x\"", not JSON`,
    ],
  ])('says that %s, with status 200', async (_what, answer, problem) => {
    expect(await failureOf(answer)).toEqual({
      ...failed(`answered with status 200 and an unusable body (${problem})`),
      status: 200,
    })
  })

  test.each([
    [undefined, ''],
    ['/login?secret=1', ' to "/login"'],
    ['https://as.example.com/a"', String.raw` to "https://as.example.com/a\""`],
  ])('says that a redirect to %s is not followed', async (location, shown) => {
    const headers = location === undefined ? {} : { location }
    for (const status of [301, 302, 303, 307, 308]) {
      expect(await failureOf(() => new Response(null, { status, headers }))).toEqual({
        ...failed(`answered with status ${status} (a redirect${shown}, which is not followed)`),
        status,
      })
    }
  })

  test('is always a FetchError', async () => {
    const fault = new FetchError('closed', 503, 1)
    await expect(fetchJson(answering(throwing('x')).fetch, url, { signal })).rejects.toThrow(
      FetchError,
    )
    await expect(fetchJson(answering(throwing(fault)).fetch, url, { signal })).rejects.toBe(fault)
  })

  const date = 'Tue, 24 Nov 2026 12:00:00 GMT'
  test.each([
    ['seconds', { 'retry-after': '120' }, 120],
    ['zero seconds', { 'retry-after': '0' }, 0],
    ['nine digits', { 'retry-after': '123456789' }, 123_456_789],
    ['ten digits', { 'retry-after': '1234567890' }, 1_234_567_890],
    ['16 digits, which is too long', { 'retry-after': '1234567890123456', date }, undefined],
    ['a letter before the digits', { 'retry-after': 'x12' }, undefined],
    ['a letter after the digits', { 'retry-after': '12x' }, undefined],
    ['no Retry-After', { date }, undefined],
    [
      'a date, compared with the Date header',
      { 'retry-after': 'Tue, 24 Nov 2026 12:01:30 GMT', date },
      90,
    ],
    ['a date without a Date header', { 'retry-after': 'Tue, 24 Nov 2026 12:01:30 GMT' }, undefined],
    ['the date of the response', { 'retry-after': date, date }, undefined],
    ['a date in the past', { 'retry-after': 'Tue, 24 Nov 2026 11:00:00 GMT', date }, undefined],
  ])('reads Retry-After: %s', async (_what, headers, retryAfter) => {
    const answer = (): Response => new Response('', { status: 503, headers })
    expect(await failureOf(answer)).toEqual({
      message: 'answered with status 503',
      status: 503,
      retryAfter,
    })
  })
})

describe('readJson', () => {
  test('reads the body of a response with any status', async () => {
    const response = new Response('{"error":"invalid_grant"}', { status: 400 })
    expect(await readJson(response, 64)).toEqual({ error: 'invalid_grant' })
  })

  test.each([
    ['a body above the limit', '{"a":"0123456789"}', 'answered with more than 16 bytes'],
    [
      'a repeated member',
      '{"a":1,"a":2}',
      'answered with status 503 and an unusable body ("text/plain;charset=UTF-8", duplicate member "a")',
    ],
  ])('refuses %s, with the status and Retry-After', async (_what, body, message) => {
    const response = new Response(body, { status: 503, headers: { 'retry-after': '7' } })
    await expect(readJson(response, 16)).rejects.toMatchObject({ message, status: 503 })
  })
})
