import {
  type Audience,
  createVerifier,
  type IssuerOptions,
  type VerificationResult,
  type VerifierOptions,
} from '@resource-server/core'
import {
  createSigningKey,
  createTestClock,
  createTestIssuer,
  type SigningKey,
} from '@resource-server/testing'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type Expected,
  expectations,
  providerOf,
  readRealTokens,
  type RealToken,
} from './real-tokens.ts'

// The payloads of tokens that Keycloak, Ory Hydra and Better Auth issued, signed again with a key of the
// tests. Each is verified with the plain URL of its issuer, and with its provider named.

const tokens = readRealTokens()
const issuer = await createTestIssuer()
afterAll(() => issuer.close())

const keys = new Map<string, SigningKey>()

/** A key for the algorithm. Symmetric algorithms get another one, because the token is refused before. */
function keyFor(algorithm: string): SigningKey {
  const name = algorithm.startsWith('HS') ? 'RS256' : algorithm
  const key = keys.get(name) ?? createSigningKey(name as 'RS256', `key-${name}`)
  keys.set(name, key)
  return key
}

type Options = Partial<Omit<VerifierOptions, 'issuer'>>

async function verify(
  { header, payload }: RealToken,
  given: IssuerOptions,
  audience: Audience,
  options: Options = {},
): Promise<VerificationResult> {
  const key = keyFor(header['alg']!)
  const jwks = { keys: [{ ...key.publicJwk, kid: header['kid'] }, issuer.key.publicJwk] }
  const clock = createTestClock(new Date(payload.iat * 1000))
  const verifier = createVerifier({
    issuer: { ...given, jwks },
    audience,
    clock,
    dpop: 'off',
    ...options,
  })
  return await verifier.check(issuer.sign({ header, payload, key }))
}

const plainOf = ({ payload }: RealToken): IssuerOptions => ({ issuer: payload.iss })
const namesOf = ({ payload: { aud = [] } }: RealToken): readonly string[] => [aud].flat()
const audienceOf = (token: RealToken, { audience }: Expected): Audience =>
  audience ?? namesOf(token)[0]!

function expectContent(
  { payload }: RealToken,
  expected: Expected,
  result: VerificationResult,
): void {
  expect(result).toMatchObject({
    ok: true,
    token: {
      subject: payload.sub,
      issuer: payload.iss,
      clientId: payload.client_id ?? payload.azp,
      scopes: payload.scope?.split(' '),
    },
  })
  if (result.ok) expect(result.token.actor?.subject).toBe(expected.actor)
}

function expectOutcome(
  token: RealToken,
  expected: Expected,
  code: string | undefined,
  result: VerificationResult,
): void {
  if (code === undefined || code === 'granted') return expectContent(token, expected, result)
  expect(result).toMatchObject({ ok: false, outcome: 'refused', code })
  if (code === expected.plain && !result.ok) expect(result.claim).toBe(expected.claim)
}

test('there are 42 tokens, and an expectation for each', () => {
  expect(tokens.map(({ file }) => file).toSorted()).toEqual(Object.keys(expectations).toSorted())
  expect(tokens).toHaveLength(42)
})

describe.each(tokens)('$file ($provider: $kind)', (token) => {
  const expected = expectations[token.file]!
  const { plain, named = plain } = expected
  const audience = audienceOf(token, expected)

  test(`with the plain URL: ${plain ?? 'granted'}`, async () => {
    const result = await verify(token, plainOf(token), audience)
    expectOutcome(token, expected, plain, result)
  })

  test(`with the provider named: ${named ?? 'granted'}`, async () => {
    const provider = providerOf(token)
    expect(provider.issuer).toBe(token.payload.iss)
    const result = await verify(token, provider, audience)
    expectOutcome(token, expected, named, result)
  })
})

const isGranted = ({ file }: RealToken): boolean => {
  const { plain, named, grantedWith } = expectations[file]!
  return [plain ?? 'granted', named].includes('granted') || grantedWith !== undefined
}

test.each(tokens.filter(isGranted))('$file is refused for another audience', async (token) => {
  const { grantedWith } = expectations[token.file]!
  const results = await Promise.all(
    [plainOf(token), providerOf(token)].map((given) =>
      verify(token, given, 'other-service', grantedWith),
    ),
  )
  expect(results).toContainEqual(expect.objectContaining({ code: 'audience_mismatch' }))
  expect(results).not.toContainEqual(expect.objectContaining({ ok: true }))
})

describe('a token that needs an option', () => {
  const needy = tokens.filter(({ file }) => expectations[file]?.grantedWith)

  test.each(needy)('is granted with it: $file', async (token) => {
    const expected = expectations[token.file]!
    for (const given of [plainOf(token), providerOf(token)]) {
      const result = await verify(token, given, audienceOf(token, expected), expected.grantedWith)
      expectContent(token, expected, result)
    }
  })
})

describe('refresh and offline tokens of Keycloak', () => {
  const others = tokens.filter(({ file }) => file === 'kc-refresh' || file === 'kc-offline')

  test.each(others)(
    'would be refused even if they had the signature RS256: $file',
    async (token) => {
      const header = { ...token.header, alg: 'RS256' }
      for (const given of [plainOf(token), providerOf(token)]) {
        const result = await verify({ ...token, header }, given, namesOf(token)[0]!)
        expect(result).toMatchObject({ code: 'not_an_access_token', claim: 'typ' })
      }
    },
  )
})

describe('an ID token without the claims that give it away', () => {
  const ids = tokens.filter(({ kind }) => kind === 'id token' || kind.endsWith('id_token'))

  test('exists for each provider', () => {
    expect(new Set(ids.map(({ provider }) => provider)).size).toBe(3)
  })

  test.each(ids)('is refused with the plain URL: $file', async (token) => {
    const { at_hash: _hash, nonce: _nonce, typ: _typ, ...payload } = token.payload
    const result = await verify({ ...token, payload }, plainOf(token), namesOf(token)[0]!)
    expect(result).toMatchObject({ code: 'not_an_access_token' })
  })
})

describe('{ only } with a token of Better Auth for a signed-in user', () => {
  const [token] = tokens.filter(({ file }) => file === 'better-auth-ES256-code')
  const only = { only: 'https://notes.example/api' }

  test('is granted if the provider is named, because its userinfo endpoint is ignored', async () => {
    expect(await verify(token!, providerOf(token!), only)).toMatchObject({ ok: true })
  })

  test('is refused with the plain URL', async () => {
    const result = await verify(token!, plainOf(token!), only)
    expect(result).toMatchObject({ code: 'audience_mismatch', claim: 'aud' })
  })
})

describe('hints for real tokens', () => {
  test.each([
    ['kc-dock-light', 'lightweight access token'],
    ['kc-dock-nobasic', 'client scope "basic"'],
    ['hydra-cc-noaud', "Ory Hydra: the parameter 'audience'"],
  ])('%s: %s', async (file, hint) => {
    const token = tokens.find((one) => one.file === file)!
    const audience = audienceOf(token, expectations[file]!)
    for (const given of [plainOf(token), providerOf(token)]) {
      const result = await verify(token, given, audience)
      expect(result).toMatchObject({ reason: expect.stringContaining(hint) })
    }
  })
})
