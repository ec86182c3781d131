import { createTestClock } from '@resource-server/testing'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { createPolicy, type Policy } from '../../src/config/policy.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import { rfc9068, rfc9068Profile } from '../../src/providers/rfc9068.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

// The policy that options result in, and the exact messages for invalid ones.

const issuer = 'https://as.example.com'
const audience = 'order-service'
const base = { issuer, audience }
const policyOf = (options: object): Policy => createPolicy(options, 'resource server')
const rule = { names: [audience], exclusive: false }

const plainIssuer = {
  issuer,
  audience: rule,
  profile: defaultProfile,
  impliedScopes: [],
  algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'],
  metadataUri: undefined,
  jwksUri: undefined,
  jwks: undefined,
}

test('every option has its default', () => {
  expect(policyOf(base)).toEqual({
    issuers: new Map([[issuer, plainIssuer]]),
    resolveIssuer: undefined,
    maxResolvedIssuers: 100,
    clockTolerance: 5,
    maxLifetime: undefined,
    maxTokenBytes: 8192,
    maxActorDepth: 8,
    delegation: 'any',
    dpop: undefined,
    mtls: undefined,
    publicUrls: { origins: [], prefix: 'stripped' },
    cache: { entries: 10_000, bytes: 33_554_432 },
    cryptography: 'native',
    onDecision: undefined,
    log: 'warnings',
    allowInsecureHttp: false,
    records: { pseudonymKey: undefined, claims: [], maxPending: 1000 },
    clock: systemClock,
    schedule: expect.any(Function),
    staleIfError: 3600,
    maxKeySetAge: 600,
    keyStore: undefined,
    fetch: expect.any(Function),
    optional: false,
    ignoreOtherSchemes: false,
    onRefusal: 'reply',
    allowPreflight: false,
    realm: 'api',
    resource: undefined,
    refusalBody: undefined,
  })
})

test('every option that is set replaces its default', () => {
  const [clock, given] = [createTestClock(), (): never => expect.unreachable()]
  const body = (): unknown => ({ contentType: 'text/plain', body: 'no' })
  const values = {
    maxResolvedIssuers: 7,
    clockTolerance: 6,
    maxLifetime: 60,
    maxTokenBytes: 512,
    maxActorDepth: 3,
    delegation: 'direct',
    cryptography: 'webcrypto',
    clock,
    onDecision: given,
    allowInsecureHttp: true,
    staleIfError: 1,
    maxKeySetAge: 3600,
    fetch: given,
    optional: true,
    ignoreOtherSchemes: true,
    onRefusal: 'throw',
    allowPreflight: true,
    realm: 'orders',
  }
  const resource = 'http://orders.internal'
  const policy = policyOf({ ...base, ...values, resource, resolveIssuer: given })
  expect(policy).toMatchObject({ ...values, resource: { identifier: resource } })
  expect(policyOf({ ...base, refusalBody: body }).refusalBody).toBe(body)
  expect(policyOf({ ...base, delegation: 'delegated' }).delegation).toBe('delegated')
})

test('a resource server has the options of a verifier and ten of its own', () => {
  const listed = (kind: 'verifier' | 'resource server'): readonly string[] => {
    try {
      createPolicy({ ...base, unknown: 1 }, kind)
    } catch (error) {
      return /Use one of (.*)\./.exec((error as Error).message)?.[1]?.split(', ') ?? []
    }
    return []
  }
  const [verifier, server] = [listed('verifier'), listed('resource server')]
  expect(verifier).toEqual([
    'issuer',
    'audience',
    'algorithms',
    'impliedScopes',
    'profile',
    'metadataUri',
    'jwksUri',
    'jwks',
    'introspection',
    'issuers',
    'resolveIssuer',
    'maxResolvedIssuers',
    'clockTolerance',
    'maxLifetime',
    'revocation',
    'maxTokenBytes',
    'maxActorDepth',
    'delegation',
    'dpop',
    'mtls',
    'cache',
    'cryptography',
    'onDecision',
    'records',
    'log',
    'allowInsecureHttp',
    'staleIfError',
    'maxKeySetAge',
    'keyStore',
    'clock',
    'fetch',
  ])
  expect(server).toEqual([
    ...verifier,
    'credential',
    'optional',
    'ignoreOtherSchemes',
    'onRefusal',
    'allowPreflight',
    'realm',
    'resource',
    'publicUrl',
    'prefix',
    'refusalBody',
  ])
})

