import {
  fromCookie,
  fromHeader,
  type Introspection,
  type IntrospectionAnswer,
  type Profile,
  type ResourceServerOptions,
  type Revocation,
  type RevocationFinding,
} from '@resource-server/core'
import type { HostSetup, Route } from './host.ts'
import { roleRoutes, routes } from './routes.ts'
import { audience, type IssuersByRole } from './tokens.ts'

export type SetupName =
  | 'default'
  | 'optional'
  | 'optional-ignoring-other-schemes'
  | 'allow-preflight'
  | 'throw-refusals'
  | 'realm-with-quotes'
  | 'max-lifetime'
  | 'direct-only'
  | 'listener-throws'
  | 'no-audience'
  | 'issuer-down'
  | 'issuer-mismatched'
  | 'issuer-with-two-keys'
  | 'spoofed-auth'
  | 'roles'
  | 'resource'
  | 'cookie'
  | 'cookie-preflight'
  | 'optional-cookie'
  | 'cookie-resource'
  | 'header'
  | 'dpop'
  | 'dpop-nonce'
  | 'dpop-store-down'
  | 'mtls'
  | 'revoked'
  | 'revocations-down'
  | 'revocations-stale'
  | 'introspection'
  | 'introspection-inactive'
  | 'introspection-down'
  | 'custom-body'
  | 'broken-custom-body'

/** The origin that clients use. */
const publicUrl = 'https://orders.example.com'

/** The resource identifier that clients use, whatever the Host header says. */
const resource = 'https://orders.example.com/v1'

const sessionCookie = fromCookie('__Host-session', { origins: ['https://app.example.com'] })

/** A profile that maps roles and permissions. A plain issuer URL maps neither. */
const profile: Profile = {
  name: 'conformance',
  types: ['at+jwt'],
  clientClaims: ['client_id'],
  scopeClaims: ['scope'],
  requiredClaims: [],
  ignoredAudiences: [],
  roles: [{ path: ['roles'] }],
  permissions: [{ path: ['permissions'] }],
}

type Setup = (issuers: IssuersByRole) => HostSetup

const defaultOptions = ({ trusted }: IssuersByRole): ResourceServerOptions => ({
  issuer: trusted.url,
  audience,
  clock: trusted.clock,
})

const withOptions =
  (options: Partial<ResourceServerOptions>, appRoutes: readonly Route[] = routes): Setup =>
  (issuers) => ({ options: { ...defaultOptions(issuers), ...options }, routes: appRoutes })

const withIssuer =
  (role: keyof IssuersByRole): Setup =>
  (issuers) => ({
    options: { ...defaultOptions(issuers), issuer: issuers[role].url },
    routes,
  })

/** A source of revocations that finds the same for every token. */
const revocation = (finding: RevocationFinding): Revocation => ({
  connect: () => ({
    check: () => finding,
    subscribe: () => () => {},
    ready: () => true,
    warmUp: async () => {},
    health: () => ({ state: 'current', source: 'conformance', entries: 0 }),
    close: () => {},
  }),
})

/** An introspection that says the same about every opaque token. */
const introspection = (answer: IntrospectionAnswer): Introspection => ({
  prefix: undefined,
  jwts: 'verify',
  missingAudience: 'refuse',
  signedResponses: false,
  connect: ({ issuer }) => ({
    introspect: () => answer,
    health: () => ({ issuer, state: 'ok', requests: 0, failures: 0, cached: 0 }),
    close: () => {},
  }),
})

/** What an issuer says about a valid token of this service. It never expires. */
const active: IntrospectionAnswer = {
  outcome: 'active',
  cached: false,
  claims: {
    active: true,
    aud: audience,
    sub: 'user-42',
    client_id: 'app',
    scope: 'orders:read',
    iat: 0,
    exp: 253_402_300_799,
    token_type: 'Bearer',
  },
}

