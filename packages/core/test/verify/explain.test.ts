import { createSigningKey } from '@resource-server/testing'
import { describe, expect, test } from 'vitest'
import { createVerifier, type VerifierOptions } from '../../src/index.ts'
import { explain, type Explanation, type ExplainOptions } from '../../src/verify/explain.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { claimChecks } from '../../src/token/claims.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer()
const stranger = await startIssuer()
const good = issuer.token({ aud, scope: 'orders:read' })

type Case = readonly [what: string, token: string, options?: Partial<VerifierOptions>]

const now = Math.floor(issuer.clock.now() / 1000)
const payload = { iss: issuer.url, sub: 'user-42', aud, client_id: 'web', iat: now, exp: now + 300 }
const signed = (
  claims: object,
  header: Readonly<Record<string, unknown>> = { typ: 'at+jwt' },
): string =>
  issuer.sign({ header: { alg: 'ES256', ...header }, payload: { ...payload, ...claims } })

const cases: readonly Case[] = [
  ['a good token', good],
  ['an opaque token', 'f4ke-0paque'],
  ['a token that is not a string', 7 as never],
  ['a token that is too long', good, { maxTokenBytes: 256 }],
  ['an unsigned token', issuer.forge.unsigned({ aud })],
  ['an HMAC with the public key', issuer.forge.hmacWithPublicKey({ aud })],
  ['an unknown key', issuer.forge.unknownKey({ aud })],
  ['a wrong issuer', issuer.forge.wrongIssuer({ aud })],
  ['another issuer', stranger.token({ aud })],
  ['a tampered token', issuer.forge.tampered({ aud })],
  ['an expired token', issuer.forge.expired({ aud })],
  ['an algorithm that is not listed', good, { algorithms: ['RS256'] }],
  ['another typ', signed({}, { typ: 'JOSE' })],
  ['an ID token', signed({ nonce: 'n', client_id: undefined }, { typ: 'JWT' })],
  ['no sub', signed({ sub: undefined })],
  ['a malformed sub', signed({ sub: 7 })],
  ['an expiry as text', signed({ exp: 'soon' })],
  ['a token from the future', signed({ nbf: now + 200 })],
  ['nbf after exp', signed({ nbf: now + 900 })],
  ['a long lifetime', good, { maxLifetime: 1 }],
  ['another audience', issuer.token({ aud: 'billing' })],
  ['a malformed cnf', signed({ cnf: 7 })],
  ['an unknown cnf', signed({ cnf: { kid: 'k' } })],
  ['a malformed actor', signed({ act: 'gateway' })],
  ['a required actor', good, { delegation: 'delegated' }],
  ['a malformed may_act', signed({ may_act: 7 })],
  ...[7, null, {}, ['other', 7], '', []].map((resource): Case => [
    `the audience ${JSON.stringify(resource)} in another claim`,
    signed({ aud: undefined, resource }),
    { profile: { ...defaultProfile, audienceClaims: ['resource'] } },
  ]),
]

const explainWith = (
  token: string,
  options: Partial<VerifierOptions> = {},
  how?: ExplainOptions,
): Promise<Explanation> => explain(token, { ...optionsFor(issuer), ...options }, how)

const failed = ({ checks }: Explanation): readonly string[] =>
  checks.filter(({ result }) => result === 'failed').map(({ check }) => check)

describe('the first failed check has the code of the verifier, and its reason', () => {
  test.each(cases.map(([what, ...rest]) => [what, rest] as const))(
    'for %s',
    async (_what, [token, options = {}]) => {
      const verifier = createVerifier({ ...optionsFor(issuer), ...options })
      const result = await verifier.check(token)
      verifier.close()
      const { outcome, checks } = await explainWith(token, options)
      const first = checks.find((check) => check.result === 'failed')
      expect(outcome).toBe(result.outcome)
      expect(first?.code).toBe(result.ok ? undefined : result.code)
      expect(first?.detail).toBe(result.ok ? undefined : result.reason)
      expect(first?.claim).toBe(result.ok ? undefined : result.claim)
    },
  )

  test('if the issuer is down', async () => {
    await using down = await startIssuer()
    down.stop()
    const report = await explain(down.token({ aud }), optionsFor(down))
    expect(report.outcome).toBe('unavailable')
    expect(failed(report)).toEqual(['key'])
    expect(report.checks.find(({ check }) => check === 'signature')?.result).toBe('skipped')
  })

  test('if resolveIssuer accepts the issuer', async () => {
    const { issuer: _, ...options } = optionsFor(issuer)
    const resolveIssuer = (iss: string) => (iss === issuer.url ? { issuer: iss } : undefined)
    expect((await explain(good, { ...options, resolveIssuer })).outcome).toBe('granted')
    const other = await explain(stranger.token({ aud }), { ...options, resolveIssuer })
    expect(failed(other)).toEqual(['issuer'])
    expect(other.checks.at(-1)?.result).toBe('skipped')
  })
})

