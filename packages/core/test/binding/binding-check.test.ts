import { createHmac } from 'node:crypto'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { BindingCheck, type BindingTrace } from '../../src/binding/binding-check.ts'
import type { Presentation } from '../../src/binding/presentation.ts'
import { createPolicy } from '../../src/config/policy.ts'
import type { Refusal } from '../../src/errors/refusal.ts'
import { fromHeader, type ReplayStore, type ResourceServerOptions } from '../../src/index.ts'
import { thumbprintOf } from '../../src/jose/jwk.ts'
import type { AccessToken } from '../../src/token/access-token.ts'
import type { TokenConfirmation } from '../../src/token/confirmation.ts'
import {
  clientKey,
  now,
  presentationOf,
  type ProofSpec,
  sha256,
  signProof,
  token,
} from './dpop-fixture.ts'

const key = clientKey()
const jkt = await thumbprintOf(key.jwk as { kty: string })
const certificate = Buffer.from('3003020101', 'hex')
const x5t = { 'x5t#S256': sha256(certificate) }
const secret = 'a secret of at least 32 characters'

let time = now * 1000
afterEach(() => void (time = now * 1000))

function createCheck(options: Partial<ResourceServerOptions> = {}): BindingCheck {
  const clock = { now: () => time, monotonic: () => 0 }
  const base = { issuer: 'https://as.example', audience: 'a', clock }
  const given = { ...base, publicUrl: 'https://api.example', ...options }
  return new BindingCheck(createPolicy(given, 'resource server'))
}

async function run(
  check: BindingCheck,
  confirmation: TokenConfirmation | undefined,
  presentation: Presentation,
) {
  const trace: { binding?: BindingTrace } = {}
  const bound = { confirmation, raw: token } as AccessToken
  const refusal = await check.check(bound, presentation, trace)
  return { refusal, trace: trace.binding }
}

const withProof = (spec: ProofSpec = {}, by = key): Presentation =>
  presentationOf({ dpop: signProof(by, { ...spec, claims: { iat: time / 1000, ...spec.claims } }) })
const bearer = (changes: Partial<Presentation> = {}): Presentation =>
  presentationOf({}, { scheme: 'Bearer', ...changes })
const shown = (refusal: Refusal | undefined): unknown =>
  refusal && [refusal.code, refusal.reason, refusal.detail.claim]

/** Warnings until the test ends. Earlier ones are emitted before it starts. */
async function collectWarnings() {
  await new Promise((resolve) => void setImmediate(resolve))
  const warned = vi.fn<(warning: Error) => void>()
  process.on('warning', warned)
  onTestFinished(() => void process.off('warning', warned))
  return async (): Promise<readonly string[]> => {
    await new Promise((resolve) => void setImmediate(resolve))
    return warned.mock.calls.map(([{ message }]) => message)
  }
}

