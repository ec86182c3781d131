import { createVerifier } from '@resource-server/core'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  createTestClock,
  createTestIssuer,
  type DownMode,
  type TestIssuerOptions,
} from '../../src/index.ts'

async function start(options: TestIssuerOptions = {}) {
  const issuer = await createTestIssuer({ algorithm: 'ES256', ...options })
  onTestFinished(() => issuer.close())
  return issuer
}

const aud = 'order-service'
const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >

describe('the clock', () => {
  test('stands still until it is moved, and both hands move together', () => {
    const clock = createTestClock(new Date(1_000))
    expect([clock.now(), clock.monotonic()]).toEqual([1_000, 0])
    clock.advance(1.5)
    expect([clock.now(), clock.monotonic()]).toEqual([2_500, 1_500])
  })

  test('jumps like a wall clock that is set, and no time passes', () => {
    const clock = createTestClock(new Date(10_000))
    clock.jump(-5)
    expect([clock.now(), clock.monotonic()]).toEqual([5_000, 0])
  })

  test('starts at a whole second', () => {
    expect(createTestClock().now() % 1000).toBe(0)
  })

  test.each([
    ['advance backward', () => createTestClock().advance(-1), 'goes forward only'],
    ['advance by NaN', () => createTestClock().advance(NaN), 'a finite number of seconds'],
    ['jump endlessly', () => createTestClock().jump(Infinity), 'a finite number of seconds'],
    ['start never', () => createTestClock(new Date(NaN)), 'a valid Date'],
  ])('cannot %s', (_what, misuse, says) => {
    expect(misuse).toThrow(TypeError)
    expect(misuse).toThrow(says)
  })
})

describe('a token', () => {
  test('is dated by the clock of the issuer', async () => {
    const clock = createTestClock(new Date('2030-01-01T00:00:00Z'))
    const issuer = await start({ clock })
    const now = Date.UTC(2030, 0, 1) / 1000
    expect(claimsOf(issuer.token({ aud }))).toMatchObject({ iat: now, exp: now + 300 })
    clock.advance(60)
    expect(claimsOf(issuer.token({ aud, expiresIn: 1 }))).toMatchObject({
      iat: now + 60,
      exp: now + 61,
    })
  })

  test('that is expired was issued before it expired', async () => {
    const issuer = await start()
    const { iat, exp } = claimsOf(issuer.token({ aud, expiresIn: -10 }))
    expect(Number(iat)).toBeLessThan(Number(exp))
  })

  test('nests its actors: the current one outermost', async () => {
    const issuer = await start()
    const { act } = claimsOf(
      issuer.token({ aud, actors: ['now', { sub: 'before', extra: 1 }, 'first'] }),
    )
    expect(act).toEqual({ sub: 'now', act: { sub: 'before', extra: 1, act: { sub: 'first' } } })
  })

  test('gets claims added last, and loses those that are undefined', async () => {
    const issuer = await start()
    const claims = claimsOf(
      issuer.token({ aud, claims: { sub: undefined, exp: 'x', tenant: 'acme' } }),
    )
    expect(claims).toMatchObject({ exp: 'x', tenant: 'acme' })
    expect(claims).not.toHaveProperty('sub')
  })
})

describe('rotation', () => {
  const kids = async (url: string): Promise<unknown[]> => {
    const { keys } = (await (await fetch(url)).json()) as { keys: { kid: string }[] }
    return keys.map(({ kid }) => kid)
  }

  test('adds a key, and signs with it', async () => {
    const issuer = await start()
    expect(await kids(issuer.jwksUri)).toEqual(['key-1'])
    expect(issuer.rotateKeys().kid).toBe('key-2')
    expect(issuer.key.kid).toBe('key-2')
    expect(await kids(issuer.jwksUri)).toEqual(['key-2', 'key-1'])
  })

  test('without overlap leaves only the new key', async () => {
    const issuer = await start()
    issuer.rotateKeys({ overlap: false })
    expect(await kids(issuer.jwksUri)).toEqual(['key-2'])
  })
})

describe('an outage', () => {
  const ask = async (url: string) => {
    const answer = await fetch(url, { signal: AbortSignal.timeout(200) })
    return { status: answer.status, body: await answer.text() }
  }

  test.each([
    ['disconnect', { rejects: true }],
    ['error', { status: 500 }],
    ['garbage', { status: 200, body: '<h1>Back soon</h1>' }],
    ['hang', { rejects: true }],
    ['stall', { rejects: true }],
  ] as const)('%s, and its end', async (mode: DownMode, expected) => {
    const issuer = await start()
    issuer.stop(mode)
    const answer = await ask(issuer.jwksUri).catch(() => ({ rejects: true }))
    expect(answer).toMatchObject(expected)
    expect(issuer.requests).toEqual({ discovery: 0, keys: 1 })
    issuer.resume()
    expect(await ask(issuer.jwksUri)).toMatchObject({ status: 200 })
    expect(issuer.requests.keys).toBe(2)
  })

  test('is over for good once closed, also for a request that hangs', async () => {
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

test('two issuers have different keys of the same name', async () => {
  const [one, two] = [await start(), await start()]
  expect(one.key.kid).toBe(two.key.kid)
  expect(one.key.publicJwk).not.toEqual(two.key.publicJwk)
})

test.each([
  'unsigned',
  'hmacWithPublicKey',
  'unknownKey',
  'wrongIssuer',
  'tampered',
  'expired',
] as const)(
  'forge.%s is refused for what it is, and the same token unforged is not',
  async (name) => {
    const issuer = await start()
    const verifier = createVerifier({ issuer: issuer.url, audience: aud, clock: issuer.clock })
    const options = { aud, scope: 'orders:read', sub: 'user-42' }
    expect(await verifier.check(issuer.token(options))).toMatchObject({ ok: true })
    expect(await verifier.check(issuer.forge[name](options))).toMatchObject({ outcome: 'refused' })
  },
)
