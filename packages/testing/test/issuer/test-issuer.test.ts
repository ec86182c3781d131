import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  createTestIssuer,
  type OutageMode,
  type TestIssuer,
  type TestIssuerOptions,
} from '../../src/index.ts'
import { decode, startIssuer } from '../support.ts'

describe('issuer.rotateKeys', () => {
  const publishedKids = async (url: string): Promise<unknown[]> => {
    const { keys } = (await (await fetch(url)).json()) as { keys: { kid: string }[] }
    return keys.map(({ kid }) => kid)
  }

  test('publishes a new key and makes it the signing key', async () => {
    const issuer = await startIssuer()
    expect(await publishedKids(issuer.jwksUri)).toEqual(['key-1'])
    expect(issuer.rotateKeys().kid).toBe('key-2')
    expect(issuer.key.kid).toBe('key-2')
    expect(await publishedKids(issuer.jwksUri)).toEqual(['key-2', 'key-1'])
  })

  test('without overlap, publishes only the new key', async () => {
    const issuer = await startIssuer()
    issuer.rotateKeys({ overlap: false })
    expect(await publishedKids(issuer.jwksUri)).toEqual(['key-2'])
  })
})

test('two issuers have different keys with the same kid', async () => {
  const [one, two] = [await startIssuer(), await startIssuer()]
  expect(one.key.kid).toBe(two.key.kid)
  expect(one.key.publicJwk).not.toEqual(two.key.publicJwk)
})

test('an issuer can have the stored key of another one', async () => {
  const { key } = await startIssuer({ algorithm: 'EdDSA' })
  const stored = JSON.parse(JSON.stringify(key)) as typeof key
  const issuer = await createTestIssuer({ key: stored })
  onTestFinished(() => issuer.close())
  expect(issuer.key).toEqual(key)
  const { keys } = (await (await fetch(issuer.jwksUri)).json()) as { keys: unknown[] }
  expect(keys).toEqual([key.publicJwk])
  expect(decode(issuer.token({ aud: 'orders' })).header).toMatchObject({
    alg: 'EdDSA',
    kid: 'key-1',
  })
  await expect(createTestIssuer({ key, algorithm: 'ES256' })).rejects.toThrow(
    "'key' is for EdDSA, not for ES256.",
  )
  await expect(createTestIssuer({ key: {} as typeof key })).rejects.toThrow(
    "'key' must be a key from createSigningKey",
  )
})

describe('issuer.stop', () => {
  const get = async (url: string) => {
    const response = await fetch(url, { signal: AbortSignal.timeout(200) })
    return { status: response.status, body: await response.text() }
  }

  test.each([
    ['disconnect', { rejects: true }],
    ['empty', { status: 200, body: '{"keys":[]}' }],
    ['error', { status: 500 }],
    ['garbage', { status: 200, body: '<h1>Back soon</h1>' }],
    ['hang', { rejects: true }],
    ['stall', { rejects: true }],
  ] as const)(
    'in the mode "%s", breaks the responses until resume',
    async (mode: OutageMode, expected) => {
      const issuer = await startIssuer()
      issuer.stop(mode)
      const response = await get(issuer.jwksUri).catch(() => ({ rejects: true }))
      expect(response).toMatchObject(expected)
      expect(issuer.requests).toEqual({ discovery: 0, keys: 1 })
      issuer.resume()
      expect(await get(issuer.jwksUri)).toMatchObject({ status: 200 })
      expect(issuer.requests.keys).toBe(2)
    },
  )
})

describe('issuer.stop', () => {
  test('in the mode "empty", serves the metadata as usual', async () => {
    const issuer = await startIssuer()
    const metadata = await (await fetch(issuer.metadataUri)).json()
    issuer.stop('empty')
    expect(await (await fetch(issuer.metadataUri)).json()).toEqual(metadata)
  })

  test('in the mode "error" with retryAfter, responds with 503 and Retry-After', async () => {
    const issuer = await startIssuer()
    issuer.stop('error', { retryAfter: 30 })
    const { status, headers } = await fetch(issuer.jwksUri)
    expect([status, headers.get('retry-after')]).toEqual([503, '30'])
    issuer.stop('error')
    expect((await fetch(issuer.jwksUri)).headers.get('retry-after')).toBeNull()
  })

  test.each<[OutageMode | undefined, object, string]>([
    [undefined, { retryAfter: 1 }, "'retryAfter' requires the mode 'error', got 'disconnect'"],
    ['hang', { retryAfter: 1 }, "'retryAfter' requires the mode 'error', got 'hang'"],
    ['error', { retryAfter: -1 }, "'retryAfter' must be a finite number of seconds"],
    ['error', { status: 503 }, "unknown option 'status'"],
    ['down' as OutageMode, {}, "'mode' must be one of disconnect, empty, error"],
  ])('throws for %s with %j', async (mode, options, message) => {
    const issuer = await startIssuer()
    expect(() => issuer.stop(mode, options)).toThrow(message)
    expect((await fetch(issuer.jwksUri)).status).toBe(200)
  })
})

