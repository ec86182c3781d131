import { describe, expect, test } from 'vitest'
import { createGate } from '../../src/adapter.ts'
import { ConfigError, createVerifier, type VerifierOptions } from '../../src/index.ts'
import {
  audience,
  audiences,
  base,
  general,
  hosts,
  issuer,
  issuers,
  limits,
  others,
  profile,
} from './policy-cases.ts'

/** JavaScript can pass values that the types don't allow. */
const verifier = (options: unknown) => createVerifier(options as VerifierOptions)
const gate = (options: unknown) => createGate(options as VerifierOptions)

function expectMisuse(
  create: (options: unknown) => unknown,
  options: unknown,
  message: string,
): void {
  const created = (): unknown => create(options)
  expect(created).toThrow(ConfigError)
  expect(created).toThrow(message)
}

describe('createVerifier refuses', () => {
  test.each([...general, ...issuers, ...audiences, ...limits, ...others])(
    '%s',
    (_what, options, message) => {
      expectMisuse(verifier, options, message)
    },
  )

  test.each(['optional', 'ignoreOtherSchemes', 'onRefusal', 'allowPreflight', 'realm'])(
    '%s, an option for HTTP hosts only',
    (name) => {
      expectMisuse(verifier, { ...base, [name]: true }, `Unknown option '${name}'`)
    },
  )
})

test('a verifier explains that an option is for requests', () => {
  expect(() => verifier({ ...base, clockTolerance: 5, realm: 'api' })).toThrow(
    new ConfigError(
      "Unknown option 'realm': createVerifier() does not handle requests.",
      'Leave it out, or use resourceServer() from the package for your framework.',
    ),
  )
})

test('a gate says what ignoreOtherSchemes requires', () => {
  expect(() => gate({ ...base, ignoreOtherSchemes: true })).toThrow(
    new ConfigError(
      "'ignoreOtherSchemes' has no effect without optional: true.",
      'Set optional: true, or leave ignoreOtherSchemes out.',
    ),
  )
})

describe('createGate refuses', () => {
  const exceptMissing = audiences.filter(([what]) => !what.startsWith('no audience'))
  const all = [...general, ...issuers, ...exceptMissing, ...limits, ...others, ...hosts]
  test.each(all)('%s', (_what, options, message) => expectMisuse(gate, options, message))
})

test.each([
  [undefined, 'An object of options is required, got undefined.'],
  [{ issuers: [[issuer]] }, 'An object of issuer options is required, got an array.'],
])('%j gets the advice to pass an issuer', (options, problem) => {
  expect(() => verifier(options)).toThrow(
    new ConfigError(problem, "Pass at least { issuer: 'https://as.example.com' }."),
  )
})

test.each([
  'issuer',
  'issuers',
  'audience',
  'algorithms',
  'profile',
  'metadataUri',
  'jwksUri',
  'jwks',
  'clockTolerance',
  'maxLifetime',
  'maxTokenBytes',
  'maxActorDepth',
  'delegation',
  'onDecision',
  'clock',
  'fetch',
  'allowInsecureHttp',
  'optional',
  'ignoreOtherSchemes',
  'onRefusal',
  'allowPreflight',
  'realm',
])('%s: undefined is refused, because it may be a missing environment variable', (name) => {
  const rest = name === 'issuers' ? { audience } : base
  expectMisuse(gate, { ...rest, [name]: undefined }, `'${name}' is undefined. Give it a value`)
})

test('a guard that is given as an option is explained', () => {
  expect(() => gate({ ...base, requireScope: ['a'] })).toThrow(
    new ConfigError(
      "Unknown option 'requireScope': guards are not options.",
      'Use the guards that resourceServer() returns, or check the token that verify() returns.',
    ),
  )
})

describe('plain http', () => {
  test.each([
    ['http://localhost:9000', true],
    ['http://127.0.0.1', true],
    ['http://127.8.9.10:1', true],
    ['http://[::1]:9000/realms/x', true],
    ['http://localhost.example.com', false],
    ['http://127.0.0.1.example.com', false],
    ['http://[::2]', false],
    ['http://10.0.0.1', false],
    ['ftp://localhost', false],
  ])('as in %s is allowed: %s', (address, allowed) => {
    const create = (): unknown => verifier({ audience, issuer: address })
    if (allowed) expect(create).not.toThrow()
    else expect(create).toThrow(ConfigError)
  })

  test('that is not on loopback requires allowInsecureHttp', () => {
    const options = { ...base, issuer: 'http://as.internal', allowInsecureHttp: true }
    expect(() => verifier(options)).not.toThrow()
    expectMisuse(verifier, { ...options, issuer: 'ftp://as.internal' }, 'must use https')
  })
})

describe('createVerifier accepts', () => {
  test.each([
    ['a trailing slash, which counts', { ...base, issuer: `${issuer}/` }],
    ['a path', { ...base, issuer: `${issuer}/realms/x` }],
    ['a list of names', { issuer, audience: [audience, 'orders'] }],
    ['only', { issuer, audience: { only: [audience] } }],
    [
      'the largest and smallest limits',
      { ...base, clockTolerance: 600, maxLifetime: 1, maxTokenBytes: 256, maxActorDepth: 16 },
    ],
    ['no tolerance', { ...base, clockTolerance: 0 }],
    [
      'an audience for each issuer',
      {
        issuers: [
          { issuer, audience },
          { issuer: `${issuer}/b`, audience: 'b' },
        ],
      },
    ],
    ['a whole profile', { ...base, profile: { ...profile, ignoredAudiences: [] } }],
    ['options without a prototype', Object.assign(Object.create(null), base)],
  ])('%s', (_what, options) => {
    expect(() => verifier(options)).not.toThrow()
  })
})

test('an option on Object.prototype is ignored', () => {
  const polluted = Object.prototype as unknown as Record<string, unknown>
  polluted['allowInsecureHttp'] = true
  try {
    expectMisuse(verifier, { ...base, issuer: 'http://as.example.com' }, 'must use https')
  } finally {
    delete polluted['allowInsecureHttp']
  }
})
