import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  type AuthorizationServer,
  startAuthorizationServer,
} from '../src/authorization-server/authorization-server.ts'
import { signInAt } from '../src/demo/people.ts'
import { Browser } from '../src/user/browser.ts'

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer()
})
afterAll(() => server.close())

const CHALLENGE = { code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' } as const

function authorizationUrl(more: Readonly<Record<string, string>> = {}): URL {
  const url = new URL(`${server.issuer}/auth`)
  url.search = new URLSearchParams({
    client_id: 'web-shop',
    redirect_uri: 'https://web-shop.example/signed-in',
    response_type: 'code',
    scope: 'openid',
    ...more,
  }).toString()
  return url
}

it('ends with an access token for the service and for what the user consented to', async () => {
  const { accessToken, consentedTo } = await signInAt('shop', server)
  expect(consentedTo).toEqual(['openid', 'orders:read'])
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

it('issues ID tokens for the client, which may bear the name of a service', async () => {
  const { idToken } = await signInAt('orderPages', server)
  expect(decodeJwt(idToken)).toMatchObject({ sub: 'user-42', aud: 'order-service' })
})

it.each([
  ['a wrong password', { password: 'guessed' }],
  ['an unknown user', { user: 'user-1' }],
  ['an empty password', { password: '' }],
])('stays at the login page with %s', async (_what, changes) => {
  await expect(signInAt('shop', server, changes)).rejects.toThrow('not signed in')
})

it('stays at the login page where a field is missing altogether', async () => {
  const browser = new Browser(server.issuer)
  const login = await browser.open(authorizationUrl(CHALLENGE))
  for (const fields of [{}, { login: 'user-1' }, { password: 'guessed' }]) {
    const { url, left } = await browser.submit(login, fields)
    expect({ path: url.pathname, left }).toEqual({ path: login.url.pathname, left: false })
  }
})

it.each([
  ['a service that is not open to this client', 'https://order-service.example'],
  ['an unknown service', 'https://billing-service.example'],
])('comes back with an error for %s', async (_what, resource) => {
  await expect(signInAt('shop', server, { resource })).rejects.toMatchObject({
    error: 'invalid_target',
  })
})

it('sends nobody to a redirect URI that is not registered', async () => {
  const elsewhere = signInAt('shop', server, { redirectUri: 'https://elsewhere.example/' })
  await expect(elsewhere).rejects.toThrow('no form at /auth')
})

it('comes back with an error without PKCE', async () => {
  const { url, left } = await new Browser(server.issuer).open(authorizationUrl())
  expect(left).toBe(true)
  expect(url.searchParams.get('error')).toBe('invalid_request')
  expect(url.searchParams.get('error_description')).toContain('PKCE')
})

interface KeySet {
  readonly keys: readonly { readonly kid: string; readonly alg: string }[]
}

async function keySetOf(issuer: string): Promise<KeySet> {
  return (await (await fetch(`${issuer}/jwks`)).json()) as KeySet
}

it('starts each server with keys of its own, one RSA and one elliptic-curve', async () => {
  const other = await startAuthorizationServer()
  try {
    const [mine, theirs] = await Promise.all([keySetOf(server.issuer), keySetOf(other.issuer)])
    expect(mine.keys.map(({ alg }) => alg)).toEqual(['RS256', 'ES256'])
    expect(mine.keys.filter((key) => 'd' in key)).toEqual([])
    const kids = new Set([...mine.keys, ...theirs.keys].map(({ kid }) => kid))
    expect(kids.size).toBe(4)
  } finally {
    await other.close()
  }
})
