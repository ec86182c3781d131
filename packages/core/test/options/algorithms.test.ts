import { describe, expect, test, vi } from 'vitest'
import { createGate } from '../../src/adapter.ts'
import {
  type Algorithm,
  algorithmNames,
  canonical,
  defaultAlgorithms,
  fitsKey,
  isAlgorithm,
  isAvailable,
  isPss,
  supportedAlgorithms,
} from '../../src/options/algorithms.ts'

const keys = [
  ['RSA', undefined],
  ['EC', 'P-256'],
  ['EC', 'P-384'],
  ['EC', 'P-521'],
  ['EC', 'secp256k1'],
  ['OKP', 'Ed25519'],
  ['OKP', 'Ed448'],
  ['OKP', 'X25519'],
  ['EC', 'Ed25519'],
  ['oct', undefined],
  ['RSA', 'P-256'],
  ['EC', undefined],
  ['OKP', undefined],
  ['AKP', undefined],
  [undefined, 'P-256'],
] as const

const rsa = ['RSA undefined', 'RSA P-256']

test.each<readonly [Algorithm, readonly string[]]>([
  ['RS256', rsa],
  ['RS384', rsa],
  ['RS512', rsa],
  ['PS256', rsa],
  ['PS384', rsa],
  ['PS512', rsa],
  ['ES256', ['EC P-256']],
  ['ES384', ['EC P-384']],
  ['ES512', ['EC P-521']],
  ['EdDSA', ['OKP Ed25519']],
  ['Ed25519', ['OKP Ed25519']],
  ['ML-DSA-44', ['AKP undefined']],
  ['ML-DSA-65', ['AKP undefined']],
  ['ML-DSA-87', ['AKP undefined']],
])('%s fits the keys %j and no others', (algorithm, fitting) => {
  const found = keys.filter(([kty, crv]) => fitsKey(algorithm, kty, crv))
  expect(found.map(([kty, crv]) => `${kty} ${crv}`)).toEqual(fitting)
})

test('supportedAlgorithms and defaultAlgorithms are asymmetric only', () => {
  expect(supportedAlgorithms).toEqual([
    'RS256',
    'RS384',
    'RS512',
    'PS256',
    'PS384',
    'PS512',
    'ES256',
    'ES384',
    'ES512',
    'EdDSA',
    'Ed25519',
    'ML-DSA-44',
    'ML-DSA-65',
    'ML-DSA-87',
  ])
  expect(defaultAlgorithms).toEqual(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])
  expect(supportedAlgorithms.every(isAlgorithm)).toBe(true)
})

const unsupported = ['none', 'HS256', 'es256', 'ES256K', '', 'toString', undefined, null, ['ES256']]
test.each(unsupported.map((name) => [name]))('%j is not a supported algorithm', (name) => {
  expect(isAlgorithm(name)).toBe(false)
  expect(fitsKey(name as Algorithm, 'EC', 'P-256')).toBe(false)
})

test('canonical() maps Ed25519 to EdDSA and keeps other names', () => {
  expect(canonical('Ed25519')).toBe('EdDSA')
  expect(canonical('EdDSA')).toBe('EdDSA')
  expect(canonical('RS256')).toBe('RS256')
})

describe('ML-DSA', () => {
  const base = { issuer: 'https://as.example.com', publicUrl: 'https://api.example.com' }
  const create = (algorithm: Algorithm) => [
    () => createGate({ ...base, algorithms: ['ES256', algorithm] }),
    () => createGate({ ...base, dpop: { algorithms: ['ES256', algorithm] } }),
  ]

  test.each<readonly [string, unknown]>([
    ['WebCrypto does not say what it supports', {}],
    ['WebCrypto does not support it', { supports: () => false }],
    ['there is no SubtleCrypto', undefined],
  ])('is a ConfigError if %s', (_what, subtle) => {
    vi.stubGlobal('SubtleCrypto', subtle)
    for (const algorithm of ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] as const) {
      const [forTokens, forProofs] = create(algorithm)
      expect(forTokens).toThrow(
        `'algorithms' has ${algorithm}, which this runtime does not support`,
      )
      expect(forProofs).toThrow(`'dpop.algorithms' has ${algorithm}, which this runtime`)
    }
  })

  test('is accepted if the runtime supports it', () => {
    const supports = vi.fn<() => boolean>(() => true)
    vi.stubGlobal('SubtleCrypto', { supports })
    for (const make of create('ML-DSA-65')) expect(make).not.toThrow()
    expect(supports).toHaveBeenCalledWith('verify', 'ML-DSA-65')
  })

  test('is not asked for with other algorithms', () => {
    vi.stubGlobal('SubtleCrypto', undefined)
    expect(isAvailable('ES256')).toBe(true)
  })
})

test('algorithmNames adds the synonym of EdDSA, and keeps the order', () => {
  expect(algorithmNames(['RS256', 'EdDSA', 'ES256'])).toEqual([
    'RS256',
    'EdDSA',
    'Ed25519',
    'ES256',
  ])
  expect(algorithmNames([])).toEqual([])
})

test('isPss is true for RSA with PSS padding only', () => {
  const pss = supportedAlgorithms.filter((name) => isPss(name as Algorithm))
  expect(pss).toEqual(['PS256', 'PS384', 'PS512'])
})
