import { createTestClock } from '@resource-server/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createGate, type GuardResult } from '../../src/adapter.ts'
import {
  ConfigError,
  type DecisionRecord,
  type ReplayStore,
  type ResourceServerOptions,
  createVerifier,
} from '../../src/index.ts'
import { thumbprintOf } from '../../src/jose/jwk.ts'
import { aud, responseSent, startIssuer } from '../support.ts'
import { clientKey, type ProofSpec, sha256, signProof } from '../binding/dpop-fixture.ts'

const clock = createTestClock(new Date(1_700_000_000_000))
const issuer = await startIssuer({ clock })
const key = clientKey()
const jkt = await thumbprintOf(key.jwk as { kty: string })
const publicUrl = 'https://api.example'
const secret = 'a secret of at least 32 characters'

const boundToken = (claims: object = {}): string =>
  issuer.token({ aud, scope: 'orders:read', claims: { cnf: { jkt }, ...claims } })

/** A proof for this token, made now. */
const proofFor = (token: string, { claims, ...spec }: ProofSpec = {}, by = key): string =>
  signProof(by, {
    ...spec,
    claims: { iat: clock.now() / 1000, ath: sha256(token), ...claims },
  })

function createServer(options: Partial<ResourceServerOptions> = {}) {
  const records: DecisionRecord[] = []
  const gate = createGate({
    issuer: issuer.url,
    audience: aud,
    clock,
    publicUrl,
    onDecision: (record) => void records.push(record),
    ...options,
  })
  const guards = gate.guards((guard) => guard)
  const send = async (
    headers: Readonly<Record<string, string>>,
    guard = guards.requireAuthentication(),
  ): Promise<GuardResult> => {
    const request = { method: 'GET', url: '/orders', headers: Object.entries(headers) }
    const exchange = {}
    const result = await gate.pass(exchange, request, guard)
    gate.recordDecision(exchange)
    await responseSent()
    return result
  }
  const sendDpop = (token: string, proof: string, ...rest: never[]): Promise<GuardResult> =>
    send({ authorization: `DPoP ${token}`, dpop: proof }, ...rest)
  return { gate, guards, records, send, sendDpop }
}

/** `granted`, or the status and the error of the challenge. */
function summaryOf(result: GuardResult): string {
  if (result.action !== 'reply') return result.action === 'proceed' ? 'granted' : 'thrown'
  const { status, headers } = result.reply
  const error = /error="([^"]*)"/.exec(headers['WWW-Authenticate'] ?? '')?.[1]
  return error === undefined ? String(status) : `${status} ${error}`
}

const headersOf = (result: GuardResult): Readonly<Record<string, string>> =>
  (result.action === 'reply' ? result.reply.headers : 'headers' in result && result.headers) || {}

const challengeOf = (result: GuardResult): string | undefined =>
  result.action === 'reply' ? result.reply.headers['WWW-Authenticate'] : undefined