test('the policy is frozen', () => {
  const { issuers, cache } = policyOf({ ...base, algorithms: ['ES256'] })
  const policy = issuers.get(issuer)
  expect([policyOf(base), policy, policy?.algorithms, cache].every(Object.isFrozen)).toBe(true)
})

describe('a number outside its range is refused', () => {
  test.each<[name: string, min: number, max: number, unit: string, whole?: string]>([
    ['maxResolvedIssuers', 1, 10_000, 'issuers', 'whole '],
    ['clockTolerance', 0, 600, 'seconds'],
    ['maxLifetime', 1, 10_000_000_000, 'seconds'],
    ['maxTokenBytes', 256, 1_000_000, 'bytes', 'whole '],
    ['maxActorDepth', 1, 16, 'actors', 'whole '],
    ['staleIfError', 0, 86_400, 'seconds'],
    ['maxKeySetAge', 300, 86_400, 'seconds'],
    ['cache.maxTokens', 2, 10_000_000, 'tokens', 'whole '],
    ['cache.maxBytes', 65_536, 17_179_869_184, 'bytes', 'whole '],
  ])('%s', (path, min, max, unit, whole = '') => {
    const [name = '', inner] = path.split('.')
    const policyWith = (value: number): Policy =>
      policyOf({ ...base, [name]: inner === undefined ? value : { [inner]: value } })
    for (const fits of [min, max]) expect(() => policyWith(fits)).not.toThrow()
    for (const value of [min - 1, max + 1, ...(whole ? [min + 0.5] : [])]) {
      expect(() => policyWith(value)).toThrow(
        new ConfigError(
          `'${inner ?? name}' must be a ${whole}number from ${min} to ${max}, got ${value}.`,
          `Pass a number of ${unit}.`,
        ),
      )
    }
  })
})

describe('the cache', () => {
  test.each<[given: unknown, bounds: unknown]>([
    [true, { entries: 10_000, bytes: 33_554_432 }],
    [false, undefined],
    [{}, { entries: 10_000, bytes: 33_554_432 }],
    [{ maxTokens: 2 }, { entries: 2, bytes: 33_554_432 }],
    [{ maxBytes: 65_536 }, { entries: 10_000, bytes: 65_536 }],
  ])('%j', (cache, bounds) => {
    expect(policyOf({ ...base, cache }).cache).toEqual(bounds)
  })

  test.each([null, 'no', 0])('is not %s', (cache) => {
    expect(() => policyOf({ ...base, cache })).toThrow(
      new ConfigError(
        "'cache' must be a boolean or an object.",
        'Set cache: false, or cache: { maxTokens: 10000 }.',
      ),
    )
  })

  test('has no other name', () => {
    expect(() => policyOf({ ...base, cache: { size: 1 } })).toThrow(
      new ConfigError("Unknown cache option 'size'.", 'Use one of maxTokens, maxBytes.'),
    )
    expect(() => policyOf({ ...base, cache: [] })).toThrow(
      'An object of cache options is required, got an array.',
    )
  })
})

test('the profile', () => {
  const profileOf = (profile: unknown): unknown =>
    policyOf({ ...base, profile }).issuers.get(issuer)?.profile
  expect(profileOf('rfc9068')).toBe(rfc9068Profile)
  expect(profileOf({ ...rfc9068Profile, name: 'own' })).toEqual({ ...rfc9068Profile, name: 'own' })
})

test('algorithms are listed once each, under their canonical names', () => {
  const algorithms = ['Ed25519', 'ES256', 'EdDSA', 'ES256']
  expect(policyOf({ ...base, algorithms }).issuers.get(issuer)).toMatchObject({
    algorithms: ['EdDSA', 'ES256'],
  })
  expect(() => policyOf({ ...base, algorithms: [] })).toThrow(
    new ConfigError(
      "'algorithms' must be a non-empty array of supported algorithms.",
      'Use any of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519, ML-DSA-44, ML-DSA-65, ML-DSA-87. ' +
        "Symmetric algorithms and 'none' are not supported.",
    ),
  )
})

