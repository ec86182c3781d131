import { describe, expect, test } from 'vitest'
import { createVerifier, type VerifierOptions } from '../../src/index.ts'
import { createPolicy } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { checkHeader, untrustedIssuer } from '../../src/verify/trusted-issuer.ts'
import { aud, outcomeFor, optionsFor, startIssuer } from '../support.ts'

const issuer = await startIssuer({ path: '/realms/test' })
const outcomeOf = outcomeFor(issuer)
const outcomeOfIss = (iss: unknown) => outcomeOf(issuer.token({ aud, claims: { iss } }))
const outcomeOfHeader = (header: object, options = {}) =>
  outcomeOf(issuer.token({ aud, header: { ...header } }), options)

describe('the issuer', () => {
  test('is trusted if iss is exactly the configured one', async () => {
    expect(await outcomeOfIss(issuer.url)).toBe('granted')
  })

  test.each([
    ['a trailing slash', `${issuer.url}/`],
    ['a parent path', issuer.url.replace('/test', '')],
    ['a longer path', `${issuer.url}/x`],
    ['another case', issuer.url.replace('realms', 'Realms')],
    ['another name of the same host', issuer.url.replace('127.0.0.1', 'localhost')],
    ['leading white space', ` ${issuer.url}`],
    ['a percent-encoded letter', issuer.url.replace('realms', '%72ealms')],
    ['an array', [issuer.url]],
    ['an object', { 0: issuer.url }],
    ['null', null],
    ['a name that objects inherit', 'constructor'],
    ['an empty string', ''],
  ])('is not trusted if iss differs: %s', async (_what, iss) => {
    expect(await outcomeOfIss(iss)).toBe('issuer_not_trusted')
  })

  test('that differs by a trailing slash is reported to the operator', async () => {
    const verifier = createVerifier({ ...optionsFor(issuer), issuer: `${issuer.url}/` })
    const result = await verifier.check(issuer.token({ aud }))
    expect(result).toMatchObject({ reason: expect.stringContaining('differ by a trailing slash') })
  })

  test('is checked before anything is fetched', async () => {
    await using other = await startIssuer()
    await createVerifier(optionsFor(other)).check(issuer.token({ aud }))
    expect(other.requests).toEqual({ discovery: 0, keys: 0 })
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

  test.each(all)('%s is accepted by default', async (typ) => {
    expect(await outcomeOfHeader({ typ })).toBe('granted')
  })

  test.each(all)('%s is accepted with the profile rfc9068 only if it is at+jwt', async (typ) => {
    const expected = typ?.toLowerCase().includes('at+jwt') ? 'granted' : 'type_not_accepted'
    expect(await outcomeOfHeader({ typ }, { profile: 'rfc9068' })).toBe(expected)
  })

  test.each([
    'dpop+jwt',
    'logout+jwt',
    'id+jwt',
    'secevent+jwt',
    'token-introspection+jwt',
    'JWS',
    '',
    'at+jwt ',
    'application/jwt',
    'at jwt',
    'null',
  ])('"%s" is refused', async (typ) => {
    expect(await outcomeOfHeader({ typ })).toBe('type_not_accepted')
  })
})

describe('the algorithm', () => {
  test.each(['none', 'None', 'HS256', 'HS512', 'es256', 'ES256 ', 'ES256K', '', 'toString'])(
    '"%s" is never allowed',
    async (alg) => {
      expect(await outcomeOfHeader({ alg })).toBe('algorithm_not_allowed')
    },
  )

  test.each(['RS384', 'RS512', 'PS384', 'PS512', 'ES512'])(
    '%s is allowed only if it is configured',
    async (alg) => {
      expect(await outcomeOfHeader({ alg })).toBe('algorithm_not_allowed')
      const algorithms = [alg, 'ES256']
      expect(await outcomeOfHeader({ alg }, { algorithms })).toBe('key_not_found')
    },
  )

  test('is refused if other algorithms are configured', async () => {
    expect(await outcomeOf(issuer.token({ aud }), { algorithms: ['RS256'] })).toBe(
      'algorithm_not_allowed',
    )
  })

  test.each(['EdDSA', 'Ed25519'] as const)(
    '%s can be configured as EdDSA and as Ed25519',
    async (algorithm) => {
      await using other = await startIssuer({ algorithm })
      for (const name of ['EdDSA', 'Ed25519'] as const)
        expect(await outcomeFor(other)(other.token({ aud }), { algorithms: [name] })).toBe(
          'granted',
        )
      expect(await outcomeFor(other)(other.token({ aud }))).toBe('granted')
    },
  )
})

describe('with several issuers', () => {
  test('each has its own audience and algorithms', async () => {
    await using other = await startIssuer({ algorithm: 'RS256', clock: issuer.clock })
    const verifier = createVerifier({
      clock: issuer.clock,
      audience: 'orders',
      issuers: [issuer.url, { issuer: other.url, audience: 'stock', algorithms: ['RS256'] }],
    })
    const outcomes = [issuer, other].flatMap((one) =>
      ['orders', 'stock'].map(async (name) => (await verifier.check(one.token({ aud: name }))).ok),
    )
    expect(await Promise.all(outcomes)).toEqual([true, false, false, true])
  })

  test('the key of one issuer does not verify a token of another with the same kid', async () => {
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

describe('the reason', () => {
  const [a, b] = ['https://a.example.com', 'https://b.example.com/']
  const policyOf = (options: VerifierOptions) =>
    createPolicy({ audience: aud, ...options }, 'verifier')
  const expected = `expected one of ["${a}", "${b}"]`
  const slash = "They differ by a trailing slash. Set 'issuer' exactly as in the token"

  test.each<readonly [iss: unknown, reason: string]>([
    [undefined, `the token has no iss, ${expected}`],
    [null, `the token's iss is not a string, ${expected}`],
    [[a], `the token's iss is not a string, ${expected}`],
    [{ toString: 1 }, `the token's iss is not a string, ${expected}`],
    ['', `the token's iss is "", ${expected}`],
    ['https://c.example.com', `the token's iss is "https://c.example.com", ${expected}`],
    [`${a}/`, `the token's iss is "${a}/", ${expected}. ${slash}`],
    ['https://b.example.com', `the token's iss is "https://b.example.com", ${expected}. ${slash}`],
  ])('for the iss %j is: %s', (iss, reason) => {
    const found = untrustedIssuer(iss, policyOf({ issuers: [a, b] }))
    expect(found).toMatchObject({ code: 'issuer_not_trusted', reason })
  })

  const otherType =
    "and the profile 'default' accepts at+jwt, absent. If the issuer's access tokens have another typ, add it " +
    "in lowercase to 'types' with extend(profile, { types: [ … ] }); undefined means no typ"

  test.each<
    readonly [header: { readonly alg: string; readonly typ?: string }, code: string, reason: string]
  >([
    ...(
      [
        ['none', 'A token without a signature is never accepted'],
        ['None', 'A token without a signature is never accepted'],
        ['RS512', "If the issuer uses it, add it to 'algorithms'"],
        [
          'HS256',
          'Symmetric algorithms are not supported: have the issuer sign with RS256 or ES256',
        ],
        ['Ed448', "It cannot be added to 'algorithms', because it is not supported"],
        ['XHS256', "It cannot be added to 'algorithms', because it is not supported"],
        ['HS256x', "It cannot be added to 'algorithms', because it is not supported"],
      ] as const
    ).map(
      ([alg, advice]) =>
        [
          { alg },
          'algorithm_not_allowed',
          `the token's alg is "${alg}", expected one of ES256, EdDSA. ${advice}`,
        ] as const,
    ),
    [
      { alg: 'x\u202e' },
      'algorithm_not_allowed',
      String.raw`the token's alg is "x\u202e", expected one of ES256, EdDSA. It cannot be added to 'algorithms', because it is not supported`,
    ],
    [
      { alg: 'ES256', typ: 'dpop+jwt' },
      'type_not_accepted',
      `the token's typ is "dpop+jwt", ${otherType}`,
    ],
    [
      { alg: 'ES256', typ: 'a"\n' },
      'type_not_accepted',
      `the token's typ is ${String.raw`"a\"\u000a"`}, ${otherType}`,
    ],
  ])('for the header %j is %s: %s', (header, code, reason) => {
    const profile = { ...defaultProfile, types: ['at+jwt', undefined] }
    const policy = policyOf({ issuer: a, algorithms: ['ES256', 'Ed25519'], profile })
    const found = checkHeader({ kid: undefined, typ: undefined, ...header }, policy.issuers.get(a)!)
    expect(found).toMatchObject({ code, reason })
  })

  test('names a typ that is absent', () => {
    const profile = { ...defaultProfile, types: ['at+jwt'] }
    const policy = policyOf({ issuer: a, algorithms: ['ES256'], profile })
    const header = { alg: 'ES256', kid: undefined, typ: undefined }
    expect(checkHeader(header, policy.issuers.get(a)!)?.reason).toMatch(
      /^the token has no typ, and the profile 'default' accepts at\+jwt\. /,
    )
  })
})
