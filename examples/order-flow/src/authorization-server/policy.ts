/**
 * Everything that this authorization server allows, as data: who may sign in, which client may ask
 * for a token for which service, and who may exchange what for what.
 */

export interface Service {
  /** Name of the service in `aud`; a service that exchanges tokens has the same name as a client. */
  readonly audience: string
  readonly alg: 'RS256' | 'ES256'
  readonly scopes: readonly string[]
}

/** By resource indicator, which RFC 8707 section 2 wants to be an absolute URI. */
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
  /** Public clients have no secret; PKCE stands in for it. */
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
    // Has pages of its own, where users sign in. Hence ID tokens whose `aud` is `order-service`.
    'order-service',
    {
      confidential: true,
      redirectUri: 'https://order-service.example/signed-in',
      signInFor: [],
    },
  ],
])

export interface ExchangeRule {
  /** Who exchanges. The subject token must be meant for it: `aud` is its own name. */
  readonly client: string
  /** Whom the new token is for. */
  readonly audience: string
  /**
   * The scopes to be had there, each with the scope of the subject token that covers it. Services
   * have vocabularies of their own, so "only narrower" means: nothing is granted that is not covered.
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
  /** The one client that may act for this user; becomes `may_act`. Absent: the rules alone decide. */
  readonly mayAct?: string
}

export const accounts: ReadonlyMap<string, Account> = new Map<string, Account>([
  ['user-42', { password: 'tulip-season', mayAct: 'user-service' }],
  ['user-7', { password: 'quiet-harbor', mayAct: 'support-desk' }],
])

/** Seconds. */
export const lifetimes = { accessToken: 300, idToken: 300, code: 60, session: 3600 } as const
