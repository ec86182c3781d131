import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../src/authorization-server/authorization-server.ts'
import { demoSignIn } from '../src/demo/sign-ins.ts'
import { Browser } from '../src/user/browser.ts'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer()
})
afterAll(() => server.close())

const CHALLENGE = { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' } as const

function authorizationUrl(parameters: Readonly<Record<string, string>> = {}): URL {
  const url = new URL(`${server.issuer}/auth`)
  url.search = new URLSearchParams({
    client_id: 'web-shop',
    redirect_uri: 'https://web-shop.example/signed-in',
    response_type: 'code',
    scope: 'openid',
    ...parameters,
  }).toString()
  return url
}

it('a sign-in returns an access token for the service, with the scopes that the user consented to', async () => {
  const { accessToken, scopesShown } = await demoSignIn('webShop', server)
  expect(scopesShown).toEqual(['openid', 'orders:read'])
  expect(decodeProtectedHeader(accessToken)).toMatchObject({ alg: 'RS256', typ: 'at+jwt' })
  expect(decodeJwt(accessToken)).toMatchObject({
    iss: server.issuer,
    sub: 'user-42',
    aud: 'user-service',
    client_id: 'web-shop',
    scope: 'orders:read',
  })
  expect(decodeJwt(accessToken)).not.toHaveProperty('act')
})

it('a sign-in returns an ID token for the client order-service, which is also the name of a service', async () => {
  const { idToken } = await demoSignIn('orderService', server)
  expect(decodeJwt(idToken)).toMatchObject({ sub: 'user-42', aud: 'order-service' })
})

it.each([
  ['a wrong password', { password: 'guessed' }],
  ['an unknown user', { user: 'user-1' }],
  ['an empty password', { password: '' }],
])('a sign-in stays on the login page after %s', async (_what, changes) => {
  await expect(demoSignIn('webShop', server, changes)).rejects.toThrow('not signed in')
})

it('a sign-in stays on the login page if a field is missing', async () => {
  const browser = new Browser(server.issuer)
  const login = await browser.open(authorizationUrl(CHALLENGE))
  for (const fields of [{}, { login: 'user-1' }, { password: 'guessed' }]) {
    const { url, leftSite } = await browser.submit(login, fields)
    expect({ path: url.pathname, leftSite }).toEqual({
      path: login.url.pathname,
      leftSite: false,
    })
  }
})

it.each([
  ['a service that this client may not request', 'https://order-service.example'],
  ['an unknown service', 'https://billing-service.example'],
])('a sign-in redirects to the client with an error for %s', async (_what, resource) => {
  await expect(demoSignIn('webShop', server, { resource })).rejects.toMatchObject({
    error: 'invalid_target',
  })
})

it('a sign-in does not redirect to an unregistered redirect URI', async () => {
  const result = demoSignIn('webShop', server, { redirectUri: 'https://elsewhere.example/' })
  await expect(result).rejects.toThrow('no form at /auth')
})

it('a sign-in redirects to the client with an error if PKCE is missing', async () => {
  const { url, leftSite } = await new Browser(server.issuer).open(authorizationUrl())
  expect(leftSite).toBe(true)
  expect(url.searchParams.get('error')).toBe('invalid_request')
  expect(url.searchParams.get('error_description')).toContain('PKCE')
})

interface KeySet {
  readonly keys: readonly { readonly kid: string; readonly alg: string }[]
}

async function keySetOf(issuer: string): Promise<KeySet> {
  return (await (await fetch(`${issuer}/jwks`)).json()) as KeySet
}

it('the authorization server generates new keys at each start: one RSA key and one elliptic curve key', async () => {
  const other = await startAuthorizationServer()
  try {
    const [keys, otherKeys] = await Promise.all([keySetOf(server.issuer), keySetOf(other.issuer)])
    expect(keys.keys.map(({ alg }) => alg)).toEqual(['RS256', 'ES256'])
    expect(keys.keys.filter((key) => 'd' in key)).toEqual([])
    const kids = new Set([...keys.keys, ...otherKeys.keys].map(({ kid }) => kid))
    expect(kids.size).toBe(4)
  } finally {
    await other.close()
  }
})
