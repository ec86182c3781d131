import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createVerifier, type Verifier, type VerifierOptions } from '../../src/index.ts'
import { aud, optionsFor } from '../support.ts'

// A verifier and its issuer: fetching, rotation, outages and invalid responses.

interface Setup {
  readonly issuer: TestIssuer
  readonly verifier: Verifier
  readonly check: (token: string) => Promise<string>
}

async function start(options: VerifierOptions = {}): Promise<Setup> {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const verifier = createVerifier({ ...optionsFor(issuer), ...options })
  const check = async (token: string) => {
    const result = await verifier.check(token)
    return result.ok ? 'granted' : result.code
  }
  return { issuer, verifier, check }
}

const minutes = 60

describe('fetching the key set', () => {
  test('happens for the first token, once for all waiting tokens', async () => {
    const { issuer, check } = await start()
    expect(issuer.requests).toEqual({ discovery: 0, keys: 0 })
    const all = await Promise.all(Array.from({ length: 50 }, () => check(issuer.token({ aud }))))
    expect(new Set(all)).toEqual(new Set(['granted']))
    expect(issuer.requests).toEqual({ discovery: 1, keys: 1 })
  })

  test('does not happen again while it is fresh', async () => {
    const { issuer, check } = await start()
    await check(issuer.token({ aud }))
    issuer.clock.advance(50)
    for (let at = 0; at < 20; at += 1) await check(issuer.token({ aud }))
    expect(issuer.requests.keys).toBe(1)
  })

  test('happens before the first token with warmUp()', async () => {
    const issuer = await createTestIssuer({ algorithm: 'ES256' })
    onTestFinished(() => issuer.close())
    const verifier = createVerifier(optionsFor(issuer))
    await verifier.warmUp()
    expect(issuer.requests.keys).toBe(1)
    issuer.stop()
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
  })

  test('requests no metadata if jwksUri is set', async () => {
    const issuer = await createTestIssuer({ algorithm: 'ES256', discovery: 'none' })
    onTestFinished(() => issuer.close())
    const verifier = createVerifier({ ...optionsFor(issuer), jwksUri: issuer.jwksUri })
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
    expect(issuer.requests).toEqual({ discovery: 0, keys: 1 })
  })

  test('never happens if jwks is set', async () => {
    const issuer = await createTestIssuer({ algorithm: 'ES256' })
    onTestFinished(() => issuer.close())
    const jwks = { keys: [issuer.key.publicJwk] }
    const verifier = createVerifier({ ...optionsFor(issuer), jwks })
    const unknownKid = issuer.token({ aud, header: { kid: 'unknown' } })
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
    expect(await verifier.check(unknownKid)).toMatchObject({ code: 'key_not_found' })
    expect(issuer.requests).toEqual({ discovery: 0, keys: 0 })
  })

  test('does not happen for a token with an invalid signature', async () => {
    const { issuer, check } = await start()
    await check(issuer.token({ aud }))
    for (let at = 0; at < 20; at += 1)
      expect(await check(issuer.forge.unknownKey({ aud }))).toBe('signature_invalid')
    expect(issuer.requests.keys).toBe(1)
  })
})

describe('after a rotation', () => {
  test('a new key is found immediately', async () => {
    const { issuer, check } = await start()
    const oldToken = issuer.token({ aud })
    expect(await check(oldToken)).toBe('granted')
    issuer.rotateKeys()
    expect(await check(issuer.token({ aud }))).toBe('granted')
    expect(await check(oldToken)).toBe('granted')
  })

  test('a removed key is refused as soon as the new key set is fetched', async () => {
    const { issuer, check } = await start()
    const oldToken = issuer.token({ aud, expiresIn: 3600 })
    expect(await check(oldToken)).toBe('granted')
    issuer.rotateKeys({ overlap: false })
    expect(await check(issuer.token({ aud }))).toBe('granted')
    expect(await check(oldToken)).toBe('key_not_found')
  })

  test('a removed key is refused within ten minutes, even without tokens with the new key', async () => {
    const { issuer, check } = await start()
    const oldToken = issuer.token({ aud, expiresIn: 3600 })
    expect(await check(oldToken)).toBe('granted')
    issuer.rotateKeys({ overlap: false })
    issuer.clock.advance(10 * minutes)
    expect(await check(oldToken)).toBe('key_not_found')
  })

  test('a flood of invented kids causes few fetches and does not affect other tokens', async () => {
    const { issuer, check } = await start()
    await check(issuer.token({ aud }))
    const flood = Array.from({ length: 200 }, (_, at) =>
      check(issuer.token({ aud, header: { kid: `invented-${at}` } })),
    )
    // The others cannot be decided without another fetch.
    const outcomes = new Set(['key_not_found', 'keys_unavailable'])
    expect(new Set(await Promise.all(flood))).toEqual(outcomes)
    expect(issuer.requests.keys).toBeLessThan(10)
    expect(await check(issuer.token({ aud }))).toBe('granted')
  })
})

