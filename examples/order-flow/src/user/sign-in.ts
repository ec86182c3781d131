import * as oidc from 'openid-client'
import { Browser, type Page } from './browser.ts'

export interface SignIn {
  readonly issuer: string
  readonly clientId: string
  /** Absent for a public client. */
  readonly clientSecret?: string | undefined
  readonly redirectUri: string
  readonly user: string
  readonly password: string
  readonly scope: string
  /** The resource indicator (RFC 8707) of the service that the access token is for. */
  readonly resource?: string
  /** What the user enters on each page. Default: the fields of the demo server's own pages. */
  readonly forms?: readonly Form[]
  /** Binds the access token to this key with DPoP (RFC 9449). Default: a bearer token. */
  readonly keyPair?: oidc.CryptoKeyPair
}

type Form = Readonly<Record<string, string>>

export interface SignedIn {
  readonly accessToken: string
  readonly idToken: string
  /** The scopes on the consent page. Empty if the page does not mark them as the demo's pages do. */
  readonly scopesShown: readonly string[]
}

/** Signs a user in with the authorization code flow and PKCE. A scripted browser acts as the user. */
export async function signIn(request: SignIn): Promise<SignedIn> {
  const config = await discover(request)
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState()
  const nonce = oidc.randomNonce()
  const start = oidc.buildAuthorizationUrl(config, {
    redirect_uri: request.redirectUri,
    scope: request.scope,
    ...(request.resource && { resource: request.resource }),
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  })

  const { callback, scopesShown } = await actAsUser(start, request)
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce }
  const binding = request.keyPair && { DPoP: oidc.getDPoPHandle(config, request.keyPair) }
  const tokens = await oidc.authorizationCodeGrant(config, callback, checks, undefined, binding)
  return { accessToken: tokens.access_token, idToken: tokens.id_token ?? '', scopesShown }
}

/** Reads the server's metadata. Plain http is allowed on 127.0.0.1 only. */
async function discover({ issuer, clientId, clientSecret }: SignIn): Promise<oidc.Configuration> {
  const server = new URL(issuer)
  const execute = server.hostname === '127.0.0.1' ? [oidc.allowInsecureRequests] : []
  const authentication =
    clientSecret === undefined ? oidc.None() : oidc.ClientSecretBasic(clientSecret)
  return oidc.discovery(server, clientId, undefined, authentication, { execute })
}

interface BrowserResult {
  readonly callback: URL
  readonly scopesShown: readonly string[]
}

/** Logs in, consents, and returns the client's redirect URL with its parameters. */
async function actAsUser(start: URL, request: SignIn): Promise<BrowserResult> {
  const { issuer, user, password, forms = [{ login: user, password }, {}] } = request
  const browser = new Browser(issuer)
  const scopesShown: string[] = []
  let page = await browser.open(start)
  for (const fields of forms) {
    // If the server refuses the request, it redirects to the client without showing a page.
    if (page.leftSite) break
    scopesShown.push(...scopesOn(page))
    page = await browser.submit(page, fields)
  }
  if (!page.leftSite) throw new Error(`not signed in, still at ${page.url.pathname}`)
  return { callback: page.url, scopesShown }
}

function scopesOn({ html }: Page): string[] {
  return [...html.matchAll(/data-scope="([^"]+)"/g)].map(([, scope = '']) => scope)
}
