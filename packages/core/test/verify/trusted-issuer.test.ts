import { describe, expect, test } from 'vitest'
import { createVerifier, type VerifierOptions } from '../../src/index.ts'
import type { Unverified } from '../../src/jose/jws.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { checkHeader, trustedIssuer } from '../../src/verify/trusted-issuer.ts'
import { aud, judgeFor, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer({ path: '/realms/test' })
const judge = judgeFor(issuer)
const judgeIss = (iss: unknown) => judge(issuer.token({ aud, claims: { iss } }))
const judgeHeader = (header: object, options = {}) =>
  judge(issuer.token({ aud, header: { ...header } }), options)

describe('the issuer is compared letter by letter', () => {
  test('and the configured one is trusted', async () => {
    expect(await judgeIss(issuer.url)).toBe('granted')
  })

  test.each([
    ['a trailing slash', `${issuer.url}/`],
    ['a parent', issuer.url.replace('/test', '')],
    ['a child', `${issuer.url}/x`],
    ['other letters', issuer.url.replace('realms', 'Realms')],
    ['another host of the same name', issuer.url.replace('127.0.0.1', 'localhost')],
    ['white space', ` ${issuer.url}`],
    ['an escape', issuer.url.replace('realms', '%72ealms')],
    ['a list', [issuer.url]],
    ['an object', { 0: issuer.url }],
    ['null', null],
    ['a name that objects inherit', 'constructor'],
    ['nothing', ''],
  ])('so %s makes another one', async (_what, iss) => {
    expect(await judgeIss(iss)).toBe('issuer_not_trusted')
  })

  test('and the operator is told where only the slash differs', async () => {
    const verifier = createVerifier({ ...optionsFor(issuer), issuer: `${issuer.url}/` })
    const verdict = await verifier.check(issuer.token({ aud }))
    expect(verdict).toMatchObject({ reason: expect.stringContaining('differ by a trailing slash') })
  })

  test('before anything is fetched', async () => {
    await using asked = await startIssuer()
    await createVerifier(optionsFor(asked)).check(issuer.token({ aud }))
    expect(asked.requests).toEqual({ discovery: 0, keys: 0 })
  })
})

describe('the type of the token', () => {
  const all = [
    'at+jwt',
    'AT+JWT',
    'application/at+jwt',
    'Application/AT+JWT',
    'JWT',
    'jwt',
    undefined,
  ]

  test.each(all)('%s is usual', async (typ) => {
    expect(await judgeHeader({ typ })).toBe('granted')
  })

  test.each(all)('%s, under RFC 9068', async (typ) => {
    const wanted = typ?.toLowerCase().includes('at+jwt') ? 'granted' : 'type_not_accepted'
    expect(await judgeHeader({ typ }, { profile: 'rfc9068' })).toBe(wanted)
  })

  test.each([
    ...['dpop+jwt', 'logout+jwt', 'id+jwt', 'secevent+jwt', 'token-introspection+jwt', 'JWS', ''],
    ...['at+jwt ', 'application/jwt', 'at jwt', 'null'],
  ])('%s is of another kind', async (typ) => {
    expect(await judgeHeader({ typ })).toBe('type_not_accepted')
  })
})

describe('the algorithm', () => {
  test.each(['none', 'None', 'HS256', 'HS512', 'es256', 'ES256 ', 'ES256K', '', 'toString'])(
    '%s is never allowed',
    async (alg) => {
      expect(await judgeHeader({ alg })).toBe('algorithm_not_allowed')
    },
  )

  test.each(['RS384', 'RS512', 'PS384', 'PS512', 'ES512'])(
    '%s is allowed if it is listed',
    async (alg) => {
      expect(await judgeHeader({ alg })).toBe('algorithm_not_allowed')
      expect(await judgeHeader({ alg }, { algorithms: [alg, 'ES256'] })).toBe('key_not_found')
    },
  )

  test('that was not chosen is refused', async () => {
    expect(await judge(issuer.token({ aud }), { algorithms: ['RS256'] })).toBe(
      'algorithm_not_allowed',
    )
  })

  test.each(['EdDSA', 'Ed25519'] as const)('%s goes by two names', async (algorithm) => {
    await using other = await startIssuer({ algorithm })
    for (const chosen of ['EdDSA', 'Ed25519'] as const)
      expect(await judgeFor(other)(other.token({ aud }), { algorithms: [chosen] })).toBe('granted')
    expect(await judgeFor(other)(other.token({ aud }))).toBe('granted')
  })
})

describe('of several issuers', () => {
  test('each has its own audience and algorithms', async () => {
    await using other = await startIssuer({ algorithm: 'RS256', clock: issuer.clock })
    const verifier = createVerifier({
      ...{ clock: issuer.clock, audience: 'orders' },
      issuers: [issuer.url, { issuer: other.url, audience: 'stock', algorithms: ['RS256'] }],
    })
    const outcomes = [issuer, other].flatMap((one) =>
      ['orders', 'stock'].map(async (name) => (await verifier.check(one.token({ aud: name }))).ok),
    )
    expect(await Promise.all(outcomes)).toEqual([true, false, false, true])
  })

  test("none verifies another's token, though their keys have the same names", async () => {
    await using other = await startIssuer({ clock: issuer.clock })
    const { clock } = issuer
    const verifier = createVerifier({ clock, audience: aud, issuers: [issuer.url, other.url] })
    expect(other.key.kid).toBe(issuer.key.kid)
    const crossed = issuer.token({ aud, claims: { iss: other.url } })
    expect(await verifier.check(crossed)).toMatchObject({ code: 'signature_invalid' })
    expect(await verifier.check(other.token({ aud }))).toMatchObject({ ok: true })
    expect(await verifier.check(crossed)).toMatchObject({ code: 'signature_invalid' })
  })
})

describe('what the operator reads', () => {
  const [a, b] = ['https://a.example.com', 'https://b.example.com/']
  const policyOf = (options: VerifierOptions) =>
    createPolicy({ audience: aud, ...options }, 'verifier')
  const twin = (known: string): string =>
    `the token's iss and the configured issuer '${known}' differ by a trailing slash: configure it as in the token`

  test.each<readonly [iss: unknown, reason: string]>([
    [undefined, 'the token has no iss'],
    [null, "the token's iss is not a string"],
    [[a], "the token's iss is not a string"],
    ['', "the token's iss is none of the configured issuers"],
    ['https://c.example.com', "the token's iss is none of the configured issuers"],
    [`${a}//`, "the token's iss is none of the configured issuers"],
    [`${a}/`, twin(a)],
    ['https://b.example.com', twin(b)],
  ])('of the iss %j: %s', (iss, reason) => {
    const token = { claims: { iss } } as unknown as Unverified
    const found = trustedIssuer(token, policyOf({ issuers: [a, b] }))
    expect(found).toMatchObject({ code: 'issuer_not_trusted', reason })
  })

  test('nothing, of one that is configured', () => {
    const policy = policyOf({ issuers: [a, b] })
    const token = { claims: { iss: b } } as unknown as Unverified
    expect(trustedIssuer(token, policy)).toBe(policy.issuers.get(b))
  })

  test.each([
    [{ alg: 'none' }, 'algorithm_not_allowed', "the token's alg is none of ES256, EdDSA"],
    [{ alg: 'RS256' }, 'algorithm_not_allowed', "the token's alg is none of ES256, EdDSA"],
    [
      { alg: 'ES256', typ: 'dpop+jwt' },
      'type_not_accepted',
      "the token's typ is none of at+jwt, absent",
    ],
  ])('of the header %j: %s: %s', (header, code, reason) => {
    const profile = { ...defaultProfile, types: ['at+jwt', undefined] }
    const policy = policyOf({ issuer: a, algorithms: ['ES256', 'Ed25519'], profile })
    const found = checkHeader({ kid: undefined, typ: undefined, ...header }, policy.issuers.get(a)!)
    expect(found).toMatchObject({ code, reason })
  })
})