describe('the binding is refused', () => {
  type Case = readonly [
    reason: string,
    code: string,
    confirmation: TokenConfirmation | undefined,
    presentation: Presentation,
    options: Partial<ResourceServerOptions>,
  ]

  test.each<Case>([
    [
      'the token has no cnf, but was sent with the DPoP scheme',
      'binding_required',
      undefined,
      withProof(),
      {},
    ],
    [
      "the token has no cnf, and dpop is 'required'",
      'binding_required',
      undefined,
      bearer(),
      { dpop: 'required' },
    ],
    [
      'the token was sent with the DPoP scheme, but has no cnf.jkt',
      'binding_required',
      x5t,
      withProof(),
      {},
    ],
    [
      "the token has no cnf.jkt, and dpop is 'required'",
      'binding_required',
      x5t,
      bearer({ certificate }),
      { dpop: 'required' },
    ],
    [
      "the token has cnf.jkt, but dpop is 'off'",
      'binding_unsupported',
      { jkt },
      withProof(),
      { dpop: 'off' },
    ],
    [
      "the token has cnf.jkt, but bound tokens are not accepted with 'credential'",
      'binding_unsupported',
      { jkt },
      bearer(),
      { credential: fromHeader('X-Token') },
    ],
    [
      'the token has cnf.jkt, but was sent with the Bearer scheme',
      'binding_unproven',
      { jkt },
      bearer(),
      {},
    ],
    ["the token has cnf.x5t#S256, but 'mtls' is not set", 'binding_unsupported', x5t, bearer(), {}],
    [
      'the token has cnf.x5t#S256, but the connection does not use TLS',
      'binding_unproven',
      x5t,
      bearer(),
      { mtls: { from: 'socket' } },
    ],
    [
      'the client certificate is not the one in cnf.x5t#S256',
      'binding_mismatch',
      { 'x5t#S256': sha256('another') },
      bearer({ certificate }),
      {},
    ],
    [
      'the key of the proof is not the one in cnf.jkt',
      'binding_mismatch',
      { jkt },
      withProof({}, clientKey()),
      {},
    ],
  ])('because %s', async (reason, code, confirmation, presentation, options) => {
    const { refusal, trace } = await run(createCheck(options), confirmation, presentation)
    expect(shown(refusal)).toEqual([code, reason, 'cnf'])
    const { scheme } = presentation
    const isTraced = confirmation !== undefined || scheme === 'DPoP'
    expect(trace).toEqual(isTraced ? expect.objectContaining({ scheme, confirmation }) : undefined)
  })
})

describe('the binding holds', () => {
  test('synchronously for a token that is not bound, and leaves no trace', () => {
    const trace = {}
    const plain = { confirmation: undefined, raw: token } as AccessToken
    expect(createCheck().check(plain, bearer(), trace)).toBeUndefined()
    expect(trace).toEqual({})
  })

  test("for a token that is not bound with DPoP, if dpop is 'off'", async () => {
    const check = createCheck({ dpop: 'off' })
    expect((await run(check, undefined, bearer())).refusal).toBeUndefined()
    expect((await run(check, x5t, bearer({ certificate }))).refusal).toBeUndefined()
  })

  test('with the proof of the key, which is in the trace', async () => {
    const { refusal, trace } = await run(createCheck(), { jkt }, withProof())
    expect(refusal).toBeUndefined()
    expect(trace).toMatchObject({ scheme: 'DPoP', confirmation: { jkt }, proof: { claims: {} } })
    expect(trace).not.toHaveProperty('nonce')
  })

  test('with the certificate that the caller knows', async () => {
    const { refusal, trace } = await run(createCheck(), x5t, bearer({ certificate }))
    expect(refusal).toBeUndefined()
    expect(trace).toEqual({ scheme: 'Bearer', confirmation: x5t })
  })

  test('with the certificate of the socket', async () => {
    const check = createCheck({ mtls: { from: 'socket' } })
    const connection = () => ({ getPeerCertificate: () => ({ raw: certificate }) })
    expect((await run(check, x5t, bearer({ connection }))).refusal).toBeUndefined()
  })

  test('without a certificate if a gateway checks it, which is in the trace', async () => {
    const check = createCheck({ mtls: { checkedBy: 'gateway' } })
    const { refusal, trace } = await run(check, x5t, bearer())
    expect(refusal).toBeUndefined()
    expect(trace).toEqual({ scheme: 'Bearer', confirmation: x5t, checkedBy: 'gateway' })
  })

  test('only with both for a token that is bound to both', async () => {
    const both = { jkt, ...x5t }
    expect((await run(createCheck(), both, withProof())).refusal?.code).toBe('binding_unsupported')
    const presentation = { ...withProof(), certificate }
    expect((await run(createCheck(), both, presentation)).refusal).toBeUndefined()
    const ofAnother = { ...withProof({}, clientKey()), certificate }
    expect((await run(createCheck(), both, ofAnother)).refusal?.code).toBe('binding_mismatch')
  })
})

