import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createVerifier, type Verifier, type VerifierOptions } from '../../src/index.ts'
import { aud, optionsFor } from '../support.ts'

// What a service sees of its issuer's keys, whatever happens there.

interface Service {
  readonly issuer: TestIssuer
  readonly verifier: Verifier
  readonly ask: (token: string) => Promise<string>
}

async function start(options: VerifierOptions = {}): Promise<Service> {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const verifier = createVerifier({ ...optionsFor(issuer), ...options })
  const ask = async (token: string) => {
    const verdict = await verifier.check(token)
    return verdict.ok ? 'granted' : verdict.code
  }
  return { issuer, verifier, ask }
}

const minutes = 60

describe('fetching', () => {
  test('happens when the first token comes, and once for all that wait', async () => {
    const { issuer, ask } = await start()
    expect(issuer.requests).toEqual({ discovery: 0, keys: 0 })
    const all = await Promise.all(Array.from({ length: 50 }, () => ask(issuer.token({ aud }))))
    expect(new Set(all)).toEqual(new Set(['granted']))
    expect(issuer.requests).toEqual({ discovery: 1, keys: 1 })
  })

  test('does not happen again while the set is fresh', async () => {
    const { issuer, ask } = await start()
    await ask(issuer.token({ aud }))
    issuer.clock.advance(50)
    for (let at = 0; at < 20; at += 1) await ask(issuer.token({ aud }))
    expect(issuer.requests.keys).toBe(1)
  })

  test('happens ahead of all tokens with warmUp', async () => {
    const issuer = await createTestIssuer({ algorithm: 'ES256' })
    onTestFinished(() => issuer.close())
    const verifier = createVerifier(optionsFor(issuer))
    await verifier.warmUp()
    expect(issuer.requests.keys).toBe(1)
    issuer.stop()
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
  })

  test('asks no metadata where jwksUri is given', async () => {
    const issuer = await createTestIssuer({ algorithm: 'ES256', discovery: 'none' })
    onTestFinished(() => issuer.close())
    const verifier = createVerifier({ ...optionsFor(issuer), jwksUri: issuer.jwksUri })
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
    expect(issuer.requests).toEqual({ discovery: 0, keys: 1 })
  })

  test('never happens for a fixed key set', async () => {
    const issuer = await createTestIssuer({ algorithm: 'ES256' })
    onTestFinished(() => issuer.close())
    const jwks = { keys: [issuer.key.publicJwk] }
    const verifier = createVerifier({ ...optionsFor(issuer), jwks })
    const stranger = issuer.token({ aud, header: { kid: 'unheard-of' } })
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
    expect(await verifier.check(stranger)).toMatchObject({ code: 'key_not_found' })
    expect(issuer.requests).toEqual({ discovery: 0, keys: 0 })
  })

  test('does not happen for a token whose signature does not hold', async () => {
    const { issuer, ask } = await start()
    await ask(issuer.token({ aud }))
    for (let at = 0; at < 20; at += 1)
      expect(await ask(issuer.forge.unknownKey({ aud }))).toBe('signature_invalid')
    expect(issuer.requests.keys).toBe(1)
  })
})

describe('rotation', () => {
  test('a new key is found at once', async () => {
    const { issuer, ask } = await start()
    const old = issuer.token({ aud })
    expect(await ask(old)).toBe('granted')
    issuer.rotateKeys()
    expect(await ask(issuer.token({ aud }))).toBe('granted')
    expect(await ask(old)).toBe('granted')
  })

  test('a key that was taken back dies when a new set comes', async () => {
    const { issuer, ask } = await start()
    const old = issuer.token({ aud, expiresIn: 3600 })
    expect(await ask(old)).toBe('granted')
    issuer.rotateKeys({ overlap: false })
    expect(await ask(issuer.token({ aud }))).toBe('granted')
    expect(await ask(old)).toBe('key_not_found')
  })

  test('a key that was taken back dies within ten minutes, though nobody asks for the new one', async () => {
    const { issuer, ask } = await start()
    const old = issuer.token({ aud, expiresIn: 3600 })
    expect(await ask(old)).toBe('granted')
    issuer.rotateKeys({ overlap: false })
    issuer.clock.advance(10 * minutes)
    expect(await ask(old)).toBe('key_not_found')
  })

  test('a flood of invented key names fetches little, and real tokens go on', async () => {
    const { issuer, ask } = await start()
    await ask(issuer.token({ aud }))
    const flood = Array.from({ length: 200 }, (_, at) =>
      ask(issuer.token({ aud, header: { kid: `invented-${at}` } })),
    )
    expect(new Set(await Promise.all(flood))).toEqual(new Set(['key_not_found']))
    expect(issuer.requests.keys).toBeLessThan(10)
    expect(await ask(issuer.token({ aud }))).toBe('granted')
  })
})

