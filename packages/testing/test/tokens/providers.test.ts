import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  createTestIssuer,
  type JsonObject,
  type ProviderId,
  type TokenOptions,
} from '../../src/index.ts'
import { decode, type DecodedToken, startIssuer } from '../support.ts'

// The imitated tokens are compared with samples of what the providers really issue.

const ordinary = { scope: 'orders:read' }
const exchanged = { ...ordinary, actors: ['user-service'] }
const exchangedTwice = { ...ordinary, actors: ['order-service', 'user-service'] }
const twoAudiences = { aud: ['order-service', 'stock-service'] }

type Row = readonly [provider: ProviderId, sample: string, options: Partial<TokenOptions>]

const rows: readonly Row[] = [
  ['keycloak', 'keycloak-normal', ordinary],
  ['keycloak', 'keycloak-normal-26', ordinary],
  ['keycloak', 'keycloak-delegated-26.8', exchanged],
  ['auth0', 'auth0-m2m', ordinary],
  ['auth0', 'auth0-normal-auth0-profile', { ...ordinary, ...twoAudiences }],
  ['auth0', 'auth0-exchanged-obo', exchangedTwice],
  ['auth0', 'auth0-exchanged-obo-2hops', { actors: ['c', 'b', 'a'] }],
  ['auth0-rfc9068', 'auth0-normal-rfc9068-profile', { ...ordinary, ...twoAudiences }],
  ['okta', 'okta-normal', ordinary],
  ['okta', 'okta-exchanged-obo', ordinary],
  ['okta-agent', 'okta-exchanged-a2a-1hop', exchangedTwice],
  ['spring-authorization-server', 'spring-normal', ordinary],
  ['spring-authorization-server', 'spring-exchanged-delegation', exchanged],
  ['spring-authorization-server', 'spring-exchanged-impersonation', ordinary],
  ['cognito', 'cognito-normal', ordinary],
  ['oidc-provider', 'oidc-provider-normal', ordinary],
  ['oidc-provider', 'oidc-provider-exchanged', exchanged],
  ['oidc-provider', 'oidc-provider-exchanged-2hops', exchangedTwice],
  ['wso2', 'wso2-exchanged-delegation', exchanged],
]

/** There is no sample of these. Their tokens follow the providers' documentation. */
const withoutSample: readonly ProviderId[] = ['rfc9068', 'entra', 'entra-v1', 'zitadel', 'hydra']

/** The claims that a resource server reads. */
const relevantClaims = [
  'aud',
  'client_id',
  'azp',
  'cid',
  'appid',
  'scope',
  'scp',
  'act',
  'token_use',
  'typ',
]

function readSample(name: string): DecodedToken {
  const file = new URL(`../../../../test/providers/tokens/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as DecodedToken
}

/** The JSON types of a value and of its members. */
function typesOf(value: unknown): unknown {
  if (Array.isArray(value)) return 'array'
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, typesOf(member)]))
}

/** The members of `claims` that `like` has as well. */
const sameMembers = (claims: JsonObject, like: JsonObject): JsonObject =>
  Object.fromEntries(Object.keys(like).map((name) => [name, claims[name]]))

const withoutActors = ({ act: _, ...rest }: JsonObject): JsonObject => rest

describe.each(rows)('a token of provider "%s"', (provider, sampleName, options) => {
  const sample = readSample(sampleName)
  const create = async (): Promise<DecodedToken> => {
    const issuer = await startIssuer({ provider })
    return decode(issuer.token({ aud: 'order-service', ...options }))
  }

  test(`has the typ and the claim types of the sample ${sampleName}`, async () => {
    const { header, payload } = await create()
    expect(header['typ']).toBe(sample.header['typ'])
    expect(typesOf(payload)).toEqual(typesOf(sameMembers(sample.payload, payload)))
  })

  test(`has every claim of the sample ${sampleName} that a resource server reads`, async () => {
    const { payload } = await create()
    const presentIn = (claims: object): string[] =>
      relevantClaims.filter((claim) => Object.hasOwn(claims, claim))
    expect(presentIn(payload)).toEqual(presentIn(sample.payload))
    const actorOf = (claims: JsonObject): JsonObject =>
      withoutActors((claims['act'] ?? {}) as JsonObject)
    expect(typesOf(actorOf(payload))).toEqual(typesOf(actorOf(sample.payload)))
  })
})

test('every provider has a sample or is listed as having none', async () => {
  const unknown = createTestIssuer({ provider: 'none' as ProviderId })
  const error = await unknown.then(
    () => undefined,
    (reason: unknown) => reason as Error,
  )
  const listed = /one of (.+), got/.exec(error?.message ?? '')?.[1]?.split(', ')
  const covered = new Set([...rows.map(([provider]) => provider), ...withoutSample])
  expect(listed?.toSorted()).toEqual([...covered].toSorted())
})

describe('the key set', () => {
  const keysOf = async (provider: ProviderId) => {
    await using issuer = await createTestIssuer({ provider })
    const response = await fetch(issuer.jwksUri)
    return ((await response.json()) as { keys: JsonObject[] }).keys
  }

  test('of Keycloak contains a signing key and an encryption key', async () => {
    expect((await keysOf('keycloak')).map(({ use }) => use)).toEqual(['sig', 'enc'])
  })

  test.each(['spring-authorization-server', 'entra', 'entra-v1'] as const)(
    'of provider "%s" has no alg',
    async (provider) => {
      expect((await keysOf(provider)).map(({ alg }) => alg)).toEqual([undefined])
    },
  )

  test('contains no private members', async () => {
    for (const provider of ['keycloak', 'spring-authorization-server', 'rfc9068'] as const)
      for (const key of await keysOf(provider)) expect(key).not.toHaveProperty('d')
  })
})