describe('a warning is printed', () => {
  const options = { issuer: 'https://as.example', audience: 'a' }
  const withoutUrl = (log: 'warnings' | 'off'): BindingCheck =>
    new BindingCheck(createPolicy({ ...options, log }, 'resource server'))

  test('once for tokens that are refused because no URL is configured', async () => {
    const warnings = await collectWarnings()
    const check = withoutUrl('warnings')
    for (const _ of [1, 2]) {
      // oxlint-disable-next-line no-await-in-loop -- one request at a time
      expect(shown((await run(check, { jkt }, withProof())).refusal)).toEqual([
        'binding_unsupported',
        "the token has cnf.jkt, but neither 'publicUrl' nor 'resource' is set",
        'cnf',
      ])
    }
    expect(await warnings()).toEqual([
      "A token that is bound to a key with DPoP was refused, because neither 'publicUrl' nor 'resource' is set. Set publicUrl.",
    ])
  })

  test('if a gateway checks certificates', async () => {
    const warnings = await collectWarnings()
    createCheck({ mtls: { checkedBy: 'gateway' } })
    createCheck({ mtls: { from: 'socket' } })
    createCheck()
    expect(await warnings()).toEqual([
      "mtls: { checkedBy: 'gateway' } is set: tokens that are bound to a certificate are accepted without comparing the certificate.",
    ])
  })

  test("neither with log: 'off', nor if dpop is 'off'", async () => {
    const warnings = await collectWarnings()
    createCheck({ mtls: { checkedBy: 'gateway' }, log: 'off' })
    await run(withoutUrl('off'), { jkt }, withProof())
    await run(createCheck({ dpop: 'off' }), { jkt }, withProof())
    expect(await warnings()).toEqual([])
  })
})

describe('a used proof', () => {
  test('is refused, with the reason', async () => {
    const check = createCheck()
    const presentation = withProof()
    expect((await run(check, { jkt }, presentation)).refusal).toBeUndefined()
    expect(shown((await run(check, { jkt }, presentation)).refusal)).toEqual([
      'proof_replayed',
      'the proof was used before',
      undefined,
    ])
  })

  // One key can use up to half of the store. 8438 ms and 20 s are one sixteenth of the longest time for which a
  // proof can be accepted: 120 s for a nonce or maxAge, and the tolerance of clocks.
  test.each([
    [60, 8438],
    [300, 20_000],
  ])('with maxAge %i is dropped at the next multiple of %i ms', async (maxAge, width) => {
    const check = createCheck({ dpop: { maxAge, maxProofs: 2 } })
    expect((await run(check, { jkt }, withProof())).refusal).toBeUndefined()
    const expiresAt = time + (maxAge + 15) * 1000 + 1
    const dropped = Math.ceil(expiresAt / width) * width
    time = dropped - 1
    const { refusal } = await run(check, { jkt }, withProof())
    expect(shown(refusal)).toEqual([
      'replay_store_unavailable',
      'the store of used proofs is unavailable: one key has used half of the store',
      undefined,
    ])
    expect(refusal?.detail.retryAfter).toBe(1)
    time = dropped
    expect((await run(check, { jkt }, withProof())).refusal).toBeUndefined()
  })
})