/** The setups of the app that a case can choose from. */
export const setups: Readonly<Record<SetupName, Setup>> = {
  /** One issuer, one audience, and the default of every other option. */
  default: withOptions({}),
  optional: withOptions({ optional: true }),
  /** Other code verifies the credentials of other schemes. */
  'optional-ignoring-other-schemes': withOptions({ optional: true, ignoreOtherSchemes: true }),
  'allow-preflight': withOptions({ allowPreflight: true }),
  /** Refusals are thrown to the framework's error handling. */
  'throw-refusals': withOptions({ onRefusal: 'throw' }),
  /** A realm that would break out of its quotes if it were not escaped. */
  'realm-with-quotes': withOptions({ realm: String.raw`orders "v1" \ , Basic realm="x` }),
  'max-lifetime': withOptions({ maxLifetime: 3600 }),
  'direct-only': withOptions({ delegation: 'direct' }),
  'listener-throws': withOptions({
    onDecision: () => {
      throw new Error('the listener is broken')
    },
  }),
  'no-audience': ({ trusted }) => ({
    options: { issuer: trusted.url, clock: trusted.clock },
    routes,
  }),
  'issuer-down': withIssuer('down'),
  'issuer-mismatched': withIssuer('mismatched'),
  'issuer-with-two-keys': withIssuer('twoKeys'),
  /** Other code has set a value where the adapter attaches the token. */
  'spoofed-auth': (issuers) => ({
    options: defaultOptions(issuers),
    routes,
    spoofedAuth: { subject: 'attacker', scopes: ['orders:read'], audience: [audience] },
  }),
  roles: withOptions({ profile }, roleRoutes),
  /** With resource metadata: RFC 9728. */
  resource: withOptions({ resource }),
  /** Tokens in a cookie, of a front end on an origin of its own. */
  cookie: withOptions({ credential: sessionCookie }),
  'cookie-preflight': withOptions({ credential: sessionCookie, allowPreflight: true }),
  'optional-cookie': withOptions({ credential: sessionCookie, optional: true }),
  'cookie-resource': withOptions({ credential: sessionCookie, resource }),
  /** Tokens in a header that a proxy sets. */
  header: withOptions({ credential: fromHeader('X-Proxy-Token') }),
  /** Tokens that are bound to a key of the client: RFC 9449. */
  dpop: withOptions({ publicUrl }),
  'dpop-nonce': withOptions({
    publicUrl,
    dpop: { nonceSecret: 'a secret of at least 32 characters' },
  }),
  'dpop-store-down': withOptions({
    publicUrl,
    dpop: { store: { consume: () => Promise.reject(new Error('the store is down')) } },
  }),
  /** Tokens that are bound to a certificate: RFC 8705. No case has a client certificate. */
  mtls: withOptions({ mtls: { from: 'socket' } }),
  /** Tokens that were revoked, or whose revocation cannot be ruled out. */
  revoked: withOptions({ revocation: revocation({ outcome: 'revoked', reason: 'jti' }) }),
  'revocations-down': withOptions({
    revocation: revocation({ outcome: 'unavailable', reason: 'no heartbeat from redis-7' }),
  }),
  'revocations-stale': withOptions({ revocation: revocation({ outcome: 'stale' }) }),
  /** Opaque tokens: RFC 7662. */
  introspection: withOptions({ introspection: introspection(active) }),
  'introspection-inactive': withOptions({
    introspection: introspection({ outcome: 'inactive', cached: false }),
  }),
  'introspection-down': withOptions({
    introspection: introspection({ outcome: 'unavailable', reason: 'the client is unknown' }),
  }),
  'custom-body': withOptions({
    refusalBody: ({ status, title, detail }) => ({
      contentType: 'text/plain; charset=utf-8',
      body: `${status} ${title}: ${detail}`,
    }),
  }),
  /** `refusalBody` works at construction, and then throws or returns a header injection. */
  'broken-custom-body': withOptions({
    refusalBody: ({ error, title }) => {
      if (error === 'invalid_token') throw new Error('the template is missing')
      const injection = error === 'insufficient_scope' ? '\r\nSet-Cookie: x=y' : ''
      return { contentType: `text/plain${injection}`, body: title }
    },
  }),
}
