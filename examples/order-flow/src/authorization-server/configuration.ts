import { randomBytes } from 'node:crypto'
import type { JWK } from 'jose'
import type { ClientMetadata, Configuration, UnknownObject } from 'oidc-provider'
import { memoryStore } from './memory-store.ts'
import { accounts, type ClientRule, clients, exchangeRules, lifetimes } from './policy.ts'
import { resourceServerInfo } from './resources.ts'

type Secrets = ReadonlyMap<string, string>

const newSecret = (): string => randomBytes(32).toString('base64url')

export function newClientSecrets(): Secrets {
  const confidential = [...clients].filter(([, rule]) => rule.confidential)
  return new Map(confidential.map(([clientId]) => [clientId, newSecret()]))
}

export function providerConfiguration(
  signingKeys: readonly JWK[],
  secrets: Secrets,
): Configuration {
  return {
    adapter: memoryStore(),
    jwks: { keys: signingKeys },
    clients: [...clients].map(([id, rule]) => clientMetadata(id, rule, secrets.get(id))),
    cookies: { keys: [newSecret()] },
    pkce: { required: () => true },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, id) =>
      accounts.has(id) ? { accountId: id, claims: () => ({ sub: id }) } : undefined,
    // Exchanged tokens have `extra`, which contains `act`. Other tokens are issued at sign-in.
    extraTokenClaims: (_ctx, token) => token.extra ?? mayAct(token),
    clientBasedCORS: () => false,
    renderError: (ctx, out) => {
      ctx.body = out
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      // A client that sends a proof with its token request gets a token that is bound to the proof's key.
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: resourceServerInfo,
        // The authorization code already contains the resource that the user consented to.
        useGrantedResource: () => true,
      },
    },
    ttl: {
      AccessToken: lifetimes.accessToken,
      AuthorizationCode: lifetimes.code,
      IdToken: lifetimes.idToken,
      Grant: lifetimes.session,
      Interaction: lifetimes.session,
      Session: lifetimes.session,
    },
  }
}

function clientMetadata(id: string, rule: ClientRule, secret: string | undefined): ClientMetadata {
  const exchanges = exchangeRules.some(({ client }) => client === id)
  const signsIn = rule.redirectUri !== undefined
  return {
    client_id: id,
    ...(secret ? { client_secret: secret } : { token_endpoint_auth_method: 'none' }),
    redirect_uris: signsIn ? [rule.redirectUri] : [],
    response_types: signsIn ? ['code'] : [],
    grant_types: [
      ...(signsIn ? ['authorization_code'] : []),
      ...(exchanges ? ['urn:ietf:params:oauth:grant-type:token-exchange'] : []),
    ],
  }
}

/** The `may_act` claim of a user's token (RFC 8693 section 4.4). */
function mayAct(token: object): UnknownObject | undefined {
  const sub = 'accountId' in token ? accounts.get(String(token.accountId))?.mayAct : undefined
  return sub === undefined ? undefined : { may_act: { sub } }
}