test('algorithms that the runtime does not support are refused', () => {
  const supports = vi.fn<(operation: string, algorithm: string) => boolean>(() => false)
  vi.stubGlobal('SubtleCrypto', { supports })
  onTestFinished(() => void vi.unstubAllGlobals())
  const create = (): Policy => policyOf({ ...base, algorithms: ['ES256', 'ML-DSA-65'] })
  expect(create).toThrow(
    new ConfigError(
      "'algorithms' has ML-DSA-65, which this runtime does not support.",
      'Use Node.js 24.7 or newer, or remove it from the list.',
    ),
  )
  supports.mockReturnValue(true)
  expect(create).not.toThrow()
})

describe('several issuers', () => {
  const other = 'https://b.example.com'

  test('have their own options, and the common ones that they do not set', () => {
    const own = { issuer: other, audience: 'b', jwksUri: `${other}/jwks` }
    const common = { audience, algorithms: ['ES256'], profile: 'rfc9068' }
    const { issuers } = policyOf({
      ...common,
      issuers: [issuer, { ...own, profile: defaultProfile }],
    })
    expect([...issuers.keys()]).toEqual([issuer, other])
    expect(issuers.get(issuer)).toMatchObject({ profile: rfc9068Profile, algorithms: ['ES256'] })
    expect(issuers.get(other)).toMatchObject({
      audience: { names: ['b'] },
      jwksUri: own.jwksUri,
      algorithms: ['ES256'],
      profile: { name: 'default' },
    })
  })

  test.each<[options: object, problem: string, fix: string]>([
    [
      { issuers: [issuer, issuer] },
      `The issuer '${issuer}' is configured twice.`,
      'Configure each issuer once.',
    ],
    [
      { issuers: [issuer], jwksUri: 'https://as.example.com/jwks' },
      "'issuers' and 'jwksUri' cannot be combined.",
      "Move 'jwksUri' into an entry of 'issuers'.",
    ],
    [{ issuers: {} }, "'issuers' must be a non-empty array.", "List issuers, or set 'issuer'."],
    [{ issuers: [] }, "'issuers' must be a non-empty array.", "List issuers, or set 'issuer'."],
    [
      { issuers: [{ issuer, clock: 1 }] },
      "Unknown issuer option 'clock'.",
      'Use one of issuer, audience, algorithms, impliedScopes, profile, metadataUri, jwksUri, jwks, introspection.',
    ],
    [
      { issuer, jwksUri: 'https://as.example.com/jwks', jwks: { keys: [{}] } },
      "'jwksUri' and 'jwks' cannot be combined.",
      'Remove one of them.',
    ],
  ])('%j are refused', (options, problem, fix) => {
    expect(() => policyOf(options)).toThrow(new ConfigError(problem, fix))
  })

  test('an issuer that is an object sets its own options', () => {
    const { issuers } = policyOf({ audience, issuer: rfc9068(issuer) })
    expect(issuers.get(issuer)).toEqual({ ...plainIssuer, profile: rfc9068Profile })
    expect(() => policyOf({ audience, issuer: [issuer] })).toThrow(
      new ConfigError(
        "'issuer' must be a string, got an array.",
        "Use issuers: ['https://…', 'https://…'] for several issuers.",
      ),
    )
  })
})

describe('the policy calls', () => {
  afterEach(() => void vi.unstubAllGlobals())

  test('the current global fetch, even if it was replaced later', async () => {
    const { fetch } = policyOf(base)
    const replaced = vi.fn<() => Promise<string>>(async () => 'answer')
    vi.stubGlobal('fetch', replaced)
    const init = { method: 'GET' }
    expect(await fetch('https://as.example.com', init as never)).toBe('answer')
    expect(replaced).toHaveBeenCalledExactlyOnceWith('https://as.example.com', init)
  })

  test("the clock's own timer, with the clock as this", () => {
    const clock = {
      ...systemClock,
      calls: [] as number[],
      schedule(delay: number): () => void {
        this.calls.push(delay)
        return () => {}
      },
    }
    policyOf({ ...base, clock }).schedule(7, () => {})
    expect(clock.calls).toEqual([7])
  })
})
