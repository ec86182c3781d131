import { ConfigError, createVerifier } from '@resource-server/core'
import { createTestIssuer, type TestIssuer } from '@resource-server/testing'
import { decodeProtectedHeader } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { nextHop, type NextHopOptions } from '../src/index.ts'
import { errorOf, formOf, secret, self, setUp, type Setup, startService } from './support.ts'

// Identity assertions: the tokens for the next service are from another authorization server. Experimental.

const resource = 'https://stock.example'
const assertion = 'urn:ietf:params:oauth:token-type:id-jag'

async function setUpTwo(): Promise<{
  readonly first: Setup
  readonly second: TestIssuer
  readonly options: NextHopOptions
}> {
  const clients = { partner: { secret: 'other', targets: { [resource]: ['stock:read'] } } }
  const second = await createTestIssuer({ clients })
  onTestFinished(() => second.close())
  const targets = { [second.url]: [] }
  const first = await setUp({}, { clients: { [self]: { secret, targets } } })
  second.tokenEndpoint.trust(first.issuer)
  const { audience: _, ...rest } = first.options
  const assertTo = { issuer: second.url, client: { id: 'partner', secret: 'other' } }
  return { first, second, options: { ...rest, resource, assertTo } }
}

test('an assertion of the own issuer is exchanged at the other one, and the token is cached', async () => {
  const { first, second, options } = await setUpTwo()
  const hop = nextHop(options)
  const caller = await first.subject({ sub: 'user-42' })
  const exchanged = await hop.token(caller)
  expect(await hop.token(caller)).toBe(exchanged)
  const verifier = createVerifier({ issuer: second.url, audience: resource, clock: second.clock })
  onTestFinished(() => verifier.close())
  expect(await verifier.verify(exchanged.value)).toMatchObject({
    subject: 'user-42',
    clientId: 'partner',
    scopes: ['stock:read'],
  })
  expect(formOf(first.issuer)).toMatchObject({
    requested_token_type: assertion,
    audience: second.url,
    resource,
    scope: 'stock:read',
  })
  const form = formOf(second)
  expect(form).toMatchObject({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer' })
  // The token of the caller stays at its own issuer.
  expect(JSON.stringify(second.tokenEndpoint.requests)).not.toContain(caller.raw)
  expect([first.exchanges(), second.tokenEndpoint.requests.length]).toEqual([1, 1])
})

test('the token is bound to the key of the proofs, and the assertion is not bound', async () => {
  const { first, second, options } = await setUpTwo()
  const service = await startService()
  const hop = nextHop({ ...options, dpop: true, origin: service.origin })
  const caller = await first.subject()
  const exchanged = await hop.token(caller)
  expect(exchanged).toMatchObject({ tokenType: 'DPoP' })
  expect(first.issuer.tokenEndpoint.requests.at(0)?.headers).not.toHaveProperty('dpop')
  const proofs = second.tokenEndpoint.requests.map(({ headers }) => String(headers['dpop']))
  await hop.fetch(caller, '/')
  proofs.push(...service.received.map(({ headers }) => String(headers['dpop'])))
  const keys = proofs.map((proof) => decodeProtectedHeader(proof).jwk)
  expect(keys).toHaveLength(2)
  expect(keys.at(0)).toEqual(keys.at(1))
})

test('an access token in place of the assertion is refused, and sent nowhere', async () => {
  const { first, second, options } = await setUpTwo()
  first.issuer.tokenEndpoint.alter({ token_type: 'Bearer' })
  const error = await errorOf(nextHop(options).token(await first.subject()))
  expect(error).toMatchObject({ status: 503, code: 'response_invalid' })
  expect(second.tokenEndpoint.requests).toEqual([])
})

test('a refusal of the other server is mapped like one of the own', async () => {
  const { first, second, options } = await setUpTwo()
  second.tokenEndpoint.refuse('invalid_scope')
  const error = await errorOf(nextHop(options).token(await first.subject()))
  expect(error).toMatchObject({ status: 403, serverError: 'invalid_scope' })
})

test.each<[string, Partial<NextHopOptions>]>([
  ['an audience', { audience: 'stock' }],
  ['a dialect without an audience', { dialect: 'entra' }],
  ['an unknown option', { assertTo: { audience: 'x' } as never }],
])('%s is a ConfigError', async (_what, changes) => {
  const { options } = await setUpTwo()
  expect(() => nextHop({ ...options, ...changes })).toThrow(ConfigError)
})