describe('an outage', () => {
  test.each(['disconnect', 'error', 'garbage'] as const)(
    'at the start (%s) makes tokens keys_unavailable until the issuer is back',
    async (mode) => {
      const { issuer, verifier, check } = await start()
      issuer.stop(mode)
      expect(await check(issuer.token({ aud }))).toBe('keys_unavailable')
      issuer.resume()
      // The keys are fetched in the background. Requests do not wait for that.
      issuer.clock.advance(31)
      await verifier.warmUp()
      expect(await check(issuer.token({ aud }))).toBe('granted')
    },
  )

  test('does not cause a fetch for each token', async () => {
    const { issuer, check } = await start()
    issuer.stop()
    for (let at = 0; at < 20; at += 1)
      expect(await check(issuer.token({ aud }))).toBe('keys_unavailable')
    expect(issuer.requests.discovery).toBe(1)
  })

  test('after a successful fetch has no effect for an hour', async () => {
    const { issuer, verifier, check } = await start()
    const checkToken = () => check(issuer.token({ aud }))
    expect(await checkToken()).toBe('granted')
    issuer.stop()
    // 59 and 61 minutes after the five minutes for which the key set was fresh.
    issuer.clock.advance(64 * minutes)
    expect(await checkToken()).toBe('granted')
    issuer.clock.advance(2 * minutes)
    expect(await checkToken()).toBe('keys_unavailable')
    issuer.resume()
    issuer.clock.advance(31)
    await verifier.warmUp()
    expect(await checkToken()).toBe('granted')
  })

  test('does not change whether a token is granted or refused', async () => {
    const { issuer, check } = await start()
    await check(issuer.token({ aud }))
    issuer.stop()
    issuer.clock.advance(30 * minutes)
    expect(await check(issuer.token({ aud }))).toBe('granted')
    expect(await check(issuer.forge.unknownKey({ aud }))).toBe('signature_invalid')
    expect(await check(issuer.token({ aud: 'stock' }))).toBe('audience_mismatch')
  })

  test('makes a token with an unknown kid keys_unavailable, because the key may be new', async () => {
    const { issuer, check } = await start()
    await check(issuer.token({ aud }))
    issuer.stop()
    issuer.rotateKeys()
    expect(await check(issuer.token({ aud }))).toBe('keys_unavailable')
  })

  test('does not affect tokens that are refused before the keys are needed', async () => {
    const { issuer, check } = await start()
    issuer.stop()
    expect(await check('garbage')).toBe('token_malformed')
    expect(await check(issuer.forge.unsigned({ aud }))).toBe('token_malformed')
    expect(await check(issuer.forge.wrongIssuer({ aud }))).toBe('issuer_not_trusted')
  })
})

test('a token whose key is not in the fetched key set is refused, not unavailable', async () => {
  const { issuer, check } = await start()
  const key = { ...issuer.key, kid: 'never-published' }
  expect(await check(issuer.sign({ payload: { iss: issuer.url }, key }))).toBe('key_not_found')
})

describe('tokens are keys_unavailable if the JWKS response', () => {
  const tooMany = { keys: Array.from({ length: 101 }, (_, kid) => ({ kty: 'EC', kid: `${kid}` })) }
  const responses: readonly (readonly [what: string, status: number, body: string])[] = [
    ['has status 404', 404, '{"keys":[]}'],
    ['is a redirect', 302, ''],
    ['is not JSON', 200, '<html>'],
    ['has no member keys', 200, '{}'],
    ['has a member keys that is not an array', 200, '{"keys":{}}'],
    ['has a duplicate member keys', 200, '{"keys":[],"keys":[]}'],
    ['has more than 100 keys', 200, JSON.stringify(tooMany)],
    ['is larger than 256 KiB', 200, `{"keys":[],"fill":"${'x'.repeat(256 * 1024)}"}`],
  ]

  test.each(responses)('%s', async (_what, status, body) => {
    const server = createServer((_request, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const { issuer, check } = await start({ jwksUri: `http://127.0.0.1:${port}/jwks` })
    expect(await check(issuer.token({ aud }))).toBe('keys_unavailable')
  })
})

/** Returns how often a key set with this `Cache-Control` was fetched, after each step in seconds. */
async function fetchesWith(cacheControl: string, ...steps: readonly number[]): Promise<number[]> {
  let fetches = 0
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const fetch = async () => {
    fetches += 1
    const body = JSON.stringify({ keys: [issuer.key.publicJwk] })
    return new Response(body, { headers: { 'cache-control': cacheControl } })
  }
  const verifier = createVerifier({ ...optionsFor(issuer), jwksUri: issuer.jwksUri, fetch })
  const counts: number[] = []
  for (const step of steps) {
    issuer.clock.advance(step)
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
    await new Promise((resolve) => setImmediate(resolve))
    counts.push(fetches)
  }
  return counts
}

test('Cache-Control keeps a key set for one to ten minutes', async () => {
  expect(await fetchesWith('public, max-age=86400', 0, 4 * minutes, 6 * minutes)).toEqual([1, 1, 2])
  expect(await fetchesWith('max-age=60', 0, 20, 40)).toEqual([1, 1, 2])
  expect(await fetchesWith('max-age=0, no-store', 0, 2 * minutes, 3 * minutes)).toEqual([1, 1, 2])
  expect(await fetchesWith('', 0, 2 * minutes, 3 * minutes)).toEqual([1, 1, 2])
})

test('a refresh happens even if the timer fires early', async () => {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const earlyClock = {
    ...issuer.clock,
    schedule: (delay: number, callback: () => void) =>
      issuer.clock.schedule(Math.max(1, delay - 5), callback),
  }
  const verifier = createVerifier({ ...optionsFor(issuer), clock: earlyClock })
  onTestFinished(() => verifier.close())
  await verifier.warmUp()
  issuer.clock.advance(290)
  await expect.poll(() => issuer.requests.keys).toBe(2)
})

test('a process that is blocked for longer than the deadline still reads the response', async () => {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const blockingFetch: VerifierOptions['fetch'] = async (url, init) => {
    // Afterwards, the response waits in the socket and the whole deadline has passed.
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5500))
    return fetch(url, init)
  }
  const verifier = createVerifier({
    ...optionsFor(issuer),
    fetch: blockingFetch,
    jwksUri: issuer.jwksUri,
  })
  onTestFinished(() => verifier.close())
  await verifier.warmUp()
  expect(verifier.health().issuers[0]).toMatchObject({ state: 'fresh', failures: 0 })
}, 20_000)
