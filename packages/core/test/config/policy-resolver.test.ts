import { describe, expect, test } from 'vitest'
import { createPolicy, type Policy } from '../../src/config/policy.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

// resolveIssuer: what happens to the values it returns.

const [issuer, tenant] = ['https://as.example.com', 'https://tenant.example.com']
const audience = 'order-service'

const policyOf = (options: object): Policy => createPolicy(options, 'verifier')
const ask = async (answer: unknown, options: object = {}): Promise<unknown> =>
  policyOf({ audience, resolveIssuer: () => answer, ...options }).resolveIssuer?.(tenant)

test('resolveIssuer can be used with or without configured issuers', () => {
  const resolveIssuer = (): undefined => undefined
  expect(policyOf({ audience, resolveIssuer }).issuers.size).toBe(0)
  expect([...policyOf({ audience, issuer, resolveIssuer }).issuers.keys()]).toEqual([issuer])
  expect([...policyOf({ audience, issuers: [issuer], resolveIssuer }).issuers.keys()]).toEqual([
    issuer,
  ])
  expect(() => policyOf({ audience })).toThrow("'issuer' must be a string, got undefined.")
  expect(policyOf({ audience, issuer }).resolveIssuer).toBeUndefined()
  expect(() => policyOf({ audience, resolveIssuer: [issuer] })).toThrow(
    "'resolveIssuer' must be a function, got an array.",
  )
})

test('resolveIssuer receives the issuer and refuses it by returning undefined', async () => {
  const received: string[] = []
  const resolveIssuer = (iss: string): void => void received.push(iss)
  expect(await policyOf({ audience, resolveIssuer }).resolveIssuer?.(tenant)).toBeUndefined()
  expect(received).toEqual([tenant])
})

describe('what resolveIssuer returns', () => {
  test('takes precedence over the common options', async () => {
    const jwks = { keys: [{ kty: 'EC' }] }
    const common = { algorithms: ['ES256'], profile: 'rfc9068', issuer, jwks }
    const rule = { names: [audience], exclusive: false }
    expect(await ask({ issuer: tenant }, common)).toMatchObject({
      issuer: tenant,
      audience: rule,
      algorithms: ['ES256'],
      profile: { name: 'rfc9068' },
      jwks: undefined,
      jwksUri: undefined,
    })
    expect(
      await ask({ issuer: tenant }, { issuer, metadataUri: `${issuer}/metadata` }),
    ).toMatchObject({
      metadataUri: undefined,
    })
    const own = { issuer: tenant, audience: 'own', jwks }
    const elsewhere = { issuer, jwksUri: `${issuer}/jwks` }
    expect(await ask(own, elsewhere)).toMatchObject({
      audience: { names: ['own'] },
      jwks,
      jwksUri: undefined,
    })
  })

  test.each<[what: string, answer: unknown, problem: string, fix: string]>([
    [
      'another issuer',
      { issuer },
      'resolveIssuer returned a different issuer.',
      'Return { issuer } exactly as it was passed in.',
    ],
    [
      'a string',
      'yes',
      'An object of issuer options is required, got a string.',
      "Pass at least { issuer: 'https://as.example.com' }.",
    ],
    [
      'an unknown option',
      { issuer: tenant, clock: 1 },
      "Unknown issuer option 'clock'.",
      'Use one of issuer, audience, algorithms, impliedScopes, profile, metadataUri, jwksUri, jwks, introspection.',
    ],
    [
      'an issuer whose tokens are introspected',
      { issuer: tenant, introspection: { connect: () => {} } },
      "'introspection' is not available for issuers that resolveIssuer returns.",
      "Configure the issuer in 'issuers'.",
    ],
  ])('must not be %s', async (_what, answer, problem, fix) => {
    await expect(ask(answer)).rejects.toThrow(new ConfigError(problem, fix))
  })

  test('must have an issuer, even if one is configured', async () => {
    await expect(ask({}, { issuer })).rejects.toThrow("'issuer' must be a string, got undefined.")
  })
})