describe('the store of used proofs', () => {
  const reasonWith = async (consume: ReplayStore['consume'], more: object = {}) => {
    const check = createCheck({ dpop: { store: { consume, ...more } } })
    return (await run(check, { jkt }, withProof())).refusal
  }

  test.each<readonly [what: string, happened: string, consume: ReplayStore['consume']]>([
    ['returns a string', 'it did not return a boolean', () => 'OK' as never],
    ['resolves to undefined', 'it did not return a boolean', async () => undefined as never],
    ['rejects with an error', 'TypeError', () => Promise.reject(new TypeError('SECRET'))],
    [
      'rejects with something else',
      'Error',
      // oxlint-disable-next-line prefer-promise-reject-errors -- that is what is tested
      () => Promise.reject('SECRET'),
    ],
    [
      'throws an error with a code',
      `Error ${'x'.repeat(63)}`,
      () => {
        throw Object.assign(new Error('SECRET'), { code: `${'x'.repeat(63)}\nmore` })
      },
    ],
    [
      'throws an error with a code that is a number',
      'Error',
      () => {
        throw Object.assign(new Error('SECRET'), { code: 7 })
      },
    ],
  ])('that %s is unavailable: %s', async (_what, happened, consume) => {
    const refusal = await reasonWith(consume)
    expect(shown(refusal)).toEqual([
      'replay_store_unavailable',
      `the store of used proofs is unavailable: ${happened}`,
      undefined,
    ])
  })

  test('has one second to answer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    let called = (): void => {}
    const calling = new Promise<void>((resolve) => (called = resolve))
    let answered: unknown = 'nothing'
    const answer = reasonWith(() => (called(), new Promise(() => {}))).then(
      (refusal) => (answered = refusal?.reason),
    )
    await calling
    vi.advanceTimersByTime(999)
    await new Promise((resolve) => void setImmediate(resolve))
    expect(answered).toBe('nothing')
    vi.advanceTimersByTime(1)
    await answer
    expect(answered).toBe('the store of used proofs is unavailable: no answer within 1000 ms')
  })

  test('that answers at once is not given a timer', async () => {
    const started = vi.spyOn(globalThis, 'setTimeout')
    onTestFinished(() => void vi.restoreAllMocks())
    expect(await reasonWith(() => true)).toBeUndefined()
    expect(started).not.toHaveBeenCalled()
  })

  test('refuses a proof from before it was started', async () => {
    const since = now * 1000 + 1000
    expect(shown(await reasonWith(() => true, { since }))).toEqual([
      'proof_not_current',
      'the proof was made before the store of used proofs started',
      undefined,
    ])
    expect(await reasonWith(() => true, { since: now * 1000 })).toBeUndefined()
  })

  test('may find out, while it records a proof, that it lost its data before the proof was made', async () => {
    const state = { since: now * 1000 - 2000 }
    const restartedAt = (since: number) => async () => {
      state.since = since
      return true
    }
    const codeWith = async (consume: ReplayStore['consume']) => {
      const check = createCheck({ dpop: { store: Object.assign(state, { consume }) } })
      return (await run(check, { jkt }, withProof())).refusal?.code
    }
    expect(await codeWith(restartedAt(now * 1000 - 1000))).toBeUndefined()
    expect(await codeWith(restartedAt(now * 1000 + 1000))).toBe('proof_not_current')
  })
})