describe('issuer.delay', () => {
  test('sends a response when the clock has advanced', async () => {
    const issuer = await startIssuer()
    issuer.delay(3)
    let status: number | undefined
    const response = fetch(issuer.jwksUri).then((settled) => (status = settled.status))
    await vi.waitFor(() => expect(issuer.requests.keys).toBe(1))
    issuer.clock.advance(2.999)
    await new Promise(setImmediate)
    expect(status).toBeUndefined()
    issuer.clock.advance(0.001)
    expect(await response).toBe(200)
    issuer.delay(0)
    expect((await fetch(issuer.jwksUri)).status).toBe(200)
  })

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('throws for %s', async (seconds) => {
    const issuer = await startIssuer()
    expect(() => issuer.delay(seconds)).toThrow("'seconds' must be a finite number of seconds")
  })
})

describe('the option etag', () => {
  const get = (url: string, etag?: string | null) =>
    fetch(url, etag ? { headers: { 'if-none-match': etag } } : {})

  test('responds with 304 until the key set changes', async () => {
    const issuer = await startIssuer({ etag: true })
    const first = await get(issuer.jwksUri)
    const etag = first.headers.get('etag')
    expect(etag).toMatch(/^"[\w-]{43}"$/)
    const second = await get(issuer.jwksUri, etag)
    expect([second.status, await second.text()]).toEqual([304, ''])
    issuer.rotateKeys()
    const third = await get(issuer.jwksUri, etag)
    expect([third.status, third.headers.get('etag') === etag]).toEqual([200, false])
    expect(issuer.requests.keys).toBe(3)
  })

  test('applies to the metadata too', async () => {
    const issuer = await startIssuer({ etag: true })
    const { headers } = await get(issuer.metadataUri)
    expect((await get(issuer.metadataUri, headers.get('etag'))).status).toBe(304)
  })

  test('is off by default', async () => {
    const issuer = await startIssuer()
    expect((await get(issuer.jwksUri)).headers.get('etag')).toBeNull()
  })
})

describe('the address of the issuer', () => {
  test('has the chosen port, which is free again after close', async () => {
    const first = await startIssuer()
    const port = Number(new URL(first.url).port)
    await expect(createTestIssuer({ port })).rejects.toThrow('EADDRINUSE')
    await first.close()
    const second = await startIssuer({ port })
    expect(second.url).toBe(`http://127.0.0.1:${port}`)
  })

  test.each([0, -1, 65_536, 1.5, '8080'])('throws for the port %s', async (port) => {
    await expect(createTestIssuer({ port } as TestIssuerOptions)).rejects.toThrow(
      "'port' must be a port from 1 to 65535",
    )
  })

  const metadataOf = async (issuer: TestIssuer): Promise<unknown> =>
    (await fetch(issuer.metadataUri)).json()

  test('differs from the identifier if the option issuer is set', async () => {
    const name = 'https://login.example.com/realms/shop'
    const issuer = await startIssuer({ issuer: name })
    expect(issuer.url).toBe(name)
    expect(decode(issuer.token({ aud: 'a' })).payload['iss']).toBe(name)
    expect(decode(issuer.idToken({ aud: 'a' })).payload['iss']).toBe(name)
    expect(issuer.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(issuer.jwksUri).toBe(`${issuer.origin}/realms/shop/jwks`)
    expect(await metadataOf(issuer)).toMatchObject({ issuer: name, jwks_uri: issuer.jwksUri })
  })

  test('has the path of the option path, even if the identifier has another one', async () => {
    const issuer = await startIssuer({
      issuer: 'https://login.example.com/public',
      path: '/internal',
    })
    expect(issuer.url).toBe('https://login.example.com/public')
    expect(issuer.jwksUri).toBe(`${issuer.origin}/internal/jwks`)
    expect((await fetch(issuer.jwksUri)).status).toBe(200)
  })

  test.each(['urn:example:issuer', 'accounts.example.com'])(
    'is independent of the identifier %s, which is not a URL',
    async (name) => {
      const issuer = await startIssuer({ issuer: name })
      expect(issuer.url).toBe(name)
      expect(await metadataOf(issuer)).toMatchObject({ issuer: name })
    },
  )

  test('is the identifier by default', async () => {
    const issuer = await startIssuer({ path: '/realms/shop' })
    expect(issuer.url).toBe(`${issuer.origin}/realms/shop`)
    expect(issuer.metadataUri).toBe(`${issuer.url}/.well-known/openid-configuration`)
  })
})

test('the default algorithm is ES256', async () => {
  const issuer = await createTestIssuer()
  expect(issuer.key.algorithm).toBe('ES256')
  expect(decode(issuer.token({ aud: 'a' })).header['alg']).toBe('ES256')
  await issuer.close()
})

describe('issuer.close', () => {
  test('cuts requests that hang, and can be called twice', async () => {
    const issuer = await createTestIssuer({ algorithm: 'ES256' })
    issuer.stop('hang')
    const hanging = fetch(issuer.jwksUri).then(
      () => 'answered',
      () => 'cut',
    )
    await issuer.close()
    await issuer.close()
    expect(await hanging).toBe('cut')
  })
})