describe('a token that is bound with DPoP', () => {
  test('is granted with its proof, and the record names the key', async () => {
    const { sendDpop, records } = createServer()
    const token = boundToken()
    expect(summaryOf(await sendDpop(token, proofFor(token)))).toBe('granted')
    expect(records[0]).toMatchObject({ outcome: 'granted', binding: { scheme: 'DPoP', jkt } })
    expect(JSON.stringify(records)).not.toContain('htu')
  })

  test('is refused a second time with the same proof, cached or not', async () => {
    const { sendDpop, records } = createServer()
    const token = boundToken()
    const proof = proofFor(token)
    expect(summaryOf(await sendDpop(token, proof))).toBe('granted')
    for (let use = 0; use < 3; use += 1) {
      expect(summaryOf(await sendDpop(token, proof))).toBe('401 invalid_dpop_proof')
      expect(summaryOf(await sendDpop(token, proofFor(token)))).toBe('granted')
    }
    expect(records.at(-2)).toMatchObject({ code: 'proof_replayed', cached: true })
  })

  test('is granted exactly once for 100 copies of one proof at once', async () => {
    const { sendDpop } = createServer()
    const token = boundToken()
    const proof = proofFor(token)
    const results = await Promise.all(Array.from({ length: 100 }, () => sendDpop(token, proof)))
    expect(results.map(summaryOf).filter((one) => one === 'granted')).toHaveLength(1)
  })

  test('uses up its proof even if the guard refuses the token', async () => {
    const { send, guards, sendDpop } = createServer()
    const token = boundToken()
    const proof = proofFor(token)
    const headers = { authorization: `DPoP ${token}`, dpop: proof }
    const forbidden = await send(headers, guards.requireScope('orders:write'))
    expect(summaryOf(forbidden)).toBe('403 insufficient_scope')
    expect(summaryOf(await sendDpop(token, proof))).toBe('401 invalid_dpop_proof')
  })

  test('does not use up a proof if the certificate is missing', async () => {
    const consume = vi.fn<ReplayStore['consume']>(async () => true)
    const { sendDpop, records } = createServer({
      mtls: { from: 'socket' },
      dpop: { store: { consume } },
    })
    const token = boundToken({ cnf: { jkt, 'x5t#S256': sha256('a certificate') } })
    expect(summaryOf(await sendDpop(token, proofFor(token)))).toBe('401 invalid_token')
    expect(records[0]?.code).toBe('binding_unproven')
    expect(consume).not.toHaveBeenCalled()
  })

  test('that is bound to a certificate is granted with the certificate of its connection', async () => {
    const certificate = Buffer.from('3003020101', 'hex')
    const { gate, guards } = createServer({ mtls: { from: 'socket' } })
    const token = boundToken({ cnf: { 'x5t#S256': sha256(certificate) } })
    const headers = [['authorization', `Bearer ${token}`]] as const
    const connection = () => ({ getPeerCertificate: () => ({ raw: certificate }) })
    const request = { method: 'GET', url: '/orders', headers, connection }
    const guard = guards.requireAuthentication()
    expect(summaryOf(await gate.pass({}, request, guard))).toBe('granted')
    const without = { ...request, connection: () => undefined }
    expect(summaryOf(await gate.pass({}, without, guard))).toBe('401 invalid_token')
  })

  test("that is bound only to a certificate is refused if dpop is 'required'", async () => {
    const { send, records } = createServer({ mtls: { from: 'socket' }, dpop: 'required' })
    const token = boundToken({ cnf: { 'x5t#S256': sha256('a certificate') } })
    await send({ authorization: `Bearer ${token}` })
    expect(records[0]?.code).toBe('binding_required')
  })

  test('does not use up a proof that is refused for another reason', async () => {
    const { sendDpop } = createServer()
    const token = boundToken()
    const claims = { jti: 'same' }
    const bad = [
      proofFor(token, { claims: { ...claims, htm: 'POST' } }),
      proofFor(token, { claims, signWith: clientKey() }),
      proofFor(token, { claims }, clientKey()),
    ]
    for (const proof of bad) expect(summaryOf(await sendDpop(token, proof))).not.toBe('granted')
    expect(summaryOf(await sendDpop(token, proofFor(token, { claims })))).toBe('granted')
  })

  test.each<readonly [string, (token: string) => Readonly<Record<string, string>>, string]>([
    ['as Bearer', (token) => ({ authorization: `Bearer ${token}` }), '401 invalid_token'],
    [
      'as Bearer with its proof',
      (token) => ({ authorization: `Bearer ${token}`, dpop: proofFor(token) }),
      '401 invalid_token',
    ],
    ['without a proof', (token) => ({ authorization: `DPoP ${token}` }), '401 invalid_dpop_proof'],
    [
      'with a proof of another key',
      (token) => ({ authorization: `DPoP ${token}`, dpop: proofFor(token, {}, clientKey()) }),
      '401 invalid_token',
    ],
    [
      'with a proof for another token',
      (token) => ({ authorization: `DPoP ${token}`, dpop: proofFor(boundToken({ jti: 'x' })) }),
      '401 invalid_dpop_proof',
    ],
  ])('is refused if it is sent %s', async (_what, headersFor, expected) => {
    const { send } = createServer()
    expect(summaryOf(await send(headersFor(boundToken())))).toBe(expected)
  })

  test('has its confirmation in the access token', async () => {
    const { gate, guards } = createServer()
    const token = boundToken()
    const request = {
      method: 'GET',
      url: '/orders',
      headers: [
        ['authorization', `DPoP ${token}`],
        ['dpop', proofFor(token)],
      ] as const,
    }
    const exchange = {}
    await gate.pass(exchange, request, guards.requireAuthentication())
    expect(gate.token(exchange)?.confirmation).toEqual({ jkt })
  })

  test('records what a refused proof names, and nothing else of it', async () => {
    const { sendDpop, records } = createServer()
    const token = boundToken()
    const claims = { htm: 'POST', htu: `https://evil.example/${'ü'.repeat(200)}`, jti: 'SECRET' }
    await sendDpop(token, proofFor(token, { claims }))
    expect(records[0]).toMatchObject({ code: 'proof_mismatch', unverified: { htm: 'POST' } })
    const shown = `https://evil.example/${String.raw`\u00fc`.repeat(17)}`
    expect(records[0]?.unverified?.htu).toBe(shown)
    expect(JSON.stringify(records)).not.toContain('SECRET')
  })
})