describe('with nonces', () => {
  const dpop = { nonceSecret: secret }
  const nonceFrom = async (check: BindingCheck): Promise<string> => {
    const { refusal } = await run(check, { jkt }, withProof())
    expect(shown(refusal)).toEqual(['proof_nonce_required', 'the proof has no nonce', undefined])
    return String(refusal?.detail.dpopNonce)
  }

  test('a proof needs a current one', async () => {
    const check = createCheck({ dpop })
    const nonce = await nonceFrom(check)
    const notCurrent = [
      'proof_nonce_required',
      'the nonce in the proof is not current, or is not from this service',
      undefined,
    ]
    const { refusal } = await run(check, { jkt }, withProof({ claims: { nonce: `${nonce}x` } }))
    expect(shown(refusal)).toEqual(notCurrent)
    expect(refusal?.detail.dpopNonce).toBe(nonce)
    expect((await run(check, { jkt }, withProof({ claims: { nonce } }))).refusal).toBeUndefined()
    time += 120_000
    expect((await run(check, { jkt }, withProof({ claims: { nonce } }))).refusal).toBeUndefined()
    time += 1000
    const late = await run(check, { jkt }, withProof({ claims: { nonce } }))
    expect(shown(late.refusal)).toEqual(notCurrent)
  })

  test('a proof gets a new one if the store lost its data after the nonce was issued', async () => {
    const state: { since?: number } = {}
    const consume = async () => {
      state.since = time
      return true
    }
    const check = createCheck({ dpop: { ...dpop, store: Object.assign(state, { consume }) } })
    const nonce = await nonceFrom(check)
    time += 1000
    const { refusal } = await run(check, { jkt }, withProof({ claims: { nonce } }))
    expect(shown(refusal)).toEqual([
      'proof_nonce_required',
      'the nonce in the proof was issued before the store of used proofs started',
      undefined,
    ])
    expect(refusal?.detail.dpopNonce).not.toBe(nonce)
  })

  test('each is the time and a MAC over the URLs of the service', async () => {
    const publicUrl = ['https://api.example/orders', 'https://b.example/orders']
    const nonce = await nonceFrom(createCheck({ dpop, publicUrl, prefix: 'kept' }))
    const [issued] = nonce.split('.')
    const data = `dpop-nonce https://api.example/orders https://b.example/orders ${issued}`
    const mac = createHmac('sha256', secret).update(data).digest('base64url')
    expect(nonce).toBe(`${time.toString(36)}.${mac}`)
  })

  test('a new one is in the trace once the nonce is older than 60 seconds', async () => {
    const check = createCheck({ dpop })
    const nonce = await nonceFrom(check)
    time += 60_000
    const early = await run(check, { jkt }, withProof({ claims: { nonce } }))
    expect(early.trace).not.toHaveProperty('nonce')
    time += 1000
    const later = await run(check, { jkt }, withProof({ claims: { nonce } }))
    expect(later.refusal).toBeUndefined()
    expect(later.trace?.nonce).toMatch(/^[\da-z]+\.[\w-]{43}$/)
    expect(later.trace?.nonce).not.toBe(nonce)
  })

  test('none is in the trace of a proof that was used before', async () => {
    const check = createCheck({ dpop })
    const nonce = await nonceFrom(check)
    time += 61_000
    const presentation = withProof({ claims: { nonce } })
    await run(check, { jkt }, presentation)
    const { refusal, trace } = await run(check, { jkt }, presentation)
    expect(refusal?.code).toBe('proof_replayed')
    expect(trace).not.toHaveProperty('nonce')
  })

  test('a proof is kept for as long as its nonce is accepted', async () => {
    const consume = vi.fn<ReplayStore['consume']>(() => true)
    const check = createCheck({ dpop: { ...dpop, store: { consume } } })
    const nonce = await nonceFrom(check)
    time += 30_000
    const claims = { nonce, jti: 'j' }
    expect((await run(check, { jkt }, withProof({ claims }))).refusal).toBeUndefined()
    expect(consume).toHaveBeenCalledExactlyOnceWith({
      id: sha256(`${jkt}.j`),
      jkt,
      now: time,
      expiresAt: (now + 130) * 1000 + 1,
    })
  })

  test('are accepted only by services with the same URLs and secrets', async () => {
    const nonce = await nonceFrom(createCheck({ dpop }))
    const codeAt = async (options: Partial<ResourceServerOptions>) =>
      (await run(createCheck({ dpop, ...options }), { jkt }, withProof({ claims: { nonce } })))
        .refusal?.code
    expect(await codeAt({})).toBeUndefined()
    expect(await codeAt({ dpop: { nonceSecret: [`${secret}!`, secret] } })).toBeUndefined()
    expect(await codeAt({ dpop: { nonceSecret: `${secret}!` } })).toBe('proof_nonce_required')
    const publicUrl = ['https://api.example', 'https://b.example']
    expect(await codeAt({ publicUrl })).toBe('proof_nonce_required')
    const two = createCheck({ dpop, publicUrl })
    const ofTwo = await nonceFrom(two)
    expect(
      (await run(two, { jkt }, withProof({ claims: { nonce: ofTwo } }))).refusal,
    ).toBeUndefined()
  })
})
