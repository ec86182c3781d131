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

describe('discovery', () => {
  test.each(
    (['openid', 'oauth', 'both'] as const).flatMap((discovery) =>
      ['', '/', '/realms/test', '/realms/test/'].map((path) => ({ discovery, path })),
    ),
  )('finds the metadata ($discovery) of an issuer with the path $path', async (options) => {
    const issuer = await start(options)
    const verifier = createVerifier(optionsFor(issuer))
    expect(await verifier.check(issuer.token({ aud }))).toMatchObject({ ok: true })
  })

  test('requests the OpenID Connect URL first, and no other URL if that succeeds', async () => {
    const issuer = await start()
    const paths: string[] = []
    const fetch: VerifierOptions['fetch'] = (url, init) => {
      paths.push(new URL(url).pathname)
      return globalThis.fetch(url, init)
    }
    await createVerifier({ ...optionsFor(issuer), fetch }).warmUp()
    expect(paths).toEqual(['/.well-known/openid-configuration', '/jwks'])
  })

  test('fails if no URL has metadata: warmUp() rejects, and the outcome is unavailable', async () => {
    const issuer = await start({ discovery: 'none' })
    const verifier = createVerifier(optionsFor(issuer))
    await expect(verifier.warmUp()).rejects.toThrow(/404/)
    const result = await verifier.check(issuer.token({ aud }))
    expect(result).toMatchObject({ outcome: 'unavailable' })
  })
})

describe('metadata that', () => {
  const cases: readonly (readonly [what: string, metadata: object, message: RegExp])[] = [
    [
      'names another issuer',
      { issuer: 'https://other.example' },
      /for a different issuer: "https:\/\/other/,
    ],
    ['names no issuer', { issuer: undefined }, /does not name its issuer/],
    ['names a list of issuers', { issuer: [] }, /does not name its issuer/],
    ['has no jwks_uri', { jwks_uri: undefined }, /no valid jwks_uri/],
    ['has a jwks_uri that is a path', { jwks_uri: '/jwks' }, /no valid jwks_uri/],
    ['has a jwks_uri with a password', { jwks_uri: 'https://u:p@as.example' }, /no valid jwks_uri/],
    ['has a plain http jwks_uri', { jwks_uri: 'http://as.example/jwks' }, /must be an https URL/],
    ['has a file as jwks_uri', { jwks_uri: 'file:///etc/passwd' }, /must be an https URL/],
  ]

  test.each(cases)(
    '%s is a ConfigError at the start and metadata_rejected later',
    async (...row) => {
      const [, metadata, message] = row
      const issuer = await start({ metadata: { ...metadata } })
      const verifier = createVerifier(optionsFor(issuer))
      const error: unknown = await verifier.warmUp().catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(ConfigError)
      expect(String(error)).toMatch(message)
      const result = await verifier.check(issuer.token({ aud }))
      expect(result).toMatchObject({ outcome: 'unavailable', code: 'metadata_rejected' })
      expect(issuer.requests.keys).toBe(0)
    },
  )

  test('names an issuer that differs by a trailing slash is a ConfigError', async () => {
    const issuer = await start()
    const options = { ...optionsFor(issuer), issuer: `${issuer.url}/` }
    const error: unknown = await createVerifier(options)
      .warmUp()
      .catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).toContain('including any trailing slash')
  })
})

test('an unreachable issuer is a VerificationError, not a ConfigError', async () => {
  const issuer = await start()
  issuer.stop()
  const error: unknown = await createVerifier(optionsFor(issuer))
    .warmUp()
    .catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(VerificationError)
  expect(error).not.toBeInstanceOf(ConfigError)
})

test('an unreachable issuer does not affect other issuers', async () => {
  const up = await start()
  const down = await start()
  down.stop()
  const { clock } = up
  const verifier = createVerifier({ clock, audience: aud, issuers: [down.url, up.url] })
  expect(await verifier.check(down.token({ aud }))).toMatchObject({ code: 'keys_unavailable' })
  expect(await verifier.check(up.token({ aud }))).toMatchObject({ ok: true })
})
