import { createTestIssuer, type Shape, type TokenOptions } from '@resource-server/testing'
import { afterAll, expect, test } from 'vitest'
import { readSamples } from './samples.ts'

// What the test issuer writes in a provider's shape is what that provider's sample has: every claim,
// of the same type. A shape without a sample is listed as such.

const issuer = await createTestIssuer({ algorithm: 'ES256' })
afterAll(() => issuer.close())
const samples = new Map(readSamples().map((sample) => [sample.file, sample]))

const ordinary = { aud: 'a', scope: 'read' }
const delegated = { ...ordinary, actors: ['now'] }

const rows: [shape: Shape, sample: string, token: TokenOptions][] = [
  ['keycloak', 'keycloak-normal-26', ordinary],
  ['keycloak', 'keycloak-delegated-26.8', delegated],
  ['auth0', 'auth0-m2m', ordinary],
  ['auth0', 'auth0-exchanged-obo', delegated],
  ['auth0-rfc9068', 'auth0-normal-rfc9068-profile', { ...ordinary, aud: ['a', 'b'] }],
  ['okta', 'okta-normal', ordinary],
  ['okta', 'okta-exchanged-obo', ordinary],
  ['okta-agent', 'okta-exchanged-a2a-1hop', delegated],
  ['spring-authorization-server', 'spring-normal', ordinary],
  ['spring-authorization-server', 'spring-exchanged-delegation', delegated],
  ['cognito', 'cognito-normal', ordinary],
  ['oidc-provider', 'oidc-provider-normal', ordinary],
  ['oidc-provider', 'oidc-provider-exchanged', delegated],
  ['wso2', 'wso2-exchanged-delegation', delegated],
]

/** Nobody has sent us a token of these; their rows rest on the providers' docs. */
const unsampled: Shape[] = ['rfc9068', 'entra', 'entra-v1', 'zitadel', 'hydra']

const decode = (segment: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(segment!, 'base64url').toString()) as Record<string, unknown>

/** How far two values of a claim have to be alike. */
const kindOf = (value: unknown): string => (Array.isArray(value) ? 'array' : typeof value)
const kinds = (object: object): object =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, kindOf(value)]))

test.each(rows)('%s writes what %s has', (shape, name, token) => {
  const sample = samples.get(name)!
  const [header, payload] = issuer
    .token({ shape, ...token })
    .split('.', 2)
    .map(decode)
  expect(header!['typ']).toBe(sample.header['typ'])
  const { act, ...claims } = payload!
  expect(kinds(sample.payload)).toMatchObject(kinds(claims))
  const { act: _prior, ...actor } = (sample.payload['act'] ?? {}) as Record<string, unknown>
  if (token.actors) expect(kinds(act as object)).toEqual(kinds(actor))
})

test.each(rows)(
  '%s leaves nothing out that a resource server of %s reads',
  (shape, name, token) => {
    const payload = decode(issuer.token({ shape, ...token }).split('.')[1])
    const read = [
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
    const has = (object: object): string[] => read.filter((claim) => Object.hasOwn(object, claim))
    expect(has(payload)).toEqual(has(samples.get(name)!.payload))
  },
)

test('every shape has a sample, or is known to have none', async () => {
  const unknown = createTestIssuer({ shape: 'none' as Shape })
  const message = await unknown.catch((error: Error) => error.message)
  const named = [...new Set([...rows.map(([shape]) => shape), ...unsampled])]
  for (const shape of named) expect(message).toContain(shape)
  expect(named).toHaveLength(14)
})
