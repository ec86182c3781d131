import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type * as OidcProvider from 'oidc-provider'
import { vi } from 'vitest'
import { listen } from './support.ts'

/** oidc-provider prints that Node 20 is unsupported and that its store is in memory. Both are intended here. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
  try {
    return await work()
  } finally {
    warn.mockRestore()
  }
}

/**
 * Starts oidc-provider: clients register themselves, tokens are for the resource that the client requests, and a
 * user signs in and consents to everything as soon as a page opens. Returns the issuer URL.
 */
export async function startAuthorizationServer(scope: string): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  const issuer = `http://127.0.0.1:${await listen(server)}`
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const configuration: OidcProvider.Configuration = {
    jwks: {
      keys: [
        {
          ...privateKey.export({ format: 'jwk' }),
          kid: 'key-1',
          use: 'sig',
          alg: 'ES256',
        },
      ],
    },
    // Clients register with the scopes that they request first, and may request others later.
    scopes: scope.split(' '),
    cookies: { keys: [randomUUID()] },
    pkce: { required: () => true },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    clientBasedCORS: () => false,
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, audience) => ({
          scope,
          audience,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
        useGrantedResource: () => true,
      },
    },
    // oidc-provider limits a client to the scopes that it registered with. A client of MCP registers with the scopes of
    // its first call, and could not request others later.
    extraClientMetadata: {
      properties: ['registered_scope'],
      validator: (_ctx, _key, _value, metadata) => {
        delete metadata['scope']
      },
    },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    ttl: {
      AccessToken: 300,
      Grant: 600,
      Session: 600,
      Interaction: 600,
      IdToken: 300,
      AuthorizationCode: 60,
    },
  }
  const provider = await quietly(async () => {
    const { Provider } = await import('oidc-provider')
    return new Provider(issuer, configuration)
  })
  const callback = provider.callback()
  const interact = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { prompt, params, session, grantId } = await provider.interactionDetails(
      request,
      response,
    )
    if (prompt.name === 'login') {
      const login = { accountId: 'user-1' }
      return provider.interactionFinished(request, response, { login })
    }
    const clientId = params['client_id'] as string
    const grant =
      (grantId === undefined ? undefined : await provider.Grant.find(grantId)) ??
      new provider.Grant({ accountId: session!.accountId, clientId })
    const missing = prompt.details as {
      readonly missingOIDCScope?: readonly string[]
      readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>
    }
    grant.addOIDCScope(missing.missingOIDCScope?.join(' ') ?? '')
    for (const [resource, scopes] of Object.entries(missing.missingResourceScopes ?? {})) {
      grant.addResourceScope(resource, scopes.join(' '))
    }
    return provider.interactionFinished(request, response, {
      consent: { grantId: await grant.save() },
    })
  }
  server.on('request', (request, response) => {
    const isPage = request.url?.startsWith('/interaction/') ?? false
    void (isPage ? interact : callback)(request, response)
  })
  return issuer
}

/** Opens the page of the authorization server like a browser, and returns the parameters of the callback. */
export async function signIn(authorizationUrl: URL, callback: string): Promise<URLSearchParams> {
  const cookies = new Map<string, string>()
  let url = authorizationUrl.href
  for (let page = 0; page < 10 && !url.startsWith(callback); page += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    // oxlint-disable-next-line no-await-in-loop -- each page leads to the next
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const header of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    // oxlint-disable-next-line no-await-in-loop
    if (location === null) throw new Error(`${response.status} ${url}: ${await response.text()}`)
    url = new URL(location, url).href
  }
  return new URL(url).searchParams
}