test('resolveIssuer is not called with an iss that is not a string', async () => {
  const { issuer: _, ...options } = optionsFor(issuer)
  const resolveIssuer = () => expect.unreachable('resolveIssuer was called')
  const { checks } = await explain(signed({ iss: 7 }), { ...options, resolveIssuer })
  expect(checks[1]).toMatchObject({
    check: 'issuer',
    code: 'issuer_not_trusted',
    detail: "the token's iss is not a string",
  })
})

test('metadata of another issuer makes the outcome unavailable', async () => {
  const fetch = async () => Response.json({ issuer: 'https://other.example' })
  const report = await explainWith(good, { fetch })
  expect(report.outcome).toBe('unavailable')
  expect(report.checks.find(({ result }) => result === 'failed')?.code).toBe('metadata_rejected')
})

test('an issuer from resolveIssuer without an audience is a failure', async () => {
  const { issuer: _, audience: __, ...options } = optionsFor(issuer)
  const resolveIssuer = (iss: string) => ({ issuer: iss })
  const report = await explain(good, { ...options, resolveIssuer })
  expect(report.outcome).toBe('unavailable')
  expect(report.checks.at(-2)).toMatchObject({ check: 'audience', code: 'verification_failed' })
  expect(report.checks.at(-1)).toMatchObject({ detail: 'there is no audience' })
})

describe('later checks also run', () => {
  test('after the issuer and the signature failed', async () => {
    const token = stranger.token({ aud: 'billing', expiresIn: -900 })
    const report = await explainWith(token)
    expect(failed(report)).toEqual(['issuer', 'signature', 'expiry', 'audience'])
    expect(report.outcome).toBe('refused')
  })

  test('and every missing and malformed claim is named', async () => {
    const report = await explainWith(signed({ sub: undefined, aud: undefined, jti: 7, azp: '' }))
    const claims = report.checks.flatMap(({ claim }) => claim ?? [])
    expect(claims).toEqual(['aud', 'sub', 'azp', 'jti'])
    expect(report.checks.find(({ check }) => check === 'audience')?.detail).toBe(
      'aud is missing or malformed',
    )
  })

  test('but not those that read a malformed claim', async () => {
    const { checks } = await explainWith(signed({ exp: 'soon' }))
    const skipped = checks.filter(({ result }) => result === 'skipped').map(({ check }) => check)
    expect(skipped).toEqual(['expiry', 'order of times', 'lifetime'])
  })

  test('and a claim that is wrong but readable does not stop them', async () => {
    const { checks } = await explainWith(issuer.forge.expired({ aud }), { maxLifetime: 1 })
    const results = Object.fromEntries(checks.map(({ check, result }) => [check, result]))
    expect(results).toMatchObject({
      expiry: 'failed',
      'order of times': 'passed',
      lifetime: 'failed',
    })
  })

  test('unless several issuers are configured and the token is from another one', async () => {
    const { issuer: own, ...options } = optionsFor(issuer)
    const issuers = [own, 'https://other.example.com']
    const report = await explain(stranger.token({ aud }), { ...options, issuers })
    expect(report.checks.map(({ result }) => result)).toEqual(['passed', 'failed', 'skipped'])
    expect(report.checks.map(({ step }) => step)).toEqual(['parse', 'issuer', 'key'])
    expect(report.checks.at(-1)).toMatchObject({
      check: 'key, signature, and claims',
      detail: 'the issuer is not known',
    })
  })
})

