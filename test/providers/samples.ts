import { readdirSync, readFileSync } from 'node:fs'
import type { Code, ProviderIssuer } from '@resource-server/core'
import {
  auth0,
  cognito,
  keycloak,
  oidcProvider,
  okta,
  springAuthorizationServer,
  wso2,
} from '@resource-server/core/providers'

/**
 * A token from a provider's documentation, source code or logs. Its file lists in `__filled_in` the values
 * that were not in the source.
 */
export interface Sample {
  readonly file: string
  readonly provider: string
  readonly header: Readonly<Record<string, string>>
  readonly payload: Readonly<Record<string, unknown>> & {
    readonly iss: string
    readonly iat: number
  }
}

const directory = new URL('tokens/', import.meta.url)

/** The placeholders in documented URLs, with values that make them valid. */
const placeholders: Readonly<Record<string, string>> = {
  '{{base_url}}': 'https://api.asgardeo.io/t/acme',
  '{yourOktaDomain}': 'acme.okta.com',
  '{authServerId}': 'aus1',
  '{authorizationServerId}': 'aus1',
  YOUR_AUTH0_DOMAIN: 'acme.eu.auth0.com',
}

export function readSamples(): readonly Sample[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const text = readFileSync(new URL(name, directory), 'utf8')
      const filled = Object.entries(placeholders).reduce(
        (all, [placeholder, value]) => all.replaceAll(placeholder, value),
        text,
      )
      return { file: name.slice(0, -'.json'.length), ...JSON.parse(filled) } as Sample
    })
}

/** The provider function for each sample, called with the sample's issuer. */
export const providers: Readonly<Record<string, (iss: string) => ProviderIssuer>> = {
  auth0: (iss) =>
    auth0(new URL(iss).host === 'yourdomain.com' ? 'yourDomain.com' : new URL(iss).host),
  cognito: () =>
    cognito({ region: 'us-west-2', userPoolId: 'us-west-2_example', clientIdAsAudience: true }),
  keycloak: (iss) => keycloak(iss),
  'node oidc-provider': oidcProvider,
  // The negative sample is from the org authorization server, which okta() does not accept.
  okta: (iss) =>
    iss.includes('/oauth2/') ? okta(iss) : { ...okta(`${iss}/oauth2/default`), issuer: iss },
  'spring-authorization-server': springAuthorizationServer,
  wso2,
}

/** An actor. The issuer is set only if the token contains it. */
type ExpectedActor = readonly [subject: string, clientId?: string | undefined, issuer?: string]

/** The expected result for a sample. Without a code, the token is granted. */
export interface Expected {
  /** Default: the `aud` of the sample. */
  readonly audience?: string
  /** The refusal code if only the issuer URL is configured. */
  readonly withUrl?: Code
  /** The refusal code if the provider is configured. */
  readonly withProvider?: Code
  readonly client?: string
  readonly scopes?: readonly string[]
  readonly chain?: readonly ExpectedActor[]
  /** The chain if the provider is configured, if its profile reads more of it. */
  readonly chainWithProvider?: readonly ExpectedActor[]
  readonly roles?: readonly string[]
  readonly permissions?: readonly string[]
}

const local = 'http://localhost:4999'