describe('a token that is not bound', () => {
  test('is still granted as Bearer', async () => {
    const { send } = createServer()
    const token = issuer.token({ aud })
    expect(summaryOf(await send({ authorization: `Bearer ${token}` }))).toBe('granted')
  })

  test('is refused with the DPoP scheme, even with a proof', async () => {
    const { sendDpop } = createServer()
    const token = issuer.token({ aud })
    const result = await sendDpop(token, proofFor(token))
    expect(summaryOf(result)).toBe('401 invalid_token')
    expect(challengeOf(result)).toMatch(/^Bearer realm="api", DPoP realm="api", algs=.*error=/)
  })

  test("is refused if dpop is 'required', with a DPoP challenge alone", async () => {
    const { send } = createServer({ dpop: 'required' })
    const token = issuer.token({ aud })
    const result = await send({ authorization: `Bearer ${token}` })
    expect(summaryOf(result)).toBe('401 invalid_token')
    expect(challengeOf(result)).toMatch(/^DPoP realm="api", algs="ES256 EdDSA Ed25519 RS256 PS256"/)
  })
})

describe('DPoP that is off', () => {
  test.each<readonly [string, Partial<ResourceServerOptions>, number]>([
    ['by default without a URL, and warns once', {}, 1],
    ['explicitly, without a warning', { dpop: 'off', publicUrl }, 0],
  ])('%s', async (_what, changes, warnings) => {
    const warning = vi.fn<(warning: Error) => void>()
    process.on('warning', warning)
    const records: DecisionRecord[] = []
    const onDecision = (record: DecisionRecord): void => void records.push(record)
    const gate = createGate({ issuer: issuer.url, audience: aud, clock, onDecision, ...changes })
    const guard = gate.guards((one) => one).requireAuthentication()
    for (const scheme of ['Bearer', 'Bearer', 'DPoP']) {
      const headers = [['authorization', `${scheme} ${boundToken()}`]] as const
      const result = await gate.pass({}, { method: 'GET', url: '/orders', headers }, guard)
      await responseSent()
      expect(challengeOf(result)).not.toContain('DPoP')
    }
    const found = records.map(({ code }) => code)
    const unsupported = 'credential_scheme_unsupported'
    expect(found).toEqual(['binding_unsupported', 'binding_unsupported', unsupported])
    process.off('warning', warning)
    const about = warning.mock.calls.filter(([{ message }]) => message.includes('Set publicUrl'))
    expect(about).toHaveLength(warnings)
  })
})

