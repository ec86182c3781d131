import { createTestClock, type TestIssuer } from '@resource-server/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createPolicy } from '../../src/config/policy.ts'
import type { VerifierOptions } from '../../src/index.ts'
import { createKeySource } from '../../src/jwks/create-key-source.ts'
import type { JwtRequirements, JwtResult } from '../../src/options/other-jwt.ts'
import { otherJwtVerifier } from '../../src/verify/other-jwt.ts'
import { type TrustedIssuer, untrustedIssuer } from '../../src/verify/trusted-issuer.ts'
import { aud, optionsFor, startIssuer } from '../support.ts'

const clock = createTestClock(new Date('2026-01-01T00:00:00Z'))
const issuer = await startIssuer({ clock })
const now = clock.now() / 1000
const claims = { iss: issuer.url, aud, iat: now, jti: 'j', sub: 'user-42', events: {} }

/** A logout token. Members of the header that are `undefined` are omitted. */
const logoutToken = (changes: object = {}, header: object = { typ: 'logout+jwt' }): string =>
  issuer.sign({ header: { alg: 'ES256', ...header }, payload: { ...claims, ...changes } })

function setUp(options: VerifierOptions = {}, of: TestIssuer = issuer) {
  const policy = createPolicy({ ...optionsFor(of), ...options }, 'verifier')
  const settings = policy.issuers.get(of.url)!
  const source = createKeySource(settings, policy)
  onTestFinished(() => source.close())
  const recordVerified = vi.fn<() => void>()
  const trusted: TrustedIssuer = { issuer: settings, source, recordVerified }
  const verifyJwt = otherJwtVerifier(policy, ({ claims: { iss } }) =>
    iss === of.url ? trusted : untrustedIssuer(iss, policy),
  )
  const verify = (
    jwt: unknown,
    requirements: JwtRequirements = { audience: [aud] },
  ): Promise<JwtResult> => verifyJwt(jwt, 'logout token', requirements)
  return { verify, verifyJwt, recordVerified }
}

describe('a logout token is accepted', () => {
  test.each<readonly [what: string, header: object]>([
    ['with its type', { typ: 'logout+jwt' }],
    ['with its type in another case', { typ: 'Logout+JWT' }],
    ['without a type', { typ: undefined }],
  ])('%s', async (_what, header) => {
    const { verify, recordVerified } = setUp()
    expect(await verify(logoutToken({}, header))).toEqual({ ok: true, issuer: issuer.url, claims })
    expect(recordVerified).toHaveBeenCalledOnce()
  })

  test('if it is from the only issuer that may have signed it', async () => {
    const requirements = { audience: [aud], issuer: issuer.url }
    expect(await setUp().verify(logoutToken(), requirements)).toMatchObject({ ok: true })
  })
})

describe('a logout token is refused', () => {
  const refused = (reason: unknown): object => ({ ok: false, outcome: 'refused', reason })

  test.each<readonly [reason: string, jwt: unknown]>([
    ['the token is not a string', 7],
    ['its typ is "at+jwt"', logoutToken({}, { typ: 'at+jwt' })],
    ['its alg is "HS256"', logoutToken({}, { typ: 'logout+jwt', alg: 'HS256' })],
    ['it is expired', logoutToken({ exp: now - 60 })],
    ['it has nonce', logoutToken({ nonce: 'n' })],
    ['its aud is "other", expected "order-service"', logoutToken({ aud: 'other' })],
    ['its iat is in the future', logoutToken({ iat: now + 60 })],
  ])('because %s', async (reason, jwt) => {
    expect(await setUp().verify(jwt)).toEqual(refused(reason))
  })

  test.each<readonly [what: string, jwt: string, reason: RegExp, options: VerifierOptions]>([
    [
      'is too long',
      logoutToken({ pad: 'x'.repeat(9000) }),
      /characters; maxTokenBytes is 8192/,
      {},
    ],
    ['is of an unknown issuer', logoutToken({ iss: 'https://x.example' }), /iss/, {}],
    [
      'has an algorithm that is not listed',
      logoutToken(),
      /^its alg is "ES256"$/,
      {
        algorithms: ['RS256'],
      },
    ],
    [
      'names an unknown key',
      logoutToken({}, { typ: 'logout+jwt', kid: 'x' }),
      /^no usable key of the issuer matches/,
      {},
    ],
    [
      'has an invalid signature',
      `${logoutToken().slice(0, -9)}AAAAAAAAA`,
      /^the signature is not valid/,
      {},
    ],
  ])('if it %s', async (_what, jwt, reason, options) => {
    const { verify, recordVerified } = setUp(options)
    expect(await verify(jwt)).toEqual(refused(expect.stringMatching(reason)))
    expect(recordVerified).not.toHaveBeenCalled()
  })

  test('if another issuer is required', async () => {
    const requirements = { audience: [aud], issuer: 'https://other.example' }
    expect(await setUp().verify(logoutToken(), requirements)).toEqual(
      refused('its iss is another issuer'),
    )
  })

  test('as an introspection response, which must have its own type', async () => {
    const { verifyJwt } = setUp()
    const result = verifyJwt(logoutToken({}, {}), 'introspection response', { audience: [aud] })
    expect(await result).toEqual(refused('its typ is absent'))
  })
})

describe('the result is unavailable', () => {
  test('if the keys of the issuer are', async () => {
    await using down = await startIssuer({ clock })
    down.stop()
    const jwt = down.sign({
      header: { alg: 'ES256', typ: 'logout+jwt' },
      payload: { ...claims, iss: down.url },
    })
    expect(await setUp({ log: 'off' }, down).verify(jwt)).toMatchObject({
      ok: false,
      outcome: 'unavailable',
    })
  })

  test('if something unexpected is thrown', async () => {
    const policy = createPolicy(optionsFor(issuer), 'verifier')
    const verifyJwt = otherJwtVerifier(policy, () => {
      throw new TypeError('SECRET')
    })
    expect(await verifyJwt(logoutToken(), 'logout token', { audience: [aud] })).toEqual({
      ok: false,
      outcome: 'unavailable',
      reason: 'unexpected error during verification: TypeError',
    })
  })
})
