import * as oidc from 'openid-client'
import { type ClientSettings, discoverClient } from '../discover-client.ts'
import { Browser, type Page } from './browser.ts'

export interface SignIn extends ClientSettings {
  readonly redirectUri: string
  readonly user: string
  readonly password: string
  readonly scope: string
  /** Resource indicator (RFC 8707) of the service that the access token shall be for. */
  readonly resource?: string
  /** What the user fills in, page by page. By default what the pages of this demo's server ask. */
  readonly forms?: readonly Form[]
}

type Form = Readonly<Record<string, string>>

export interface SignedIn {
  readonly accessToken: string
  readonly idToken: string
  /** What the consent page asked the user for. */
  readonly consentedTo: readonly string[]
}

/** Authorization code with PKCE, the user's part played by a scripted browser. */
export async function signIn(request: SignIn): Promise<SignedIn> {
  const config = await discoverClient(request)
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

  const { callback, consentedTo } = await actAsUser(start, request)
  const tokens = await oidc.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
  })
  return { accessToken: tokens.access_token, idToken: tokens.id_token ?? '', consentedTo }
}

interface UserActs {
  readonly callback: URL
  readonly consentedTo: readonly string[]
}

/** The user logs in on one page, consents on the next, and is sent back to the client. */
async function actAsUser(start: URL, request: SignIn): Promise<UserActs> {
  const { issuer, user, password, forms = [{ login: user, password }, {}] } = request
  const browser = new Browser(issuer)
  const consentedTo: string[] = []
  let page = await browser.open(start)
  for (const fields of forms) {
    // A request that the server refuses goes back to the client at once.
    if (page.left) break
    consentedTo.push(...scopesOn(page))
    page = await browser.submit(page, fields)
  }
  if (!page.left) throw new Error(`not signed in, still at ${page.url.pathname}`)
  return { callback: page.url, consentedTo }
}

function scopesOn({ html }: Page): string[] {
  return [...html.matchAll(/data-scope="([^"]+)"/g)].map(([, scope = '']) => scope)
}
