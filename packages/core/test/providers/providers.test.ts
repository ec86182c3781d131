import { createTestIssuer, type ProviderId, type TokenOptions } from '@resource-server/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type Code,
  ConfigError,
  createVerifier,
  type Profile,
  type VerifierOptions,
} from '../../src/index.ts'
import {
  auth0,
  authentik,
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
import { aud, bearer, openDesk } from '../support.ts'

const tenant = '11111111-2222-4333-8444-555555555555'
const pool = { region: 'eu-central-1', userPoolId: 'eu-central-1_AbC' }

/** Each with the issuer that it makes, a shape of its tokens and what this one shape lacks. */
const providers: [
  name: string,
  profile: Profile,
  shape: ProviderId,
  claims?: Readonly<Record<string, unknown>>,
][] = [
  ['auth0', auth0('acme.auth0.com').profile, 'auth0'],
  ['auth0 by RFC 9068', auth0('acme.auth0.com').profile, 'auth0-rfc9068'],
  [
    'authentik',
    authentik('https://a.example/application/o/shop/').profile,
    'keycloak',
    { uid: 'x' },
  ],
  ['cognito', cognito({ ...pool, clientIdAsAudience: true }).profile, 'cognito'],
  ['cognito with a resource', cognito(pool).profile, 'cognito', { aud }],
  ['dex', dex('https://dex.example', { acceptIdTokens: true }).profile, 'auth0', { at_hash: 'x' }],
  ['entra', entra({ tenant }).profile, 'entra', { tid: tenant }],
  ['entra v1', entra({ tenant, version: 1 }).profile, 'entra-v1', { tid: tenant }],
  ['hydra', hydra('https://hydra.example').profile, 'hydra'],
  ['keycloak', keycloak('https://k.example/realms/x').profile, 'keycloak'],
  ['oidc-provider', oidcProvider('https://o.example').profile, 'oidc-provider'],
  ['okta', okta('https://acme.okta.com/oauth2/default').profile, 'okta'],
  ['okta for agents', okta('https://acme.okta.com/oauth2/default').profile, 'okta-agent'],
  ['rfc9068', rfc9068('https://as.example.com').profile, 'rfc9068'],
  [
    'spring-authorization-server',
    springAuthorizationServer('https://s.example').profile,
    'spring-authorization-server',
  ],
  ['wso2', wso2('https://w.example/oauth2/token').profile, 'wso2'],
  ['zitadel', zitadel('https://z.example').profile, 'zitadel'],
]

const scoped = (shape: ProviderId): { scope?: string } =>
  shape === 'zitadel' ? {} : { scope: 'read' }

async function judge(
  shape: ProviderId,
  token: Partial<TokenOptions>,
  options: Partial<VerifierOptions> = {},
  path?: string,
): Promise<{ code: Code | 'granted'; reason: string }> {
  const issuer = await createTestIssuer({
    provider: shape,
    algorithm: 'ES256',
    ...(path && { path }),
  })
  onTestFinished(() => issuer.close())
  const { clock, url } = issuer
  const verifier = createVerifier({ issuer: url, audience: aud, clock, ...options })
  const verdict = await verifier.check(issuer.token({ aud, ...scoped(shape), ...token }))
  return verdict.ok ? { code: 'granted', reason: '' } : verdict
}

describe.each(providers)('%s', (name, profile, shape, claims = {}) => {
  test('takes its own tokens', async () => {
    expect(await judge(shape, { claims }, { profile })).toEqual({ code: 'granted', reason: '' })
  })

  test('refuses an ID token for this audience', async () => {
    const issuer = await createTestIssuer({ provider: shape, algorithm: 'ES256' })
    onTestFinished(() => issuer.close())
    const { clock, url } = issuer
    const verifier = createVerifier({ issuer: url, audience: aud, clock, profile })
    // Without the marks that every profile knows: what is left is the provider's own.
    const bare = { nonce: undefined, at_hash: undefined }
    const header = { typ: profile.types.includes('jwt') ? 'JWT' : undefined }
    const verdict = await verifier.check(issuer.idToken({ aud, header, claims: bare }))
    expect(verdict.ok).toBe(name === 'dex')
  })
})

type Providers = (typeof providers)[number]
const rowOf = (name: string): Providers => providers.find(([candidate]) => candidate === name)!

describe('what a provider alone insists on', () => {
  test.each<[string, Readonly<Record<string, unknown>>, Code]>([
    ['keycloak', { typ: 'Ticket' }, 'not_an_access_token'],
    ['keycloak', { typ: undefined }, 'not_an_access_token'],
    ['keycloak', { azp: undefined }, 'claim_missing'],
    ['cognito', { token_use: 'other' }, 'not_an_access_token'],
    ['entra', { tid: '99999999-2222-4333-8444-555555555555' }, 'not_an_access_token'],
    ['entra', { ver: '1.0' }, 'not_an_access_token'],
    ['entra v1', { ver: '2.0' }, 'not_an_access_token'],
    ['authentik', { uid: undefined }, 'claim_missing'],
    ['authentik', { at_hash: 'x' }, 'not_an_access_token'],
    ['hydra', { client_id: undefined }, 'claim_missing'],
    ['wso2', { client_id: undefined }, 'claim_missing'],
    ['oidc-provider', { jti: undefined }, 'claim_missing'],
    ['dex', { c_hash: 'x' }, 'not_an_access_token'],
  ])('%s: %j', async (name, change, code) => {
    const [, profile, shape, claims] = rowOf(name)
    const verdict = await judge(shape, { claims: { ...claims, ...change } }, { profile })
    expect(verdict.code).toBe(code)
  })

  test('authentik copies the nonce of the sign-in, and has no scope', async () => {
    const [, profile, shape, claims] = rowOf('authentik')
    const token = { scope: [], claims: { ...claims, scope: undefined, nonce: 'x' } }
    expect(await judge(shape, token, { profile })).toMatchObject({ code: 'granted' })
  })
})

describe('who else may be named where nobody else may', () => {
  test.each<[string, string]>([
    ['auth0', 'https://acme.auth0.com/userinfo'],
    ['keycloak', 'account'],
  ])('%s: its own %s', async (name, companion) => {
    const [, profile, shape] = rowOf(name)
    const options = { profile, audience: { only: aud } }
    const both = await judge(shape, { aud: [aud, companion] }, options)
    expect(both).toMatchObject({ code: 'granted' })
    const another = await judge(shape, { aud: [aud, 'another'] }, options)
    expect(another).toMatchObject({ code: 'audience_mismatch' })
    // Where nothing is known of the issuer, nobody is a companion.
    const plain = await judge(shape, { aud: [aud, companion] }, { audience: { only: aud } })
    expect(plain).toMatchObject({ code: 'audience_mismatch' })
  })
})

describe('where roles and permissions are', () => {
  const project = 'urn:zitadel:iam:org:project:roles'
  test.each<[string, Readonly<Record<string, unknown>>, readonly string[], readonly string[]]>([
    ['auth0', { permissions: ['a', 'b', 'a'] }, [], ['a', 'b']],
    ['authentik', { groups: ['a'] }, ['a'], []],
    ['cognito', { 'cognito:groups': ['a'] }, ['a'], []],
    ['dex', { groups: ['a'] }, ['a'], []],
    ['entra', { roles: ['a'] }, ['a'], []],
    ['entra v1', { roles: ['a'] }, ['a'], []],
    ['keycloak', { realm_access: { roles: ['a'] } }, ['a'], []],
    ['okta', { groups: ['a'] }, ['a'], []],
    ['spring-authorization-server', { roles: ['a'], authorities: ['b'] }, ['a'], ['b']],
    ['wso2', { roles: 'a' }, ['a'], []],
    ['zitadel', { [project]: { a: { '1': 'acme.example' }, b: {} } }, ['a', 'b'], []],
    ['rfc9068', { roles: ['a'], permissions: ['b'], groups: ['c'] }, [], []],
  ])('%s: %j', async (name, change, roles, permissions) => {
    const [, profile, shape, claims] = rowOf(name)
    const issuer = await createTestIssuer({ provider: shape, algorithm: 'ES256' })
    onTestFinished(() => issuer.close())
    const verifier = createVerifier({
      issuer: issuer.url,
      audience: aud,
      clock: issuer.clock,
      profile,
    })
    const token = issuer.token({ aud, ...scoped(shape), claims: { ...claims, ...change } })
    expect(await verifier.verify(token)).toMatchObject({ roles, permissions })
  })
})

describe('a key of Entra, which signs for all tenants', () => {
  const named = entra({ tenant })
  const other = '99999999-2222-4333-8444-555555555555'
  const v2 = (name: string): string => `https://login.microsoftonline.com/${name}/v2.0`
  test.each<[string, unknown, Code | 'granted']>([
    ['no issuer', undefined, 'granted'],
    ['a template', v2('{tenantid}'), 'granted'],
    ['this tenant', v2(tenant), 'granted'],
    ['another tenant', v2(other), 'key_not_found'],
    ['personal accounts', v2('9188040d-6c67-4c5b-b112-36a304b66dad'), 'key_not_found'],
    ['a template of another version', 'https://sts.windows.net/{tenantid}/', 'key_not_found'],
    [
      'a template that ends too early',
      'https://login.microsoftonline.com/{tenantid}',
      'key_not_found',
    ],
    ['a template without a tenant', `${v2(tenant)}{tenantid}`, 'key_not_found'],
    ['a template that begins too late', '{tenantid}/v2.0', 'key_not_found'],
    ['a number', 1, 'key_not_found'],
  ])('with %s', async (_what, keyIssuer, code) => {
    const issuer = await createTestIssuer({ algorithm: 'ES256' })
    onTestFinished(() => issuer.close())
    const jwks = { keys: [{ ...issuer.key.publicJwk, issuer: keyIssuer }] }
    const claims = { iss: named.issuer, tid: tenant }
    const token = issuer.token({ provider: 'entra', aud, scope: 'read', claims })
    const options = { audience: aud, clock: issuer.clock }
    const verdict = await createVerifier({ ...options, issuer: { ...named, jwks } }).check(token)
    expect(verdict.ok ? 'granted' : verdict.code).toBe(code)
    const plain = await createVerifier({ ...options, issuer: named.issuer, jwks }).check(token)
    expect(plain.ok).toBe(true)
  })
})

test('the issuers that they make', () => {
  expect([
    auth0('acme.eu.auth0.com').issuer,
    entra({ tenant }).issuer,
    entra({ tenant, version: 1 }).issuer,
    cognito(pool).issuer,
  ]).toEqual([
    'https://acme.eu.auth0.com/',
    `https://login.microsoftonline.com/${tenant}/v2.0`,
    `https://sts.windows.net/${tenant}/`,
    'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC',
  ])
})

test.each<[string, () => unknown, string]>([
  ['auth0 of a URL', () => auth0('https://acme.auth0.com/'), "Write auth0('shop.eu.auth0.com')"],
  ['auth0 of nothing', () => auth0(''), 'is no domain'],
  ['keycloak without a realm', () => keycloak('https://k.example'), 'is no realm'],
  ['keycloak with a slash', () => keycloak('https://k.example/realms/x/'), 'without a slash'],
  [
    'roles of an undefined client',
    () => keycloak('https://k.example/realms/x', { rolesOf: undefined as never }),
    "'rolesOf' is no client id",
  ],
  ["okta's org server", () => okta('https://acme.okta.com'), 'cannot be validated locally'],
  ['entra of everybody', () => entra({ tenant: 'common' }), 'Write the GUID'],
  ['entra by name', () => entra({ tenant: 'acme.onmicrosoft.com' }), 'Write the GUID'],
  ['cognito of two regions', () => cognito({ ...pool, region: 'us-east-1' }), 'not of the region'],
  ['dex without the word', () => dex('https://dex.example', {} as never), 'acceptIdTokens: true'],
])('misuse of %s dies at construction', (_what, create, says) => {
  expect(create).toThrow(ConfigError)
  expect(create).toThrow(says)
})

describe('an issuer as an object', () => {
  test('stands in issuer, and its members win over the common ones', async () => {
    const issuer = await createTestIssuer({ provider: 'keycloak', algorithm: 'ES256' })
    onTestFinished(() => issuer.close())
    const given = { ...keycloak('https://k.example/realms/x'), issuer: issuer.url }
    const common = { clock: issuer.clock, audience: 'somebody-else' }
    const verifier = createVerifier({ ...common, issuer: { ...given, audience: aud } })
    const { clientId } = await verifier.verify(issuer.token({ aud, clientId: 'shop' }))
    expect(clientId).toBe('shop')
  })

  test.each<[string, object, string]>([
    ['an unknown member', { issuer: 'https://a.example', audiences: aud }, "called 'audiences'"],
    ['no issuer in it', { audience: aud }, "'issuer' is not a string"],
    ['a list', [], 'no object of an issuer'],
  ])('is a ConfigError with %s', (_what, issuer, says) => {
    expect(() => createVerifier({ audience: aud, issuer: issuer as never })).toThrow(says)
  })
})

describe('wrong configuration is met with help', () => {
  type Case = [
    what: string,
    shape: ProviderId,
    token: Partial<TokenOptions>,
    code: Code,
    says: string,
    options?: Partial<VerifierOptions>,
    path?: string,
  ]
  const realm = '/realms/x'
  const named = (profile: Profile): Partial<VerifierOptions> => ({ profile })
  const org = { header: { typ: 'application/okta-internal-at+jwt' } }
  const jag = { header: { typ: 'oauth-id-jag+jwt' } }
  const v1 = { claims: { iss: `https://sts.windows.net/${tenant}/` } }
  const keycloakProfile = keycloak('https://k.example/realms/x').profile
  const springProfile = springAuthorizationServer('https://s.example').profile
  const cases: Case[] = [
    [
      'Auth0 without its slash',
      'auth0',
      { claims: {} },
      'issuer_not_trusted',
      'a trailing slash',
      {},
      '/',
    ],
    ["Okta's org server", 'okta', org, 'type_not_accepted', 'cannot be validated locally'],
    ["Okta's ID-JAG", 'okta', jag, 'type_not_accepted', 'never an access token'],
    [
      "Spring's client id",
      'spring-authorization-server',
      { aud: 'gateway' },
      'audience_mismatch',
      'context.getClaims().audience(',
    ],
    [
      'the same, named',
      'spring-authorization-server',
      { aud: 'gateway' },
      'audience_mismatch',
      'context.getClaims()',
      named(springProfile),
    ],
    [
      "Keycloak's account",
      'keycloak',
      { aud: 'account' },
      'audience_mismatch',
      'oidc-audience-mapper',
      {},
      realm,
    ],
    [
      'the same, named',
      'keycloak',
      { aud: 'account' },
      'audience_mismatch',
      'oidc-audience-mapper',
      named(keycloakProfile),
      realm,
    ],
    [
      'Keycloak without aud',
      'keycloak',
      { claims: { aud: undefined } },
      'claim_missing',
      'oidc-audience-mapper',
      {},
      realm,
    ],
    [
      'Keycloak without sub',
      'keycloak',
      { claims: { sub: undefined } },
      'claim_missing',
      'client scope "basic"',
      {},
      realm,
    ],
    [
      'a lightweight token',
      'keycloak',
      { claims: { aud: undefined, jti: 'onltac:1' } },
      'claim_missing',
      'lightweight',
      {},
      realm,
    ],
    ['Entra v1 at v2', 'entra-v1', v1, 'issuer_not_trusted', 'api.requestedAccessTokenVersion', {}],
    [
      'Entra v2 at v1',
      'entra',
      { claims: { iss: `https://login.microsoftonline.com/${tenant}/v2.0` } },
      'issuer_not_trusted',
      'version 2',
    ],
    [
      "Entra's api:// address",
      'entra',
      { aud: tenant },
      'audience_mismatch',
      'not its api:// address',
    ],
    [
      'Microsoft Graph',
      'entra',
      { aud: '00000003-0000-0000-c000-000000000000' },
      'audience_mismatch',
      'Microsoft Graph',
    ],
    ['Cognito without aud', 'cognito', {}, 'claim_missing', 'clientIdAsAudience: true'],
    [
      'Auth0 with userinfo alone',
      'auth0',
      { aud: 'https://acme.auth0.com/userinfo' },
      'audience_mismatch',
      "the parameter 'audience'",
    ],
    [
      "Dex's access token",
      'auth0',
      { scope: [], claims: { scope: undefined, at_hash: 'x', federated_claims: {} } },
      'not_an_access_token',
      'acceptIdTokens',
    ],
  ]
  test.each(cases)('%s (%s)', async (what, shape, token, code, says, options = {}, path?) => {
    const verdict =
      what === 'Auth0 without its slash'
        ? await withoutSlash(shape)
        : await judge(shape, token, options, path)
    expect(verdict.code).toBe(code)
    expect(verdict.reason).toContain(says)
  })

  async function withoutSlash(shape: ProviderId): Promise<{ code: string; reason: string }> {
    const issuer = await createTestIssuer({ provider: shape, algorithm: 'ES256', path: '/' })
    onTestFinished(() => issuer.close())
    const verifier = createVerifier({ issuer: issuer.url.slice(0, -1), audience: aud })
    const verdict = await verifier.check(issuer.token({ aud }))
    if (verdict.ok) throw new Error('granted')
    return verdict
  }

  test.each<[Profile, string]>([
    [auth0('acme.auth0.com').profile, "the parameter 'audience'"],
    [hydra('https://hydra.example').profile, 'strategies.access_token'],
    [zitadel('https://z.example').profile, 'token type of the application'],
  ])('an opaque token, where the provider is named: $name', async (profile, says) => {
    const options = { issuer: 'https://as.example.com', audience: aud }
    const verdict = await createVerifier({ ...options, profile }).check('opaque')
    expect(verdict).toMatchObject({
      code: 'token_malformed',
      reason: expect.stringContaining(says),
    })
    const plain = await createVerifier(options).check('opaque')
    expect(plain).toMatchObject({ reason: expect.not.stringContaining(says) })
  })

  test('and the caller hears no word of it', async () => {
    const issuer = await createTestIssuer({ provider: 'keycloak', algorithm: 'ES256', path: realm })
    onTestFinished(() => issuer.close())
    const desk = openDesk({ issuer: issuer.url, audience: aud, clock: issuer.clock })
    const guard = desk.guards.requireAuthentication()
    const replies = await Promise.all(
      ['account', 'another'].map((name) =>
        desk.pass({}, guard, bearer(issuer.token({ aud: name }))),
      ),
    )
    expect(replies[0]).toEqual(replies[1])
    const reasons = desk.records
      .map(({ reason = '' }) => reason)
      .toSorted((a, b) => b.length - a.length)
    expect(reasons.map((reason) => reason.includes('mapper'))).toEqual([true, false])
  })

  test('but not where something else is wrong', async () => {
    const verdict = await judge('keycloak', { aud: 'account', expiresIn: -60 }, {}, realm)
    expect(verdict).toMatchObject({ code: 'token_expired' })
    expect(verdict.reason).not.toContain('mapper')
  })

  test.each<[ProviderId, Partial<TokenOptions>]>([
    ['entra-v1', { aud: 'another' }],
    ['wso2', { aud: 'another' }],
    ['hydra', { aud: 'another' }],
    ['rfc9068', { aud: 'another', notBefore: 0 }],
    ['spring-authorization-server', { aud: ['another', 'gateway'] }],
  ])('and no provider is named by mistake: %s', async (shape, token) => {
    const verdict = await judge(shape, token)
    expect(verdict.reason).toMatch(/^aud is .*order-service"\]$/)
  })

  test('a hint of a profile of one’s own that throws is no breakdown', async () => {
    const when = (): boolean => {
      throw new Error('bug')
    }
    const hints = [{ codes: ['audience_mismatch'] as const, when, message: 'never said' }]
    const profile: Profile = { ...keycloakProfile, name: 'own', hints }
    const verdict = await judge('keycloak', { aud: 'account' }, { profile })
    expect(verdict.code).toBe('audience_mismatch')
    expect(verdict.reason).not.toContain('never said')
  })
})

describe('a profile of one’s own', () => {
  const base: Profile = { ...rfc9068('https://as.example.com').profile, name: 'own' }

  test('says where the audience is', async () => {
    const profile: Profile = { ...base, audienceClaims: ['service'] }
    const claims = { aud: undefined, service: aud }
    expect(await judge('rfc9068', { claims }, { profile })).toMatchObject({ code: 'granted' })
    expect(await judge('rfc9068', {}, { profile })).toMatchObject({ code: 'claim_missing' })
    const odd = { aud: undefined, service: { name: aud } }
    expect(await judge('rfc9068', { claims: odd }, { profile })).toMatchObject({
      code: 'claim_malformed',
    })
  })

  test('insists on the values of claims', async () => {
    const profile: Profile = { ...base, expectedClaims: { kind: ['access', 'service'] } }
    const kinds = ['access', 'service', 'id', ['access'], undefined]
    const codes = await Promise.all(
      kinds.map(async (kind) => (await judge('rfc9068', { claims: { kind } }, { profile })).code),
    )
    const foreign = 'not_an_access_token'
    expect(codes).toEqual(['granted', 'granted', foreign, foreign, foreign])
  })

  test('refuses roles and permissions of the wrong type', async () => {
    const profile: Profile = {
      ...base,
      roles: [{ path: ['realm', 'roles'] }],
      permissions: [{ path: ['grants'], format: 'keys' }],
    }
    const odd = [
      { realm: 'admin' },
      { realm: { roles: [1] } },
      { realm: { roles: { admin: 1 } } },
      { realm: null },
      { grants: ['a'] },
    ]
    for (const claims of odd) {
      expect(await judge('rfc9068', { claims }, { profile })).toMatchObject({
        code: 'claim_malformed',
      })
    }
    const fine = [
      {},
      { realm: {} },
      { realm: { roles: [] } },
      { realm: { roles: 'admin' } },
      { grants: {} },
    ]
    for (const claims of fine) {
      expect(await judge('rfc9068', { claims }, { profile })).toMatchObject({ code: 'granted' })
    }
  })

  test.each<[string, object, string]>([
    ['an unknown member', { scopes: [] }, "A profile has no 'scopes'"],
    ['types in capitals', { types: ['JWT'] }, "'types' is not a list of types in lower case"],
    ['a claim that is no name', { clientClaims: [1] }, "'clientClaims' is not"],
    ['an empty choice', { requiredClaims: [[]] }, "'requiredClaims' is not"],
    ['no audience claim', { audienceClaims: [] }, "'audienceClaims' is not"],
    ['a place that is no path', { roles: ['roles'] }, "'roles' is not"],
    ['an unknown form', { roles: [{ path: ['a'], format: 'csv' }] }, "'roles' is not"],
    ['no values', { expectedClaims: { typ: 'Bearer' } }, "'expectedClaims' is not"],
    ['unknown metadata', { discovery: 'webfinger' }, "'discovery' is not"],
    [
      'a hint without words',
      { hints: [{ codes: ['token_expired'], when: () => true }] },
      "'hints' is",
    ],
    ['undefined for a default', { roles: undefined }, "'roles' is not"],
  ])('is a ConfigError with %s', (_what, members, says) => {
    const profile = { ...base, ...members } as Profile
    const create = (): unknown =>
      createVerifier({ issuer: 'https://a.example', audience: aud, profile })
    expect(create).toThrow(ConfigError)
    expect(create).toThrow(says)
  })

  test.each(['openid', 'oauth'] as const)(
    'asks for the metadata of %s alone',
    async (discovery) => {
      const both = await createTestIssuer({ algorithm: 'ES256' })
      const other = await createTestIssuer({
        algorithm: 'ES256',
        discovery: discovery === 'openid' ? 'oauth' : 'openid',
      })
      onTestFinished(async () => {
        await both.close()
        await other.close()
      })
      const profile: Profile = { ...base, discovery }
      const warm = (issuer: string): Promise<void> =>
        createVerifier({ issuer, audience: aud, profile }).warmUp()
      await expect(warm(both.url)).resolves.toBeUndefined()
      expect(both.requests.discovery).toBe(1)
      await expect(warm(other.url)).rejects.toThrow('404')
      expect(other.requests.discovery).toBe(1)
    },
  )
})
