import { createSigningKey } from '@resource-server/testing'
import { expect, test } from 'vitest'
import { nextHop, type HopClient } from '../src/index.ts'
import { privateKeyOf } from './keys.ts'
import { errorOf, secret, self, setUp, target } from './support.ts'
import { clientAuthority, startTls, trustingFetch } from './tls.ts'

const key = createSigningKey('ES256', 'key-of-orders')
const privateKey = await privateKeyOf(key)
const targets = { [target]: ['stock:read'] }

test.each<[HopClient['authentication'], string, HopClient, object]>([
  ['basic', 'basic', { id: self, secret }, { secret }],
  ['post', 'post', { id: self, secret, authentication: 'post' }, { secret }],
  ['private_key_jwt', 'assertion', { id: self, privateKey }, { publicKey: key.publicJwk }],
  ['none', 'none', { id: self, authentication: 'none' }, { unauthenticated: true }],
])('a client authenticates with %s', async (_method, seen, client, registered) => {
  const clients = { [self]: { ...registered, targets } }
  const { hop, issuer, subject } = await setUp({ client }, { clients })
  await hop.token(await subject())
  expect(issuer.tokenEndpoint.requests).toMatchObject([{ client: self, authentication: seen }])
})

test('the assertion of a client is dated by the clock of the hop', async () => {
  const clients = { [self]: { publicKey: key.publicJwk, targets } }
  const { hop, issuer, subject } = await setUp({ client: { id: self, privateKey } }, { clients })
  issuer.clock.advance(86_400)
  expect(await hop.token(await subject())).toMatchObject({ tokenType: 'Bearer' })
})

test('a client authenticates with its certificate, at the mTLS alias of the token endpoint', async () => {
  const answer = {
    access_token: 'x1',
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
  }
  const server = await startTls('good', answer, clientAuthority())
  const metadata = { mtls_endpoint_aliases: { token_endpoint: server.url } }
  const client = { id: self, authentication: 'mtls' } as const
  const { options, issuer, subject } = await setUp({}, { metadata })
  const caller = await subject()
  const hop = nextHop({ ...options, client, fetch: trustingFetch('client') })
  expect(await hop.token(caller)).toMatchObject({ value: 'x1' })
  expect(server.requests).toMatchObject([{ client: 'client' }])
  expect(new URLSearchParams(server.requests.at(0)?.body).get('client_id')).toBe(self)
  expect(issuer.tokenEndpoint.requests).toEqual([])

  const without = nextHop({ ...options, client, fetch: trustingFetch() })
  expect(await errorOf(without.token(caller))).toMatchObject({ status: 503 })
  expect(server.requests).toHaveLength(1)
})