describe('offline', () => {
  test('nothing is fetched, and everything else is checked', async () => {
    const fetch = (): never => expect.unreachable('a request was sent')
    const report = await explainWith(good, { fetch }, { offline: true })
    expect(report.outcome).toBe('unknown')
    const skipped = report.checks.filter(({ result }) => result === 'skipped')
    expect(skipped.map(({ check }) => check)).toEqual(['key', 'signature'])
    const expired = issuer.forge.expired({ aud })
    expect((await explainWith(expired, { fetch }, { offline: true })).outcome).toBe('refused')
  })

  test('resolveIssuer is not called', async () => {
    const { issuer: _, ...options } = optionsFor(issuer)
    const resolveIssuer = () => expect.unreachable('resolveIssuer was called')
    expect(failed(await explain(good, { ...options, resolveIssuer }, { offline: true }))).toEqual([
      'issuer',
    ])
  })

  test('fixed keys are used', async () => {
    const key = createSigningKey('ES256', 'fixed')
    const jwks = { keys: [key.publicJwk] }
    const token = issuer.sign({
      header: { typ: 'at+jwt', alg: 'ES256', kid: 'fixed' },
      payload,
      key,
    })
    const report = await explainWith(token, { jwks }, { offline: true })
    expect(report.outcome).toBe('granted')
    const forged = await explainWith(good, { jwks }, { offline: true })
    expect(failed(forged)).toEqual(['key'])
  })
})

describe('guards', () => {
  test('are reported by name', async () => {
    const guards: ExplainOptions['guards'] = (all) => [
      all.requireScope('orders:read'),
      all.requireScope('orders:write'),
      all.requireDirect(),
    ]
    const { checks, outcome } = await explainWith(good, {}, { guards })
    expect(outcome).toBe('refused')
    expect(checks.slice(-3).map(({ check, result, code }) => [check, result, code])).toEqual([
      ['requireScope(orders:read)', 'passed', undefined],
      ['requireScope(orders:write)', 'failed', 'scope_insufficient'],
      ['requireDirect', 'passed', undefined],
    ])
  })

  test('replace the audience if the first one is requireAudience', async () => {
    const token = issuer.token({ aud: 'billing' })
    const guards: ExplainOptions['guards'] = (all) => [all.requireAudience('billing')]
    const { checks, outcome } = await explainWith(token, {}, { guards })
    expect(outcome).toBe('granted')
    expect(checks.map(({ check }) => check)).not.toContain('requireAudience(billing)')
  })

  test('are all run if a later one is requireAudience', async () => {
    const token = issuer.token({ aud: 'billing' })
    const guards: ExplainOptions['guards'] = (all) => [
      all.requireAudience('billing'),
      all.requireAudience('stock'),
    ]
    expect((await explainWith(token, {}, { guards })).checks.at(-1)).toMatchObject({
      check: 'requireAudience(stock)',
      result: 'failed',
      code: 'audience_mismatch',
    })
  })

  test.each([
    ['offline', good, true],
    ['if the signature is not valid', issuer.forge.tampered({ aud, scope: 'orders:read' }), false],
    ['if the token expired', issuer.forge.expired({ aud, scope: 'orders:read' }), false],
    ['if its type is not accepted', signed({ scope: 'orders:read' }, { typ: 'JOSE' }), false],
  ])('for scopes also run %s, and others do not', async (_when, token, offline) => {
    const policy = () => expect.unreachable('user code got a token that is not verified')
    const guards: ExplainOptions['guards'] = (all) => [
      all.requireScope('orders:read'),
      all.requireAnyScope('orders:write', 'orders:delete'),
      all.requirePolicy(policy),
    ]
    const { checks } = await explainWith(token, {}, { offline, guards })
    expect(checks.slice(-3).map(({ result }) => result)).toEqual(['passed', 'failed', 'skipped'])
  })
})

test('every check has the step that it belongs to', async () => {
  const guards: ExplainOptions['guards'] = (all) => [all.requireScope('orders:read')]
  const token = signed({ cnf: { jkt: 'A'.repeat(43) }, scope: 'orders:read' })
  const { checks } = await explainWith(token, {}, { guards })
  expect(checks.map(({ check, step }) => [check, step])).toEqual([
    ['format', 'parse'],
    ['issuer', 'issuer'],
    ['algorithm', 'header'],
    ['type', 'header'],
    ['key', 'key'],
    ['signature', 'signature'],
    ...claimChecks.map(({ title }) => [title, 'claims']),
    ['actors', 'delegation'],
    ['proof', 'binding'],
    ['requireScope(orders:read)', 'guard'],
  ])
})

