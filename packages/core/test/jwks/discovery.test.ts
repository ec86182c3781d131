import { createTestIssuer, type TestIssuer, type TestIssuerOptions } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  ConfigError,
  createVerifier,
  VerificationError,
  type VerifierOptions,
} from '../../src/index.ts'
import { aud, optionsFor } from '../support.ts'

async function start(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const issuer = await createTestIssuer({ algorithm: 'ES256', ...options })
  onTestFinished(() => issuer.close())
  return issuer
}

describe('the metadata is found', () => {
  test.each(
    (['openid', 'oauth', 'both'] as const).flatMap((discovery) =>
      ['', '/', '/realms/test', '/realms/test/'].map((path) => ({ discovery, path })),
    ),
  )('by $discovery discovery for the path "$path"', async (options) => {
    const issuer = await start(options)
    const verifier = createVerifier(optionsFor(issuer))
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
  })

  test('at OpenID Connect first, and there alone where it is', async () => {
    const issuer = await start()
    const asked: string[] = []
    const fetch: VerifierOptions['fetch'] = (url, init) => {
      asked.push(new URL(url).pathname)
      return globalThis.fetch(url, init)
    }
    await createVerifier({ ...optionsFor(issuer), fetch }).warmUp()
    expect(asked).toEqual(['/.well-known/openid-configuration', '/jwks'])
  })

  test('at neither: no verdict, and a start that says so', async () => {
    const issuer = await start({ discovery: 'none' })
    const verifier = createVerifier(optionsFor(issuer))
    await expect(verifier.warmUp()).rejects.toThrow(/404/)
    const verdict = await verifier.check(issuer.token({ aud }))
    expect(verdict).toMatchObject({ outcome: 'unavailable' })
  })
})

describe('metadata that cannot be right', () => {
  const cases: readonly (readonly [what: string, metadata: object, says: RegExp])[] = [
    [
      'names another issuer',
      { issuer: 'https://other.example' },
      /of another issuer: "https:\/\/other/,
    ],
    ['names no issuer', { issuer: undefined }, /of another issuer: nothing/],
    ['names a list of issuers', { issuer: [] }, /of another issuer: nothing/],
    ['has no jwks_uri', { jwks_uri: undefined }, /no usable jwks_uri/],
    ['has a jwks_uri that is none', { jwks_uri: '/jwks' }, /no usable jwks_uri/],
    [
      'has a jwks_uri with a password',
      { jwks_uri: 'https://u:p@as.example' },
      /no usable jwks_uri/,
    ],
    ['has its keys on plain http', { jwks_uri: 'http://as.example/jwks' }, /not https/],
    ['has its keys in a file', { jwks_uri: 'file:///etc/passwd' }, /not https/],
  ]

  test.each(cases)('%s: a ConfigError at the start, 503 later', async (_what, metadata, says) => {
    const issuer = await start({ metadata: { ...metadata } })
    const verifier = createVerifier(optionsFor(issuer))
    const error: unknown = await verifier.warmUp().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).toMatch(says)
    const verdict = await verifier.check(issuer.token({ aud }))
    expect(verdict).toMatchObject({ outcome: 'unavailable', code: 'metadata_rejected' })
    expect(issuer.requests.keys).toBe(0)
  })

  test('differs by a slash, which counts', async () => {
    const issuer = await start()
    const options = { ...optionsFor(issuer), issuer: `${issuer.url}/` }
    const error: unknown = await createVerifier(options)
      .warmUp()
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).toContain('a trailing slash counts')
  })
})

test('an issuer that cannot be reached is no misuse: waiting may help', async () => {
  const issuer = await start()
  issuer.stop()
  const error: unknown = await createVerifier(optionsFor(issuer))
    .warmUp()
    .catch((e: unknown) => e)
  expect(error).toBeInstanceOf(VerificationError)
  expect(error).not.toBeInstanceOf(ConfigError)
})

test('one that cannot be reached leaves the others alone', async () => {
  const [up, down] = [await start(), await start()]
  down.stop()
  const { clock } = up
  const verifier = createVerifier({ clock, audience: aud, issuers: [down.url, up.url] })
  expect(await verifier.check(down.token({ aud }))).toMatchObject({ code: 'keys_unavailable' })
  expect(await verifier.check(up.token({ aud }))).toMatchObject({ ok: true })
})
