import { describe, expect, test } from 'vitest'
import { createPolicy, optionNames, type Policy } from '../../src/config/policy.ts'
import { ConfigError } from '../../src/errors/refusal.ts'

// A rule for issuers that are not known in advance: what becomes of its answers.

const [issuer, tenant] = ['https://as.example.com', 'https://tenant.example.com']
const audience = 'order-service'

const policyOf = (options: object): Policy => createPolicy(options, optionNames.verifier)
const ask = async (answer: unknown, options: object = {}): Promise<unknown> =>
  policyOf({ audience, resolveIssuer: () => answer, ...options }).resolveIssuer?.(tenant)

test('a rule needs no issuer beside it, and may have one', () => {
  const resolveIssuer = (): undefined => undefined
  expect(policyOf({ audience, resolveIssuer }).issuers.size).toBe(0)
  expect([...policyOf({ audience, issuer, resolveIssuer }).issuers.keys()]).toEqual([issuer])
  expect([...policyOf({ audience, issuers: [issuer], resolveIssuer }).issuers.keys()]).toEqual([
    issuer,
  ])
  expect(() => policyOf({ audience })).toThrow("'issuer' is not a string.")
  expect(policyOf({ audience, issuer }).resolveIssuer).toBeUndefined()
  expect(() => policyOf({ audience, resolveIssuer: [issuer] })).toThrow(
    "'resolveIssuer' is not a function.",
  )
})

test('it is asked about the issuer, and undefined is a no', async () => {
  const asked: string[] = []
  const rule = (iss: string): void => void asked.push(iss)
  expect(await policyOf({ audience, resolveIssuer: rule }).resolveIssuer?.(tenant)).toBeUndefined()
  expect(asked).toEqual([tenant])
})

describe('its answer', () => {
  test('stands over the common options', async () => {
    const jwks = { keys: [{ kty: 'EC' }] }
    const common = { algorithms: ['ES256'], profile: 'rfc9068', issuer, jwks }
    const rule = { names: [audience], exclusive: false }
    expect(await ask({ issuer: tenant }, common)).toMatchObject({
      ...{ issuer: tenant, audience: rule, algorithms: ['ES256'], profile: { name: 'rfc9068' } },
      ...{ jwks: undefined, jwksUri: undefined },
    })
    const own = { issuer: tenant, audience: 'own', jwks }
    const elsewhere = { issuer, jwksUri: `${issuer}/jwks` }
    expect(await ask(own, elsewhere)).toMatchObject({
      ...{ audience: { names: ['own'] }, jwks, jwksUri: undefined },
    })
  })

  test.each<[what: string, answer: unknown, problem: string, fix: string]>([
    [
      ...(['another issuer', { issuer }] as const),
      ...([
        'resolveIssuer returned another issuer.',
        'Return { issuer } as it was asked.',
      ] as const),
    ],
    [
      ...(['a word', 'yes'] as const),
      'There is no object of an issuer from resolveIssuer.',
      "Write at least { issuer: 'https://…' }.",
    ],
    [
      ...(['an unknown option', { issuer: tenant, clock: 1 }] as const),
      "There is no option of an issuer called 'clock'.",
      'There are issuer, audience, algorithms, profile, impliedScopes, jwksUri, jwks.',
    ],
  ])('may not be %s', async (_what, answer, problem, fix) => {
    await expect(ask(answer)).rejects.toThrow(new ConfigError(problem, fix))
  })
})
