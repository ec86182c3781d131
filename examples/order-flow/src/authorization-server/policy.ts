/**
 * The policy of the authorization server, as data: the users, the services that each client may
 * request tokens for, and the token exchanges that each client may perform.
 */

export interface Service {
  /** The service's name in `aud`. A service that exchanges tokens uses the same name as client ID. */
  readonly audience: string
  readonly alg: 'RS256' | 'ES256'
  readonly scopes: readonly string[]
}

/** Services by resource indicator. RFC 8707 section 2 requires an absolute URI. */
export const services: ReadonlyMap<string, Service> = new Map<string, Service>([
  [
    'https://user-service.example',
    { audience: 'user-service', alg: 'RS256', scopes: ['orders:read', 'orders:write'] },
  ],
  [
    'https://order-service.example',
    { audience: 'order-service', alg: 'ES256', scopes: ['orders:read', 'orders:write'] },
  ],
  [
    'https://inventory-service.example',
    { audience: 'inventory-service', alg: 'RS256', scopes: ['read:items', 'write:items'] },
  ],
])

export interface ClientRule {
  readonly redirectUri?: string
  /** Whether the client has a secret. Public clients use PKCE only. */
  readonly confidential: boolean
  /** Audiences that a user may grant to this client at sign-in. */
  readonly signInFor: readonly string[]
}

export const clients: ReadonlyMap<string, ClientRule> = new Map<string, ClientRule>([
  [
    'web-shop',
    {
      confidential: false,
      redirectUri: 'https://web-shop.example/signed-in',
      signInFor: ['user-service'],
    },
  ],
  [
    'stock-console',
    {
      confidential: false,
      redirectUri: 'https://stock-console.example/signed-in',
      signInFor: ['inventory-service'],
    },
  ],
  ['user-service', { confidential: true, signInFor: [] }],
  [
    // Users can also sign in to order-service itself, so some ID tokens have its name as `aud`.
    'order-service',
    {
      confidential: true,
      redirectUri: 'https://order-service.example/signed-in',
      signInFor: [],
    },
  ],
])

export interface ExchangeRule {
  /** The client that exchanges. It must be the audience of the subject token. */
  readonly client: string
  /** The audience of the new token. */
  readonly audience: string
  /**
   * The scopes that the new token may have. Each maps to the scope that the subject token must have,
   * because services name their scopes differently. `['read:items', 'orders:read']`: a token with
   * `orders:read` can be exchanged for one with `read:items`.
   */
  readonly scopes: ReadonlyMap<string, string>
}

export const exchangeRules: readonly ExchangeRule[] = [
  {
    client: 'user-service',
    audience: 'order-service',
    scopes: new Map([
      ['orders:read', 'orders:read'],
      ['orders:write', 'orders:write'],
    ]),
  },
  {
    client: 'order-service',
    audience: 'inventory-service',
    scopes: new Map([
      ['read:items', 'orders:read'],
      ['write:items', 'orders:write'],
    ]),
  },
]

export interface Account {
  readonly password: string
  /** The only client that may act for this user (`may_act`). Absent: any client in `exchangeRules`. */
  readonly mayAct?: string
}

export const accounts: ReadonlyMap<string, Account> = new Map<string, Account>([
  ['user-42', { password: 'tulip-season', mayAct: 'user-service' }],
  ['user-7', { password: 'quiet-harbor', mayAct: 'support-desk' }],
])

/** Lifetimes in seconds. */
export const lifetimes = { accessToken: 300, idToken: 300, code: 60, session: 3600 } as const
