import { expect, test } from 'vitest'
import type { Profile } from '../../src/index.ts'
import { defaultProfile } from '../../src/providers/default.ts'
import * as hints from '../../src/providers/hints.ts'
import {
  auth0,
  authentik,
  betterAuth,
  cognito,
  dex,
  entra,
  hydra,
  keycloak,
  oidcProvider,
  okta,
  rfc9068,
  springAuthorizationServer,
  wso2,
  zitadel,
} from '../../src/providers/index.ts'

// Compares whole profiles, because any change affects which tokens of that provider are accepted.

const tenant = '11111111-2222-4333-8444-555555555555'
const pool = { region: 'eu-central-1', userPoolId: 'eu-central-1_AbC' }
const url = 'https://as.example.com/x'

type Make = () => { readonly issuer: string; readonly profile: Profile }

// Created inside the test, because an error while the tests are listed would not fail a test.
test.each<[name: string, make: Make, issuer: string, profile: Profile]>([
  [
    'auth0',
    () => auth0('acme.eu.auth0.com'),
    'https://acme.eu.auth0.com/',
    {
      name: 'auth0',
      types: ['jwt', 'at+jwt'],
      discovery: 'openid',
      clientClaims: ['azp', 'client_id'],
      requiredClaims: [['azp', 'client_id']],
      scopeClaims: ['scope'],
      ignoredAudiences: ['https://acme.eu.auth0.com/userinfo'],
      permissions: [{ path: ['permissions'] }],
      hints: [...hints.auth0Hints, hints.auth0Opaque],
    },
  ],
  [
    'authentik',
    () => authentik(url),
    url,
    {
      name: 'authentik',
      types: ['jwt', 'at+jwt'],
      discovery: 'openid',
      clientClaims: ['azp'],
      requiredClaims: ['azp', 'uid'],
      acceptUnmarked: true,
      scopeClaims: ['scope'],
      forbiddenClaims: ['at_hash', 'c_hash', 's_hash', 'events'],
      ignoredAudiences: [],
      roles: [{ path: ['groups'] }],
    },
  ],
  [
    'betterAuth',
    () => betterAuth(url),
    url,
    {
      name: 'better-auth',
      types: ['at+jwt'],
      clientClaims: ['client_id', 'azp'],
      requiredClaims: ['client_id', 'jti'],
      scopeClaims: ['scope'],
      ignoredAudiences: [`${url}/oauth2/userinfo`],
      hints: [hints.betterAuthOpaque],
    },
  ],
  ...[false, true].map((clientIdAsAudience) => {
    const issuer = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC'
    const profile: Profile = {
      name: 'cognito',
      types: [undefined, 'jwt'],
      discovery: 'openid' as const,
      clientClaims: ['client_id'],
      requiredClaims: ['client_id'],
      scopeClaims: ['scope'],
      expectedClaims: { token_use: ['access'] },
      ignoredAudiences: [],
      roles: [{ path: ['cognito:groups'] }],
      hints: hints.cognitoHints,
      audienceClaims: clientIdAsAudience ? ['aud', 'client_id'] : ['aud'],
    }
    const title = `cognito with clientIdAsAudience ${clientIdAsAudience}`
    const make: Make = () => cognito({ ...pool, ...(clientIdAsAudience && { clientIdAsAudience }) })
    return [title, make, issuer, profile] as [string, Make, string, Profile]
  }),
  [
    'dex',
    () => dex(url, { acceptIdTokens: true }),
    url,
    {
      name: 'dex',
      types: [undefined, 'jwt'],
      discovery: 'openid',
      clientClaims: ['azp'],
      requiredClaims: [],
      scopeClaims: [],
      forbiddenClaims: ['c_hash', 's_hash', 'events'],
      acceptUnmarked: true,
      ignoredAudiences: [],
      roles: [{ path: ['groups'] }],
    },
  ],
  ...([1, 2] as const).map((version) => {
    const client = version === 1 ? 'appid' : 'azp'
    const issuer =
      version === 1
        ? `https://sts.windows.net/${tenant}/`
        : `https://login.microsoftonline.com/${tenant}/v2.0`
    const profile: Profile = {
      name: 'entra',
      types: ['jwt'],
      discovery: 'openid' as const,
      clientClaims: [client],
      requiredClaims: [client],
      acceptUnmarked: true,
      scopeClaims: ['scp'],
      expectedClaims: { ver: [version === 1 ? '1.0' : '2.0'], tid: [tenant] },
      ignoredAudiences: [],
      roles: [{ path: ['roles'] }],
      hints: hints.entraHints,
      ...(version === 2 && { keyIssuerPlaceholder: '{tenantid}' }),
    }
    const title = `entra with version ${version}`
    const make: Make = () => entra(version === 1 ? { tenant, version } : { tenant })
    return [title, make, issuer, profile] as [string, Make, string, Profile]
  }),
  [
    'hydra',
    () => hydra(url),
    url,
    {
      name: 'hydra',
      types: ['jwt', 'at+jwt'],
      discovery: 'openid',
      clientClaims: ['client_id'],
      requiredClaims: ['client_id', 'jti'],
      scopeClaims: ['scp', 'scope'],
      ignoredAudiences: [],
      hints: [hints.hydraOpaque, hints.audienceHint],
    },
  ],
  ...[undefined, 'shop'].map((rolesOf) => {
    const issuer = 'https://k.example/realms/acme'
    const profile: Profile = {
      name: 'keycloak',
      types: ['jwt', 'at+jwt'],
      discovery: 'openid' as const,
      clientClaims: ['azp'],
      requiredClaims: ['azp'],
      scopeClaims: ['scope'],
      expectedClaims: { typ: ['Bearer', 'DPoP'] },
      acceptUnmarked: true,
      ignoredAudiences: ['account'],
      roles: [{ path: rolesOf ? ['resource_access', 'shop', 'roles'] : ['realm_access', 'roles'] }],
      actorNames: ['client_id' as const, 'sub' as const],
      hints: hints.keycloakHints,
    }
    const title = rolesOf ? 'keycloak with rolesOf' : 'keycloak'
    const make: Make = () => (rolesOf ? keycloak(issuer, { rolesOf }) : keycloak(issuer))
    return [title, make, issuer, profile] as [string, Make, string, Profile]
  }),
  [
    'oidcProvider',
    () => oidcProvider(url),
    url,
    {
      name: 'oidc-provider',
      types: ['at+jwt'],
      clientClaims: ['client_id'],
      requiredClaims: ['client_id', 'jti'],
      scopeClaims: ['scope'],
      ignoredAudiences: [],
    },
  ],
  [
    'okta',
    () => okta('https://acme.okta.com/oauth2/default'),
    'https://acme.okta.com/oauth2/default',
    {
      name: 'okta',
      types: [undefined, 'jwt', 'at+jwt', 'application/at+jwt'],
      clientClaims: ['cid', 'client_id'],
      requiredClaims: [['scp', 'scope']],
      scopeClaims: ['scp', 'scope'],
      ignoredAudiences: [],
      actorSubjectIsClient: true,
      roles: [{ path: ['groups'] }],
      hints: hints.oktaHints,
    },
  ],
  [
    'rfc9068',
    () => rfc9068(url),
    url,
    {
      name: 'rfc9068',
      hints: [hints.subjectHint],
      types: ['at+jwt', 'application/at+jwt'],
      clientClaims: ['client_id'],
      requiredClaims: ['client_id', 'jti'],
      scopeClaims: ['scope'],
      ignoredAudiences: [],
    },
  ],
  [
    'springAuthorizationServer',
    () => springAuthorizationServer(url),
    url,
    {
      name: 'spring-authorization-server',
      types: [undefined, 'at+jwt', 'application/at+jwt', 'jwt'],
      clientClaims: ['client_id', 'azp'],
      requiredClaims: ['nbf', 'jti'],
      acceptUnmarked: true,
      scopeClaims: ['scope'],
      ignoredAudiences: [],
      hints: hints.springHints,
      roles: [{ path: ['roles'] }],
      permissions: [{ path: ['authorities'] }],
    },
  ],
  [
    'wso2',
    () => wso2(url),
    url,
    {
      name: 'wso2',
      types: ['at+jwt', 'jwt'],
      discovery: 'openid',
      clientClaims: ['client_id'],
      requiredClaims: ['client_id', 'jti'],
      scopeClaims: ['scope'],
      ignoredAudiences: [],
      roles: [{ path: ['roles'] }],
    },
  ],
  [
    'zitadel',
    () => zitadel(url),
    url,
    {
      name: 'zitadel',
      types: ['jwt', 'at+jwt', undefined],
      discovery: 'openid',
      clientClaims: ['azp', 'client_id'],
      requiredClaims: ['jti'],
      acceptUnmarked: true,
      scopeClaims: ['scope'],
      ignoredAudiences: [],
      hints: [hints.zitadelOpaque, hints.scopeHint],
      roles: [{ path: ['urn:zitadel:iam:org:project:roles'], format: 'keys' }],
    },
  ],
])('%s returns the issuer and the profile', (_name, make, issuer, profile) => {
  expect(make()).toEqual({ issuer, profile })
})

test('the default profile accepts the default tokens of every provider', () => {
  expect(defaultProfile).toEqual({
    name: 'default',
    types: ['at+jwt', 'application/at+jwt', 'jwt', undefined],
    clientClaims: ['client_id', 'azp', 'cid', 'appid'],
    scopeClaims: ['scope', 'scp'],
    requiredClaims: [],
    ignoredAudiences: [],
    hints: hints.allHints,
  })
})
