import { describe, expect, test } from 'vitest'
import { createTestIssuer, type OutageMode } from '../../src/index.ts'
import { startIssuer } from '../support.ts'

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

describe('issuer.stop', () => {
  const get = async (url: string) => {
    const response = await fetch(url, { signal: AbortSignal.timeout(200) })
    return { status: response.status, body: await response.text() }
  }

  test.each([
    ['disconnect', { rejects: true }],
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
