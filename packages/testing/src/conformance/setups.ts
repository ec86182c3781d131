import type { Profile, ResourceServerOptions } from '@resource-server/core'
import type { HostSetup, Route } from './host.ts'
import { privilegeRoutes, routes } from './routes.ts'
import { audience, type Issuers } from './tokens.ts'

export type SetupName =
  | 'plain'
  | 'optional'
  | 'preflight'
  | 'thrown'
  | 'quoted'
  | 'limited'
  | 'direct'
  | 'listener-throws'
  | 'no-audience'
  | 'silent'
  | 'impostor'
  | 'twofold'
  | 'planted'
  | 'privileged'
  | 'described'
  | 'worded'
  | 'worded-badly'

/** As clients reach the service, whatever they write into Host. */
const resource = 'https://orders.example.com/v1'

/** Says where roles and permissions are; no plain issuer does. */
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

type Setup = (issuers: Issuers) => HostSetup

const plain = ({ issuer }: Issuers): ResourceServerOptions => ({
  issuer: issuer.url,
  audience,
  clock: issuer.clock,
})
const and =
  (options: Partial<ResourceServerOptions>, own: readonly Route[] = routes): Setup =>
  (issuers) => ({ options: { ...plain(issuers), ...options }, routes: own })
const trusting =
  (name: keyof Issuers): Setup =>
  (issuers) => ({
    options: { ...plain(issuers), issuer: issuers[name].url },
    routes,
  })

/** How the app of a case is set up. */
export const setups: Readonly<Record<SetupName, Setup>> = {
  /** One issuer, one audience, and every default. */
  plain: and({}),
  optional: and({ optional: true }),
  preflight: and({ allowPreflight: true }),
  /** Refusals go to the framework's error handling. */
  thrown: and({ onRefusal: 'throw' }),
  /** A realm that tries to leave its quotes. */
  quoted: and({ realm: String.raw`orders "v1" \ , Basic realm="x` }),
  limited: and({ maxLifetime: 3600 }),
  direct: and({ delegation: 'direct' }),
  'listener-throws': and({
    onDecision: () => {
      throw new Error('a sink that is broken')
    },
  }),
  'no-audience': ({ issuer }) => ({
    options: { issuer: issuer.url, clock: issuer.clock },
    routes,
  }),
  silent: trusting('silent'),
  impostor: trusting('impostor'),
  twofold: trusting('twofold'),
  /** The word of somebody, where the adapter puts the token. */
  planted: (issuers) => ({
    options: plain(issuers),
    routes,
    planted: { subject: 'stranger', scopes: ['orders:read'], audience: [audience] },
  }),
  privileged: and({ profile }, privilegeRoutes),
  /** With metadata to show: RFC 9728. */
  described: and({ resource }),
  /** With bodies of its own. */
  worded: and({
    refusalBody: ({ status, title, detail }) => ({
      contentType: 'text/plain; charset=utf-8',
      body: `${status} ${title}: ${detail}`,
    }),
  }),
  /** With bodies that work at the start and no longer. */
  'worded-badly': and({
    refusalBody: ({ error, title }) => {
      if (error === 'invalid_token') throw new Error('the template is gone')
      const lines = error === 'insufficient_scope' ? '\r\nSet-Cookie: x=y' : ''
      return { contentType: `text/plain${lines}`, body: title }
    },
  }),
}