describe('an outage', () => {
  test.each(['disconnect', 'error', 'garbage'] as const)(
    '(%s) at the start is no verdict, and ends with the outage',
    async (mode) => {
      const { issuer, verifier, ask } = await start()
      issuer.stop(mode)
      expect(await ask(issuer.token({ aud }))).toBe('keys_unavailable')
      issuer.resume()
      // The keys are asked for again beside the requests, which do not wait for that.
      issuer.clock.advance(31)
      await verifier.warmUp()
      expect(await ask(issuer.token({ aud }))).toBe('granted')
    },
  )

  test('is not asked about again at once', async () => {
    const { issuer, ask } = await start()
    issuer.stop()
    for (let at = 0; at < 20; at += 1)
      expect(await ask(issuer.token({ aud }))).toBe('keys_unavailable')
    expect(issuer.requests.discovery).toBe(1)
  })

  test('after a good start is bridged for an hour, and no longer', async () => {
    const { issuer, verifier, ask } = await start()
    const ask1 = () => ask(issuer.token({ aud }))
    expect(await ask1()).toBe('granted')
    issuer.stop()
    // 59 and 61 minutes past the five for which the set was fresh.
    issuer.clock.advance(64 * minutes)
    expect(await ask1()).toBe('granted')
    issuer.clock.advance(2 * minutes)
    expect(await ask1()).toBe('keys_unavailable')
    issuer.resume()
    issuer.clock.advance(31)
    await verifier.warmUp()
    expect(await ask1()).toBe('granted')
  })

  test('makes no bad token good, and no good one bad', async () => {
    const { issuer, ask } = await start()
    await ask(issuer.token({ aud }))
    issuer.stop()
    issuer.clock.advance(30 * minutes)
    expect(await ask(issuer.token({ aud }))).toBe('granted')
    expect(await ask(issuer.forge.unknownKey({ aud }))).toBe('signature_invalid')
    expect(await ask(issuer.token({ aud: 'stock' }))).toBe('audience_mismatch')
  })

  test('leaves a token with an unknown key without a verdict: it may be the new key', async () => {
    const { issuer, ask } = await start()
    await ask(issuer.token({ aud }))
    issuer.stop()
    issuer.rotateKeys()
    expect(await ask(issuer.token({ aud }))).toBe('keys_unavailable')
  })

  test('does not matter to tokens that are refused before any key is needed', async () => {
    const { issuer, ask } = await start()
    issuer.stop()
    expect(await ask('garbage')).toBe('token_malformed')
    expect(await ask(issuer.forge.unsigned({ aud }))).toBe('token_malformed')
    expect(await ask(issuer.forge.wrongIssuer({ aud }))).toBe('issuer_not_trusted')
  })
})

test('a key set that was fetched well and holds no fitting key is a verdict: 401, not 503', async () => {
  const { issuer, ask } = await start()
  const key = { ...issuer.key, kid: 'never-published' }
  expect(await ask(issuer.sign({ payload: { iss: issuer.url }, key }))).toBe('key_not_found')
})

describe('an answer that is no key set', () => {
  const tooMany = { keys: Array.from({ length: 101 }, (_, kid) => ({ kty: 'EC', kid: `${kid}` })) }
  const answers: readonly (readonly [what: string, status: number, body: string])[] = [
    ['status 404', 404, '{"keys":[]}'],
    ['a redirect', 302, ''],
    ['no JSON', 200, '<html>'],
    ['no keys', 200, '{}'],
    ['keys that are no list', 200, '{"keys":{}}'],
    ['keys twice', 200, '{"keys":[],"keys":[]}'],
    ['too many keys', 200, JSON.stringify(tooMany)],
    ['more than 256 KiB', 200, `{"keys":[],"fill":"${'x'.repeat(256 * 1024)}"}`],
  ]

  test.each(answers)('is an outage: %s', async (_what, status, body) => {
    const server = createServer((_request, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end(body)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const { issuer, ask } = await start({ jwksUri: `http://127.0.0.1:${port}/jwks` })
    expect(await ask(issuer.token({ aud }))).toBe('keys_unavailable')
  })
})

/** How often a key set with this header was asked for, after each of these many seconds. */
async function fetchesWith(header: string, ...steps: readonly number[]): Promise<number[]> {
  let asked = 0
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const fetch = async () => {
    asked += 1
    const body = JSON.stringify({ keys: [issuer.key.publicJwk] })
    return new Response(body, { headers: { 'cache-control': header } })
  }
  const verifier = createVerifier({ ...optionsFor(issuer), jwksUri: issuer.jwksUri, fetch })
  const counts: number[] = []
  for (const step of steps) {
    issuer.clock.advance(step)
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
    await new Promise((resolve) => setImmediate(resolve))
    counts.push(asked)
  }
  return counts
}

test('Cache-Control may keep a set for ten minutes at most, and for one at least', async () => {
  expect(await fetchesWith('public, max-age=86400', 0, 8 * minutes, 2 * minutes)).toEqual([1, 1, 2])
  expect(await fetchesWith('max-age=0, no-store', 0, 50, 10)).toEqual([1, 1, 2])
  expect(await fetchesWith('', 0, 4 * minutes, 1 * minutes)).toEqual([1, 1, 2])
})

test('a timer that fires early does not lose the refresh', async () => {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const hasty = {
    ...issuer.clock,
    schedule: (delay: number, callback: () => void) =>
      issuer.clock.schedule(Math.max(1, delay - 5), callback),
  }
  const verifier = createVerifier({ ...optionsFor(issuer), clock: hasty })
  onTestFinished(() => verifier.close())
  await verifier.warmUp()
  issuer.clock.advance(290)
  await expect.poll(() => issuer.requests.keys).toBe(2)
})

test('a process that was too busy to read does not blame the issuer', async () => {
  const issuer = await createTestIssuer({ algorithm: 'ES256' })
  onTestFinished(() => issuer.close())
  const busy: VerifierOptions['fetch'] = async (url, init) => {
    // By now the answer waits in the socket, and the whole deadline has passed.
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5500))
    return fetch(url, init)
  }
  const verifier = createVerifier({ ...optionsFor(issuer), fetch: busy, jwksUri: issuer.jwksUri })
  onTestFinished(() => verifier.close())
  await verifier.warmUp()
  expect(verifier.health().issuers[0]).toMatchObject({ state: 'fresh', failures: 0 })
}, 20_000)