export const expectations: Readonly<Record<string, Expected>> = {
  'auth0-exchanged-cte-setactor': { client: 'FILLED', chain: [['auth0|support_agent_id']] },
  'auth0-exchanged-obo': {
    client: 'mcp_server_client_id',
    scopes: ['FILLED:read'],
    chain: [['mcp_server_client_id'], ['spa_client_id']],
  },
  'auth0-exchanged-obo-2hops': {
    client: 'first_party_api_client_id',
    chain: [['first_party_api_client_id'], ['mcp_server_client_id'], ['spa_client_id']],
  },
  'auth0-m2m': {
    client: 'qOWSbLuqV9uitKBk1PWwtfOCROXGmoSH',
    scopes: ['read:dashboards', 'read:messages'],
    permissions: ['read:dashboards', 'read:messages'],
  },
  'auth0-normal-auth0-profile': {
    client: 'my_client_id',
    scopes: ['openid', 'profile', 'read:patients', 'read:admin'],
  },
  'auth0-normal-rfc9068-profile': {
    client: 'my_client_id',
    scopes: ['openid', 'profile', 'read:patients', 'read:admin'],
  },
  'cognito-normal': {
    audience: '57cbishk4j24pabc1234567890',
    withUrl: 'claim_missing',
    client: '57cbishk4j24pabc1234567890',
    scopes: ['aws.cognito.signin.user.admin'],
    roles: ['admin'],
  },
  'keycloak-delegated-26.8': {
    client: 'actor-app',
    scopes: ['profile'],
    chain: [['FILLED-service-account-user-uuid', 'actor-app']],
  },
  'keycloak-delegated-nested-actor-act': {
    client: 'agent',
    chain: [['FILLED-agent-sa-uuid', 'agent'], ['FILLED-who-acted-for-the-agent']],
  },
  'keycloak-delegation-subject-token-26.8': {
    client: 'subject-app',
    scopes: ['delegation:client:actor-app', 'profile', 'email'],
  },
  'keycloak-exchanged-standard-v2': { client: 'requester-client', scopes: ['optional-scope2'] },
  'keycloak-negative-act-as-string': {
    withUrl: 'actor_malformed',
    withProvider: 'actor_malformed',
  },
  'keycloak-normal': {
    client: 'curl-rp',
    scopes: ['openid', 'profile', 'email'],
    roles: ['offline_access', 'default-roles-ochacafe', 'uma_authorization'],
  },
  'keycloak-normal-26': {
    client: 'mpc-frontend',
    scopes: ['openid', 'email', 'profile'],
    roles: ['offline_access', 'uma_authorization', 'default-roles-mpc'],
  },
  'oidc-provider-normal': { client: 'spa', scopes: ['read'] },
  'oidc-provider-exchanged': {
    client: 'gateway',
    scopes: ['orders:read'],
    chain: [['gateway', 'gateway', local]],
  },
  'oidc-provider-exchanged-2hops': {
    client: 'orders',
    scopes: ['ledger:read'],
    chain: [
      ['orders', 'orders', local],
      ['gateway', 'gateway', local],
    ],
  },
  'okta-normal': { client: 'nmdP1fcyvdVO11AL7ECm', scopes: ['openid', 'email'] },
  'okta-exchanged-obo': {
    client: '0oa9aw62CPUnXomeU9c5',
    scopes: ['api:access:read', 'api:access:write'],
  },
  'okta-exchanged-a2a-1hop': {
    scopes: ['chat.read', 'chat.history'],
    chain: [['{agent1ClientId}'], ['{initiatingClientId}']],
    chainWithProvider: [
      ['{agent1ClientId}', '{agent1ClientId}'],
      ['{initiatingClientId}', '{initiatingClientId}'],
    ],
  },
  // Bound to a key, but sent as a bearer token.
  'okta-dpop-bound': { withUrl: 'binding_unsupported', withProvider: 'binding_unsupported' },
  'okta-negative-id-jag': { withUrl: 'type_not_accepted', withProvider: 'type_not_accepted' },
  'spring-normal': {
    scopes: ['read', 'openid', 'write'],
    permissions: ['ROLE_USER', 'ROLE_ADMIN', 'DIRECT_ADMIN_AUTH'],
  },
  'spring-exchanged-impersonation': { scopes: ['scope1'] },
  'spring-exchanged-delegation': { scopes: ['scope1'], chain: [['admin', undefined, 'issuer2']] },
  'wso2-exchanged-delegation': {
    client: 'jVcW4oLn1Jjb2T94H4gtPV9z5Y0a',
    scopes: ['booking:read'],
    chain: [['2d931c9d-876e-46c0-9aba-f34501879dfc']],
  },
}
