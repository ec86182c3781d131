import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createVerifier, type DecisionRecord, VerificationError } from '../../src/index.ts'
import { answered, aud, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const verifier = createVerifier(optionsFor(issuer))
const good = issuer.token({ aud, sub: 'user-42' })
const expired = issuer.forge.expired({ aud })

describe('verify', () => {
  test('resolves to the token', async () => {
    expect((await verifier.verify(good)).subject).toBe('user-42')
  })

  test('throws what was refused, with its code', async () => {
    const error: unknown = await verifier.verify(expired).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(VerificationError)
    expect(error).toMatchObject({
      code: 'token_expired',
      category: 'refused',
      retryAfter: undefined,
    })
  })

  test('throws where there is no verdict, and says when to come back', async () => {
    await using down = await startIssuer()
    down.stop()
    await expect(
      createVerifier(optionsFor(down)).verify(down.token({ aud })),
    ).rejects.toMatchObject({
      ...{ code: 'keys_unavailable', category: 'unavailable', retryAfter: 1 },
    })
  })

  test('a forgotten await is a promise, which is nobody', async () => {
    const forgotten: unknown = verifier.verify(good)
    expect(Object.keys(forgotten as object)).toEqual([])
    expect(forgotten).not.toHaveProperty('subject')
    await forgotten
  })
})

describe('check', () => {
  test('gives the token', async () => {
    const verdict = await verifier.check(good)
    expect(verdict).toMatchObject({ ok: true, outcome: 'granted', token: { subject: 'user-42' } })
  })

  test('gives a code and a reason', async () => {
    expect(await verifier.check(expired)).toEqual({
      ...{ ok: false, outcome: 'refused', code: 'token_expired' },
      reason: 'exp was 3600 s ago; clockTolerance is 5 s',
      claim: 'exp',
    })
  })

  test('tells an outage from a bad token', async () => {
    await using down = await startIssuer()
    down.stop()
    const verdict = await createVerifier(optionsFor(down)).check(down.token({ aud }))
    expect(verdict).toMatchObject({ ok: false, outcome: 'unavailable', code: 'keys_unavailable' })
  })

  test.each([undefined, null, 0, {}, Symbol('token')])(
    'never rejects, also not for %s',
    async (odd) => {
      const jwt = odd as string
      expect(await verifier.check(jwt)).toMatchObject({ ok: false, code: 'token_malformed' })
      await expect(verifier.verify(jwt)).rejects.toBeInstanceOf(VerificationError)
    },
  )
})

test('nothing that is thrown or returned for a refusal shows the token', async () => {
  const shown = [good, expired, issuer.forge.tampered({ aud })].map(async (token) => {
    const verdict = await createVerifier({ ...optionsFor(issuer), audience: 'x' }).check(token)
    const error: unknown = await verifier.verify(`${token}.x`).catch((thrown: unknown) => thrown)
    return inspect([verdict, error], { depth: 9, showHidden: true })
  })
  const text = (await Promise.all(shown)).join()
  for (const secret of good.split('.').slice(1)) expect(text).not.toContain(secret)
  expect(text).toContain('audience_mismatch')
})

test('options are read once: what is changed later changes nothing', async () => {
  const audience = [aud]
  const jwks = { keys: [{ ...issuer.key.publicJwk }] }
  const made = createVerifier({ ...optionsFor(issuer), audience, jwks })
  audience[0] = 'other'
  jwks.keys[0] = {}
  expect(await made.check(good)).toMatchObject({ ok: true })
  expect(Object.isFrozen(made)).toBe(true)
})

test('it needs no this', async () => {
  const { verify, check, warmUp } = createVerifier(optionsFor(issuer))
  await expect(warmUp()).resolves.toBeUndefined()
  expect((await verify(good)).subject).toBe('user-42')
  expect((await check(good)).ok).toBe(true)
})

describe('the record of a decision', () => {
  test('says what was required, how it ended and how long it took', async () => {
    const records: DecisionRecord[] = []
    const onDecision = (record: DecisionRecord): void => void records.push(record)
    const other = 'https://other.example.com'
    const made = createVerifier({
      ...{ clock: issuer.clock, onDecision },
      issuers: [
        { issuer: issuer.url, audience: [aud, 'orders'] },
        { issuer: other, audience: [aud, 'b'] },
      ],
    })
    await made.check(good)
    await made.check(expired)
    await answered()
    const time = new Date(issuer.clock.now()).toISOString()
    const common = { version: 1, time, checks: [], durationMs: 0, verificationMs: 0 }
    const requiredAudience = [aud, 'orders', 'b']
    expect(records).toMatchObject([
      { ...common, requiredAudience, outcome: 'granted', issuer: issuer.url, subject: 'user-42' },
      { ...common, requiredAudience, outcome: 'refused', code: 'token_expired' },
    ])
  })

  test('has no duration where nobody listened when it began', async () => {
    const pending = createVerifier(optionsFor(issuer)).check(good)
    const heard: unknown[] = []
    const hear = (record: unknown): void => void heard.push(record)
    subscribe('resource-server:decision', hear)
    onTestFinished(() => void unsubscribe('resource-server:decision', hear))
    expect(await pending).toMatchObject({ ok: true })
    await answered()
    expect(heard).toMatchObject([{ outcome: 'granted', requiredAudience: [aud] }])
    expect(heard[0]).not.toHaveProperty('durationMs')
    expect(heard[0]).not.toHaveProperty('verificationMs')
  })
})

test('a delegation that is not wanted is refused', async () => {
  const acted = issuer.token({ aud, actors: ['stock-service'] })
  const judged = async (token: string, delegation: 'direct' | 'delegated'): Promise<unknown> =>
    createVerifier({ ...optionsFor(issuer), delegation }).check(token)
  expect(await judged(acted, 'direct')).toMatchObject({ code: 'delegation_forbidden' })
  expect(await judged(good, 'delegated')).toMatchObject({ code: 'delegation_required' })
  expect(await judged(expired, 'delegated')).toMatchObject({ code: 'token_expired' })
  expect(await judged(acted, 'delegated')).toMatchObject({ ok: true })
})