describe('the detail of a check', () => {
  const jwks = { keys: [createSigningKey('ES256', 'fixed').publicJwk] }
  const guards: ExplainOptions['guards'] = (all) => [
    all.requireScope('orders:read'),
    all.requirePolicy(() => true),
  ]
  const noTyp = { profile: { ...defaultProfile, types: [undefined] } }
  const bound = { cnf: { jkt: 'A'.repeat(43) } }

  test.each<
    readonly [
      check: string,
      detail: string,
      token: string,
      options: Partial<VerifierOptions>,
      how: ExplainOptions,
    ]
  >([
    ['format', 'a JWS with three segments', good, {}, {}],
    ['algorithm', '"ES256"', good, {}, {}],
    ['type', '"at+jwt"', good, {}, {}],
    ['type', 'absent', signed({}, { typ: undefined }), noTyp, {}],
    ['key', 'kid "key-1"', good, {}, {}],
    ['key', 'the only key that fits', signed({}, { typ: 'at+jwt', kid: undefined }), {}, {}],
    ['key', 'the keys are not fetched offline', good, {}, { offline: true }],
    ['key', 'the algorithm is not allowed', good, { algorithms: ['RS256'] }, {}],
    ['signature', 'valid', good, {}, {}],
    ['signature', 'the keys are not fetched offline', good, {}, { offline: true }],
    ['signature', 'the algorithm is not allowed', good, { algorithms: ['RS256'] }, {}],
    ['signature', 'there is no key to verify it with', good, { jwks }, {}],
    ['tenant', 'as required', good, {}, {}],
    ['expiry', 'exp is in 300 s', good, {}, {}],
    ['expiry', 'exp is missing or malformed', signed({ exp: 'soon' }), {}, {}],
    ['audience', `"${aud}"`, good, {}, {}],
    ['audience', `["${aud}", "billing"]`, signed({ aud: [aud, 'billing'] }), {}, {}],
    ['actors', 'the token has no actor', good, {}, {}],
    ['actors', 'the actor is "gateway"', signed({ act: { sub: 'gateway' } }), {}, {}],
    [
      'proof',
      'the token is bound to a key, so each request must prove possession of it. See Bound tokens',
      signed(bound),
      {},
      {},
    ],
    ['requireScope(orders:read)', 'met', good, {}, { guards }],
    ['requireScope(orders:read)', 'met', good, {}, { guards, offline: true }],
    ['requirePolicy', 'met', good, {}, { guards }],
    ['requirePolicy', 'the token is not verified', good, {}, { guards, offline: true }],
  ])('%s: %s', async (check, detail, token, options, how) => {
    const { checks } = await explainWith(token, options, how)
    expect(checks.find((one) => one.check === check)?.detail).toBe(detail)
  })

  test('names the issuer', async () => {
    const { checks } = await explainWith(good)
    expect(checks[1]).toMatchObject({ check: 'issuer', detail: JSON.stringify(issuer.url) })
  })

  test('says that a token without a scope claim has no scope', async () => {
    const token = signed({ undefined: 'orders:read' })
    const { checks } = await explainWith(token, {}, { guards, offline: true })
    const failure = checks.find((one) => one.check === 'requireScope(orders:read)')
    expect(failure?.code).toBe('scope_insufficient')
    expect(failure?.detail).toContain('the token lacks orders:read; it has no scope')
  })
})

test('the explanation never contains the token', async () => {
  for (const [, token, options] of cases.slice(3)) {
    const text = JSON.stringify(await explainWith(token, options))
    expect(text).not.toContain(token.split('.')[1])
    expect(text).not.toContain(token.split('.')[2] || token)
  }
})

test('a bound token is granted with a note that each request must prove its key', async () => {
  const jkt = 'A'.repeat(43)
  const { checks, outcome } = await explainWith(signed({ cnf: { jkt } }))
  expect(outcome).toBe('granted')
  expect(checks.at(-1)).toMatchObject({ check: 'proof', result: 'skipped' })
})

test.each([
  ['passes', () => true],
  [
    'throws',
    () => {
      throw new Error('a guard failed')
    },
  ],
])('no timer is left if a guard %s', async (_what, policy) => {
  const pending = new Set<() => void>()
  const schedule = (milliseconds: number, work: () => void): (() => void) => {
    const cancel = issuer.clock.schedule(milliseconds, work)
    const remove = (): void => {
      pending.delete(remove)
      cancel()
    }
    pending.add(remove)
    return remove
  }
  const guards: ExplainOptions['guards'] = ({ requirePolicy }) => [requirePolicy(policy)]
  const clock = {
    now: () => issuer.clock.now(),
    monotonic: () => issuer.clock.monotonic(),
    schedule,
  }
  await explainWith(good, { clock }, { guards }).catch(() => undefined)
  expect(pending.size).toBe(0)
})
