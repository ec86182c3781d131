import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  ConfigError,
  createVerifier,
  type DecisionRecord,
  VerificationError,
} from '../../src/index.ts'
import { responseSent, aud, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const verifier = createVerifier(optionsFor(issuer))
const good = issuer.token({ aud, sub: 'user-42' })
const expired = issuer.forge.expired({ aud })

describe('createVerifier explains what it does not have', () => {
  test.each(['optional', 'onRefusal', 'allowPreflight', 'resource', 'refusalBody'])(
    'the option %s of resourceServer()',
    (name) => {
      const options = { ...optionsFor(issuer), [name]: true }
      expect(() => createVerifier(options)).toThrow(
        `Unknown option '${name}': createVerifier() does not handle requests.`,
      )
    },
  )

  test('a guard that is given as an option', () => {
    const options = { ...optionsFor(issuer), requireScope: ['orders:read'] }
    expect(() => createVerifier(options)).toThrow(
      "Unknown option 'requireScope': guards are not options.",
    )
  })

  test.each(['requireScope', 'requireAudience', 'requireClaim'])('the guard %s', (name) => {
    const untyped = verifier as unknown as Record<string, () => unknown>
    expect(() => untyped[name]?.()).toThrow(
      new ConfigError(
        `createVerifier() has no ${name}: guards are for requests.`,
        'Check the token that verify() returns, or use resourceServer() from the package for your framework.',
      ),
    )
    expect(Object.keys(verifier)).not.toContain(name)
  })
})

describe('verify', () => {
  test('resolves to the token', async () => {
    expect((await verifier.verify(good)).subject).toBe('user-42')
  })

  test('throws a VerificationError with the code of the refusal', async () => {
    const error: unknown = await verifier.verify(expired).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(VerificationError)
    expect(error).toMatchObject({
      code: 'token_expired',
      category: 'refused',
      retryAfter: undefined,
    })
  })

  test('throws with retryAfter if the issuer is unavailable', async () => {
    await using down = await startIssuer()
    down.stop()
    await expect(
      createVerifier(optionsFor(down)).verify(down.token({ aud })),
    ).rejects.toMatchObject({
      code: 'keys_unavailable',
      category: 'unavailable',
      retryAfter: 1,
    })
  })

  test('without await is a promise without a subject', async () => {
    const promise: unknown = verifier.verify(good)
    expect(Object.keys(promise as object)).toEqual([])
    expect(promise).not.toHaveProperty('subject')
    await promise
  })
})

describe('check', () => {
  test('returns the token', async () => {
    const result = await verifier.check(good)
    expect(result).toMatchObject({ ok: true, outcome: 'granted', token: { subject: 'user-42' } })
  })

  test('returns the code and the reason of a refusal', async () => {
    expect(await verifier.check(expired)).toEqual({
      ok: false,
      outcome: 'refused',
      code: 'token_expired',
      reason: 'exp was 3600 s ago; clockTolerance is 5 s',
      claim: 'exp',
    })
  })

  test('returns the outcome unavailable during an outage', async () => {
    await using down = await startIssuer()
    down.stop()
    const result = await createVerifier(optionsFor(down)).check(down.token({ aud }))
    expect(result).toMatchObject({ ok: false, outcome: 'unavailable', code: 'keys_unavailable' })
  })

  test.each([undefined, null, 0, {}, Symbol('token')])(
    'never rejects, even for %s',
    async (value) => {
      const jwt = value as string
      expect(await verifier.check(jwt)).toMatchObject({ ok: false, code: 'token_malformed' })
      await expect(verifier.verify(jwt)).rejects.toBeInstanceOf(VerificationError)
    },
  )
})

test('a verifier without an audience is a ConfigError that does not name guards', () => {
  expect(() => createVerifier({ issuer: issuer.url })).toThrow(
    new ConfigError(
      `No audience is configured for the issuer '${issuer.url}'.`,
      "Set audience: 'order-service'.",
    ),
  )
})

test('errors and results of a refusal do not contain the token', async () => {
  const printed = [good, expired, issuer.forge.tampered({ aud })].map(async (token) => {
    const result = await createVerifier({ ...optionsFor(issuer), audience: 'x' }).check(token)
    const error: unknown = await verifier.verify(`${token}.x`).catch((thrown: unknown) => thrown)
    return inspect([result, error], { depth: 9, showHidden: true })
  })
  const text = (await Promise.all(printed)).join()
  for (const secret of good.split('.').slice(1)) expect(text).not.toContain(secret)
  expect(text).toContain('audience_mismatch')
})

test('options are read once, so later changes have no effect', async () => {
  const audience = [aud]
  const jwks = { keys: [{ ...issuer.key.publicJwk }] }
  const created = createVerifier({ ...optionsFor(issuer), audience, jwks })
  audience[0] = 'other'
  jwks.keys[0] = {}
  expect(await created.check(good)).toMatchObject({ ok: true })
  expect(Object.isFrozen(created)).toBe(true)
})

test('the methods can be destructured', async () => {
  const { verify, check, warmUp } = createVerifier(optionsFor(issuer))
  await expect(warmUp()).resolves.toBeUndefined()
  expect((await verify(good)).subject).toBe('user-42')
  expect((await check(good)).ok).toBe(true)
})

describe('the record of a decision', () => {
  test('contains the required audience, the outcome, the duration, and the key of the token', async () => {
    const records: DecisionRecord[] = []
    const onDecision = (record: DecisionRecord): void => void records.push(record)
    const other = 'https://other.example.com'
    const created = createVerifier({
      clock: issuer.clock,
      onDecision,
      issuers: [
        { issuer: issuer.url, audience: [aud, 'orders'] },
        { issuer: other, audience: [aud, 'b'] },
      ],
    })
    await created.check(good)
    await created.check(expired)
    await responseSent()
    const time = new Date(issuer.clock.now()).toISOString()
    const common = { version: 1, time, checks: [], durationMs: 0, verificationMs: 0 }
    const requiredAudience = [aud, 'orders', 'b']
    expect(records).toMatchObject([
      {
        ...common,
        requiredAudience,
        outcome: 'granted',
        issuer: issuer.url,
        subject: 'user-42',
        kid: issuer.key.kid,
        alg: 'ES256',
      },
      { ...common, requiredAudience, outcome: 'refused', code: 'token_expired' },
    ])
  })

  test('says with which scheme a bound token was presented', async () => {
    const records: DecisionRecord[] = []
    const onDecision = (record: DecisionRecord): void => void records.push(record)
    const jkt = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'
    const bound = issuer.token({ aud, claims: { cnf: { jkt } } })
    await createVerifier({ ...optionsFor(issuer), onDecision }).check(bound)
    await responseSent()
    expect(records).toMatchObject([
      { code: 'binding_unproven', binding: { scheme: 'Bearer', jkt } },
    ])
  })

  test('has no duration if there was no listener when the verification started', async () => {
    const pending = createVerifier(optionsFor(issuer)).check(good)
    const received: unknown[] = []
    const listener = (record: unknown): void => void received.push(record)
    subscribe('resource-server:decision', listener)
    onTestFinished(() => void unsubscribe('resource-server:decision', listener))
    expect(await pending).toMatchObject({ ok: true })
    await responseSent()
    expect(received).toMatchObject([{ outcome: 'granted', requiredAudience: [aud] }])
    expect(received[0]).not.toHaveProperty('durationMs')
    expect(received[0]).not.toHaveProperty('verificationMs')
  })
})

test.each<readonly [name: string, value: unknown]>([
  ['audience', { names: ['other'], exclusive: true }],
  ['delegation', 'delegated'],
  ['scheme', 'DPoP'],
])('an inherited %s does not count for a token', async (name, value) => {
  const created = createVerifier(optionsFor(issuer))
  Reflect.set(Object.prototype, name, value)
  onTestFinished(() => void Reflect.deleteProperty(Object.prototype, name))
  expect(await created.check(good)).toMatchObject({ ok: true })
})

test('the delegation option refuses other tokens, after all other checks', async () => {
  const acted = issuer.token({ aud, actors: ['stock-service'] })
  const check = async (token: string, delegation: 'direct' | 'delegated'): Promise<unknown> =>
    createVerifier({ ...optionsFor(issuer), delegation }).check(token)
  expect(await check(acted, 'direct')).toMatchObject({ code: 'delegation_forbidden' })
  expect(await check(good, 'delegated')).toMatchObject({ code: 'delegation_required' })
  expect(await check(expired, 'delegated')).toMatchObject({ code: 'token_expired' })
  expect(await check(acted, 'delegated')).toMatchObject({ ok: true })
})

// If a file throws while it is loaded, its own tests are not collected and none fails.
test('explain, which is an entry point of its own, can be imported', async () => {
  await expect(import('../../src/verify/explain.ts')).resolves.toHaveProperty('explain')
})
