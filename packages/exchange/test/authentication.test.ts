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

const secretNames = ['client_secret', 'client_assertion', 'subject_token']

test.each<[string, HopClient, object]>([
  ['basic', { id: self, secret: 'p%+ s3cret' }, { secret: 'p%+ s3cret' }],
  ['post', { id: self, secret, authentication: 'post' }, { secret }],
  ['private_key_jwt', { id: self, privateKey }, { publicKey: key.publicJwk }],
])(
  'with %s, a server that repeats the request cannot bring its secrets into a reason',
  async (_method, client, registered) => {
    const clients = { [self]: { ...registered, targets } }
    const reasonFor = async (text: string | ((secrets: readonly string[]) => string)) => {
      let secrets: readonly string[] = []
      const repeat = async (url: string, init?: RequestInit): Promise<Response> => {
        if (init?.method !== 'POST') return fetch(url, init)
        const { authorization = '' } = init.headers as Record<string, string>
        const [, basic = ''] = authorization.split(' ')
        const form = new URLSearchParams(init.body as URLSearchParams)
        const parts = [
          ...secretNames.map((name) => form.get(name)),
          basic,
          atob(basic),
          client.secret,
        ]
        secrets = parts.filter((part): part is string => typeof part === 'string' && part !== '')
        const error_description = typeof text === 'string' ? text : text(secrets)
        return Response.json({ error: 'invalid_target', error_description }, { status: 400 })
      }
      const { hop, subject } = await setUp({ client, fetch: repeat }, { clients })
      const { reason } = await errorOf(hop.token(await subject()))
      return { reason, secrets }
    }
    const { reason: usual, secrets } = await reasonFor('not registered')
    expect(usual).toContain('"not registered"')
    expect(secrets.length).toBeGreaterThan(1)
    for (const at of secrets.keys()) {
      const { reason } = await reasonFor((parts) => `wrong: ${parts[at]}`)
      expect(reason).toContain('"(left out: it repeats a secret of the request)"')
    }
  },
)
