import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  createTestIssuer,
  type JsonObject,
  type Shape,
  type TokenOptions,
} from '../../src/index.ts'

// Each imitation is held against a sample of what the provider really sends.

const aud = 'order-service'
const scope = 'orders:read'
const exchanged = { actors: ['user-service'] }
const twice = { actors: ['order-service', 'user-service'] }

type Row = readonly [sample: string, shape: Shape, options: Partial<TokenOptions>]
const rows: readonly Row[] = [
  ['keycloak-normal-26', 'keycloak', { scope }],
  ['keycloak-normal', 'keycloak', { scope }],
  ['keycloak-delegated-26.8', 'keycloak', { scope, ...exchanged }],
  ['auth0-normal-auth0-profile', 'auth0', { scope }],
  ['auth0-normal-rfc9068-profile', 'auth0-rfc9068', { scope }],
  ['auth0-exchanged-obo', 'auth0', { scope, ...twice }],
  ['auth0-exchanged-obo-2hops', 'auth0', { actors: ['c', 'b', 'a'] }],
  ['okta-normal', 'okta', { scope }],
  ['okta-exchanged-obo', 'okta', { scope }],
  ['okta-exchanged-a2a-1hop', 'okta-agent', { scope, ...twice }],
  ['cognito-normal', 'cognito', { scope }],
  ['spring-normal', 'spring-authorization-server', { scope }],
  ['spring-exchanged-delegation', 'spring-authorization-server', { scope, ...exchanged }],
  ['spring-exchanged-impersonation', 'spring-authorization-server', { scope }],
  ['oidc-provider-normal', 'oidc-provider', { scope }],
  ['oidc-provider-exchanged', 'oidc-provider', { scope, ...exchanged }],
  ['oidc-provider-exchanged-2hops', 'oidc-provider', { scope, ...twice }],
  ['wso2-exchanged-delegation', 'wso2', { scope, ...exchanged }],
]

interface Token {
  readonly header: JsonObject
  readonly payload: JsonObject
}

function readSample(name: string): Token {
  const file = new URL(`../../../../test/providers/tokens/${name}.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')) as Token
}

function decode(token: string): Token {
  const [header, payload] = token
    .split('.', 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as JsonObject)
  return { header: header ?? {}, payload: payload ?? {} }
}

/** What a claim looks like, but for what it says: some providers write one audience as a string. */
function formOf(value: unknown): unknown {
  if (Array.isArray(value)) return 'list'
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, formOf(member)]))
}

/** The same, of those claims that the imitation has. */
function formsOf(claims: JsonObject, like: JsonObject): JsonObject {
  const names = Object.keys(like).filter((name) => name !== 'aud')
  return Object.fromEntries(names.map((name) => [name, formOf(claims[name])]))
}

describe.each(rows)('%s', (name, shape, options) => {
  const sample = readSample(name)

  test(`is what the shape ${shape} imitates`, async () => {
    await using issuer = await createTestIssuer({ shape, algorithm: 'ES256' })
    const { header, payload } = decode(issuer.token({ aud, ...options }))
    expect(header['typ']).toBe(sample.header['typ'])
    expect(formsOf(payload, payload)).toEqual(formsOf(sample.payload, payload))
  })
})

describe('what only the key set shows', () => {
  const keysOf = async (shape: Shape) => {
    await using issuer = await createTestIssuer({ shape })
    const answer = await fetch(issuer.jwksUri)
    return ((await answer.json()) as { keys: JsonObject[] }).keys
  }

  test('Keycloak shows a key for encryption beside the one for signatures', async () => {
    expect((await keysOf('keycloak')).map(({ use }) => use)).toEqual(['sig', 'enc'])
  })

  test.each(['spring-authorization-server', 'entra', 'entra-v1'] as const)(
    '%s names no alg',
    async (shape) => {
      expect((await keysOf(shape)).map(({ alg }) => alg)).toEqual([undefined])
    },
  )

  test('no shape shows a private member', async () => {
    for (const shape of ['keycloak', 'spring-authorization-server', 'rfc9068'] as const)
      for (const key of await keysOf(shape)) expect(key).not.toHaveProperty('d')
  })
})