describe('a store of used proofs', () => {
  const answerOf = async (consume: ReplayStore['consume'], more = {}): Promise<GuardResult> => {
    const { sendDpop } = createServer({ dpop: { store: { consume, ...more } } })
    const token = boundToken()
    return sendDpop(token, proofFor(token))
  }

  test.each<readonly [string, ReplayStore['consume']]>([
    [
      'throws',
      () => {
        throw new Error('down')
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
    ['returns undefined', () => undefined as never],
    ['returns OK', async () => 'OK' as never],
    ['never answers', () => new Promise(() => {})],
  ])('that %s makes the decision unavailable', async (_what, consume) => {
    const result = await answerOf(consume)
    expect(summaryOf(result)).toBe('503')
    expect(challengeOf(result)).toBeUndefined()
  })

  test.each([
    ['Error', {}],
    ['Error ECONNREFUSED', { code: 'ECONNREFUSED' }],
  ])('leaves no message of the store in the record: %s', async (described, members) => {
    const error = Object.assign(new Error('redis://:SECRET@host'), members)
    const store = { consume: () => Promise.reject(error) }
    const { sendDpop, records } = createServer({ dpop: { store } })
    const token = boundToken()
    await sendDpop(token, proofFor(token))
    expect(records[0]?.reason).toBe(`the store of used proofs is unavailable: ${described}`)
  })

  test.each([Number.NaN, '2026-01-01T00:00:00Z', null])('cannot start at %s', (since) => {
    const store = { consume: () => true, since } as unknown as ReplayStore
    expect(() => createServer({ dpop: { store } })).toThrow("'dpop.store.since' must be a time")
  })

  test('receives the proof, its key, and the time until which to keep it', async () => {
    const consume = vi.fn<ReplayStore['consume']>(async () => true)
    expect(summaryOf(await answerOf(consume))).toBe('granted')
    const now = clock.now()
    expect(consume).toHaveBeenCalledExactlyOnceWith({
      id: expect.stringMatching(/^[\w-]{43}$/),
      jkt,
      now,
      expiresAt: now + 75_001,
    })
  })

  test('refuses a proof from before it was started', async () => {
    const consume = vi.fn<ReplayStore['consume']>(async () => true)
    const result = await answerOf(consume, { since: clock.now() + 1000 })
    expect(summaryOf(result)).toBe('401 invalid_dpop_proof')
    expect(consume).not.toHaveBeenCalled()
  })

  describe('in the second in which it was started', () => {
    const since = (): number => clock.now() + 999
    const store = { consume: () => true, since: since() }

    test('refuses a proof, because it may have been used before, and issues a nonce', async () => {
      const consume = vi.fn<ReplayStore['consume']>(async () => true)
      const { sendDpop, records } = createServer({ dpop: { store: { consume, since: since() } } })
      const token = boundToken()
      const result = await sendDpop(token, proofFor(token))
      expect(summaryOf(result)).toBe('401 use_dpop_nonce')
      expect(records[0]?.reason).toContain('in the second in which the store of used proofs')
      expect(consume).not.toHaveBeenCalled()
      const nonce = headersOf(result)['DPoP-Nonce']
      expect(summaryOf(await sendDpop(token, proofFor(token, { claims: { nonce } })))).toBe(
        'granted',
      )
      expect(consume).toHaveBeenCalledOnce()
    })

    test('does not accept the nonce of an earlier process', async () => {
      const token = boundToken()
      const earlier = await createServer({ dpop: { store } }).sendDpop(token, proofFor(token))
      const { 'DPoP-Nonce': nonce } = headersOf(earlier)
      const { sendDpop } = createServer({ dpop: { store } })
      const result = await sendDpop(token, proofFor(token, { claims: { nonce } }))
      expect(summaryOf(result)).toBe('401 use_dpop_nonce')
    })

    test('accepts a proof with a fraction in iat that is later than the start', async () => {
      const { sendDpop } = createServer({ dpop: { store } })
      const token = boundToken()
      const later = (clock.now() + 999) / 1000
      expect(summaryOf(await sendDpop(token, proofFor(token, { claims: { iat: later } })))).toBe(
        'granted',
      )
    })

    test('refuses a proof without HTTP, where no nonce can be sent', async () => {
      const verifier = createVerifier({ issuer: issuer.url, audience: aud, clock, dpop: { store } })
      const token = boundToken()
      const dpop = { proof: proofFor(token), method: 'GET', url: 'https://api.example/orders' }
      expect(await verifier.check(token, { dpop })).toMatchObject({ code: 'proof_not_current' })
    })
  })

  test('that finds out while it records a proof that it lost its data refuses older proofs', async () => {
    let since: number | undefined
    const store: ReplayStore = {
      get since() {
        return since
      },
      consume: async () => {
        since = clock.now()
        return true
      },
    }
    const { sendDpop, records } = createServer({ dpop: { store } })
    const token = boundToken()
    const older = proofFor(token, { claims: { iat: clock.now() / 1000 - 1 } })
    expect(summaryOf(await sendDpop(token, older))).toBe('401 invalid_dpop_proof')
    expect(records[0]).toMatchObject({
      code: 'proof_not_current',
      reason: 'the proof was made before the store of used proofs started',
    })
    expect(summaryOf(await sendDpop(token, proofFor(token)))).toBe('granted')
  })

  test('that is full makes the decision unavailable, and keeps what it has', async () => {
    const { sendDpop } = createServer({ dpop: { maxProofs: 2 } })
    const token = boundToken()
    const first = proofFor(token)
    expect(summaryOf(await sendDpop(token, first))).toBe('granted')
    expect(summaryOf(await sendDpop(token, proofFor(token)))).toBe('503')
    expect(summaryOf(await sendDpop(token, first))).toBe('401 invalid_dpop_proof')
    clock.advance(80)
    expect(summaryOf(await sendDpop(token, proofFor(token)))).toBe('granted')
  })
})

describe('with nonces', () => {
  const dpop = { nonceSecret: secret }
  test('a proof gets a new one if the store finds out that it lost its data', async () => {
    const state: { since?: number } = {}
    const store: ReplayStore = Object.assign(state, {
      consume: async () => {
        state.since = clock.now()
        return true
      },
    })
    const { sendDpop } = createServer({ dpop: { ...dpop, store } })
    const token = boundToken()
    const first = await sendDpop(token, proofFor(token))
    clock.advance(2)
    const nonce = headersOf(first)['DPoP-Nonce']
    const refused = await sendDpop(token, proofFor(token, { claims: { nonce } }))
    expect(summaryOf(refused)).toBe('401 use_dpop_nonce')
    const next = headersOf(refused)['DPoP-Nonce']
    expect(next).not.toBe(nonce)
    const granted = await sendDpop(token, proofFor(token, { claims: { nonce: next } }))
    expect(summaryOf(granted)).toBe('granted')
  })

  test('a proof without one gets a nonce, and is granted with it', async () => {
    const { sendDpop } = createServer({ dpop })
    const token = boundToken()
    const result = await sendDpop(token, proofFor(token, { claims: { jti: 'j' } }))
    expect(summaryOf(result)).toBe('401 use_dpop_nonce')
    const { 'DPoP-Nonce': nonce, ...others } = headersOf(result)
    expect(others).toMatchObject({
      'Access-Control-Expose-Headers': 'DPoP-Nonce, WWW-Authenticate',
      'Cache-Control': 'no-store',
    })
    const again = await sendDpop(token, proofFor(token, { claims: { jti: 'j', nonce } }))
    expect(again).toEqual({ action: 'proceed' })
  })

  test('the time of the nonce counts, and a new one is sent before it expires', async () => {
    const { sendDpop } = createServer({ dpop })
    const token = boundToken()
    const { 'DPoP-Nonce': nonce } = headersOf(await sendDpop(token, proofFor(token)))
    const iat = clock.now() / 1000 - 3600
    const send = () => sendDpop(token, proofFor(token, { claims: { nonce, iat } }))
    expect(headersOf(await send())).toEqual({})
    clock.advance(100)
    const late = await send()
    expect(summaryOf(late)).toBe('granted')
    expect(headersOf(late)['DPoP-Nonce']).toMatch(/^[\da-z]+\.[\w-]{43}$/)
    expect(headersOf(late)['DPoP-Nonce']).not.toBe(nonce)
    clock.advance(21)
    expect(summaryOf(await send())).toBe('401 use_dpop_nonce')
  })

  test('a new one is sent with the first guard of a request', async () => {
    const { gate, guards, sendDpop } = createServer({ dpop })
    const token = boundToken()
    const { 'DPoP-Nonce': nonce } = headersOf(await sendDpop(token, proofFor(token)))
    clock.advance(100)
    const proof = proofFor(token, { claims: { nonce } })
    const headers = Object.entries({ authorization: `DPoP ${token}`, dpop: proof })
    const [exchange, request] = [{}, { method: 'GET', url: '/orders', headers }]
    const first = await gate.pass(exchange, request, guards.requireAuthentication())
    expect(headersOf(first)).toHaveProperty('DPoP-Nonce')
    expect(await gate.pass(exchange, request, guards.requireDirect())).toEqual({
      action: 'proceed',
    })
  })

  test('a proof that is wrong in another way gets no nonce', async () => {
    const { sendDpop } = createServer({ dpop })
    const token = boundToken()
    const result = await sendDpop(token, proofFor(token, { claims: { htm: 'POST' } }))
    expect(summaryOf(result)).toBe('401 invalid_dpop_proof')
    expect(headersOf(result)).not.toHaveProperty('DPoP-Nonce')
  })

  test('a nonce from before a restart is renewed, because the used proofs are lost', async () => {
    const token = boundToken()
    const first = createServer({ dpop })
    const { 'DPoP-Nonce': nonce } = headersOf(await first.sendDpop(token, proofFor(token)))
    const proof = proofFor(token, { claims: { nonce } })
    expect(summaryOf(await first.sendDpop(token, proof))).toBe('granted')
    clock.advance(2)
    const restarted = createServer({ dpop })
    expect(summaryOf(await restarted.sendDpop(token, proof))).toBe('401 use_dpop_nonce')
  })

  test('a nonce that is issued in the millisecond of the start is accepted', async () => {
    for (const fraction of [0, 0.0001, 0.0005, 0.0009]) {
      clock.advance(0.007 + fraction)
      const token = boundToken()
      const { sendDpop } = createServer({ dpop })
      const { 'DPoP-Nonce': nonce } = headersOf(await sendDpop(token, proofFor(token)))
      const proof = proofFor(token, { claims: { nonce } })
      expect(summaryOf(await sendDpop(token, proof)), String(clock.now())).toBe('granted')
    }
  })

  test('a nonce from before a restart in the same second is renewed', async () => {
    const token = boundToken()
    const first = createServer({ dpop })
    const { 'DPoP-Nonce': nonce } = headersOf(await first.sendDpop(token, proofFor(token)))
    clock.advance(0.2)
    const restarted = createServer({ dpop })
    const proof = proofFor(token, { claims: { nonce } })
    const result = await restarted.sendDpop(token, proof)
    expect(summaryOf(result)).toBe('401 use_dpop_nonce')
    const renewed = headersOf(result)['DPoP-Nonce']
    const again = proofFor(token, { claims: { nonce: renewed } })
    expect(summaryOf(await restarted.sendDpop(token, again))).toBe('granted')
    clock.advance(0.8)
  })
})

// DPOP2-verifier-api:
describe('createVerifier', () => {
  const verifier = createVerifier({ issuer: issuer.url, audience: aud, clock })
  const url = 'https://api.example/orders'

  test('refuses a bound token without its proof', async () => {
    const token = boundToken()
    expect(await verifier.check(token)).toMatchObject({ code: 'binding_unproven' })
    await expect(verifier.verify(token)).rejects.toMatchObject({ category: 'refused' })
  })

  test('grants a bound token with its proof, once', async () => {
    const token = boundToken()
    const dpop = { proof: proofFor(token), method: 'GET', url }
    expect(await verifier.verify(token, { dpop })).toMatchObject({ confirmation: { jkt } })
    expect(await verifier.check(token, { dpop })).toMatchObject({ code: 'proof_replayed' })
  })

  test('grants a token that is bound to the certificate of the caller', async () => {
    const certificate = Buffer.from('3003020101', 'hex')
    const cnf = { 'x5t#S256': sha256(certificate) }
    const token = issuer.token({ aud, claims: { cnf } })
    expect(await verifier.verify(token, { certificate })).toMatchObject({ confirmation: cnf })
    const other = Buffer.from('3003020102', 'hex')
    expect(await verifier.check(token, { certificate: other })).toMatchObject({
      code: 'binding_mismatch',
    })
    expect(await verifier.check(token)).toMatchObject({ code: 'binding_unsupported' })
  })

  test.each([
    { dpop: {} },
    { dpop: { proof: 'x', method: 'GET' } },
    { dpop: { proof: 'x', url } },
    { dpop: { proof: 'x', method: '', url } },
    { certificate: 'x' },
    { proof: 'x' },
    null,
    'x',
  ])('throws a ConfigError for the presentation %j', async (presentation) => {
    const token = boundToken()
    for (const result of [
      verifier.verify(token, presentation as never),
      verifier.check(token, presentation as never),
    ]) {
      await expect(result).rejects.toBeInstanceOf(ConfigError)
      await expect(result).rejects.toThrow(/must|object/)
    }
  })
})

test.each(['0.0.0.0/0', '::/0', '::/1', '::/80', '::ffff:0:0/96', '::ffff:0.0.0.0/96'])(
  'no proxy is trusted by the block %s',
  (block) => {
    const mtls = { from: 'header', format: 'rfc9440', peers: [block] } as const
    expect(() => createServer({ mtls })).toThrow("'mtls.peers' must be")
  },
)

describe('a polluted prototype', () => {
  const pollute = (name: string, value: unknown): void => {
    // oxlint-disable-next-line no-extend-native -- the pollution is what is tested
    Object.defineProperty(Object.prototype, name, { value, configurable: true })
    onTestFinished(() => {
      delete (Object.prototype as Record<string, unknown>)[name]
    })
  }

  test('sets no URL for a proof', async () => {
    const { sendDpop } = createServer()
    const token = boundToken()
    pollute('publicUrl', 'https://evil.example/x')
    const proof = proofFor(token, { claims: { htu: 'https://evil.example/x' } })
    expect(summaryOf(await sendDpop(token, proof))).toBe('401 invalid_dpop_proof')
  })

  const certificate = Buffer.from('3003020101', 'hex')
  const certificateToken = (): string => boundToken({ cnf: { 'x5t#S256': sha256(certificate) } })
  const socketOptions = {
    issuer: issuer.url,
    audience: aud,
    clock,
    mtls: { from: 'socket' },
  } as const

  test.each(['before', 'after'])(
    'does not let a gateway check the certificate: %s',
    async (when) => {
      if (when === 'before') pollute('checkedBy', 'gateway')
      const verifier = createVerifier(socketOptions)
      if (when === 'after') pollute('checkedBy', 'gateway')
      expect(await verifier.check(certificateToken())).toMatchObject({ code: 'binding_unproven' })
    },
  )

  test('sets no certificate', async () => {
    const verifier = createVerifier(socketOptions)
    const { send } = createServer({ mtls: { from: 'socket' } })
    const token = certificateToken()
    pollute('certificate', certificate)
    expect(await verifier.check(token)).toMatchObject({ code: 'binding_unproven' })
    const headers = { authorization: `Bearer ${token}` }
    expect(summaryOf(await send(headers))).toBe('401 invalid_token')
  })
})
