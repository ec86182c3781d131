import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { decode, startIssuer } from '../support.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')

test('a token is bound to the key of the client', async () => {
  const client = (await startIssuer()).dpopClient()
  const { crv, kty, x, y } = client.key.publicJwk
  expect(client.jkt).toBe(sha256(JSON.stringify({ crv, kty, x, y })))
  const { payload } = decode(client.token({ aud: 'orders', claims: { tenant: 'acme' } }))
  expect(payload).toMatchObject({ cnf: { jkt: client.jkt }, tenant: 'acme' })
})

test('a proof names the request and the token, and contains only the public key', async () => {
  const issuer = await startIssuer()
  const client = issuer.dpopClient({ algorithm: 'EdDSA' })
  const token = client.token({ aud: 'orders' })
  const url = 'https://api.example/orders'
  const { header, payload } = decode(client.proof({ token, method: 'POST', url, nonce: 'n' }))
  expect(header).toEqual({ typ: 'dpop+jwt', alg: 'EdDSA', jwk: expect.any(Object) })
  expect(Object.keys(header['jwk'] as object).toSorted()).toEqual(['crv', 'kty', 'x'])
  expect(payload).toEqual({
    jti: expect.any(String),
    htm: 'POST',
    htu: url,
    iat: issuer.clock.now() / 1000,
    ath: sha256(token),
    nonce: 'n',
  })
})

test('each proof has its own jti', async () => {
  const client = (await startIssuer()).dpopClient()
  const options = { token: 'x', url: 'https://api.example/' }
  const [one, other] = [client.headers(options), client.headers(options)]
  expect(one.authorization).toBe('DPoP x')
  expect(decode(one.dpop).payload['jti']).not.toBe(decode(other.dpop).payload['jti'])
})

test('members of a proof can be replaced and omitted', async () => {
  const client = (await startIssuer()).dpopClient()
  const { header, payload } = decode(
    client.proof({
      token: 'x',
      url: 'https://api.example/',
      issuedIn: -90,
      header: { typ: 'JWT' },
      claims: { jti: undefined, htm: 'get' },
    }),
  )
  expect(header['typ']).toBe('JWT')
  expect(payload).not.toHaveProperty('jti')
  expect(payload['htm']).toBe('get')
})

test.each([{ token: '' }, { url: 'x' }, { token: 'x', url: 'y', nounce: 'z' }])(
  'the options %j of a proof are refused',
  async (options) => {
    const client = (await startIssuer()).dpopClient()
    expect(() => client.proof(options as never)).toThrow(TypeError)
  },
)

test('a client can have a stored key', async () => {
  const issuer = await startIssuer()
  const { key, jkt } = issuer.dpopClient()
  const client = issuer.dpopClient({ key })
  expect(client.jkt).toBe(jkt)
  expect(decode(client.token({ aud: 'orders' })).payload).toMatchObject({ cnf: { jkt } })
  expect(() => issuer.dpopClient({ key: {} as typeof key })).toThrow(
    "'key' must be a key from createSigningKey",
  )
})
