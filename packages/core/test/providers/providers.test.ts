import {
  createSigningKey,
  createTestIssuer,
  type ProviderId,
  type TokenOptions,
} from '@resource-server/testing'
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
import { aud, bearer, createGateHarness } from '../support.ts'

const tenant = '11111111-2222-4333-8444-555555555555'
const pool = { region: 'eu-central-1', userPoolId: 'eu-central-1_AbC' }

/** Each provider, the shape of its tokens, and claims that the shape does not have. */
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

async function verify(
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
  const result = await verifier.check(issuer.token({ aud, ...scoped(shape), ...token }))
  return result.ok ? { code: 'granted', reason: '' } : result
}

describe.each(providers)('the profile %s', (name, profile, shape, claims = {}) => {
  test('accepts the tokens of its provider', async () => {
    expect(await verify(shape, { claims }, { profile })).toEqual({ code: 'granted', reason: '' })
  })

  const refuses = name === 'dex' ? 'accepts' : 'refuses'
  test(`${refuses} an ID token for this audience`, async () => {
    const issuer = await createTestIssuer({ provider: shape, algorithm: 'ES256' })
    onTestFinished(() => issuer.close())
    const { clock, url } = issuer
    const verifier = createVerifier({ issuer: url, audience: aud, clock, profile })
    // Without the claims that every profile refuses, so that the rules of this profile decide.
    const noMarks = { nonce: undefined, at_hash: undefined }
    const header = { typ: profile.types.includes('jwt') ? 'JWT' : undefined }
    const result = await verifier.check(issuer.idToken({ aud, header, claims: noMarks }))
    expect(result.ok).toBe(name === 'dex')
  })
})

type ProviderRow = (typeof providers)[number]
const rowOf = (name: string): ProviderRow => providers.find(([candidate]) => candidate === name)!

describe('rules of a single provider', () => {
  test.each<[string, string, Readonly<Record<string, unknown>>, Code]>([
    ['keycloak', 'the typ Ticket', { typ: 'Ticket' }, 'not_an_access_token'],
    ['keycloak', 'no typ', { typ: undefined }, 'not_an_access_token'],
    ['keycloak', 'no azp', { azp: undefined }, 'claim_missing'],
    ['cognito', 'the token_use other', { token_use: 'other' }, 'not_an_access_token'],
    [
      'entra',
      'another tid',
      { tid: '99999999-2222-4333-8444-555555555555' },
      'not_an_access_token',
    ],
    ['entra', 'the ver 1.0', { ver: '1.0' }, 'not_an_access_token'],
    ['entra v1', 'the ver 2.0', { ver: '2.0' }, 'not_an_access_token'],
    ['authentik', 'no uid', { uid: undefined }, 'claim_missing'],
    ['authentik', 'at_hash', { at_hash: 'x' }, 'not_an_access_token'],
    ['hydra', 'no client_id', { client_id: undefined }, 'claim_missing'],
    ['wso2', 'no client_id', { client_id: undefined }, 'claim_missing'],
    ['oidc-provider', 'no jti', { jti: undefined }, 'claim_missing'],
    ['dex', 'c_hash', { c_hash: 'x' }, 'not_an_access_token'],
  ])('the profile %s refuses a token with %s', async (name, _what, change, code) => {
    const [, profile, shape, claims] = rowOf(name)
    const result = await verify(shape, { claims: { ...claims, ...change } }, { profile })
    expect(result.code).toBe(code)
  })

  test('authentik accepts a token with nonce and without scope', async () => {
    const [, profile, shape, claims] = rowOf('authentik')
    const token = { scope: [], claims: { ...claims, scope: undefined, nonce: 'x' } }
    expect(await verify(shape, token, { profile })).toMatchObject({ code: 'granted' })
  })
})

describe('audience { only } with the ignored audiences of a profile', () => {
  test.each<[string, string]>([
    ['auth0', 'https://acme.auth0.com/userinfo'],
    ['keycloak', 'account'],
  ])('%s ignores %s', async (name, ignored) => {
    const [, profile, shape] = rowOf(name)
    const options = { profile, audience: { only: aud } }
    const both = await verify(shape, { aud: [aud, ignored] }, options)
    expect(both).toMatchObject({ code: 'granted' })
    const another = await verify(shape, { aud: [aud, 'another'] }, options)
    expect(another).toMatchObject({ code: 'audience_mismatch' })
    // The default profile ignores no audience.
    const plain = await verify(shape, { aud: [aud, ignored] }, { audience: { only: aud } })
    expect(plain).toMatchObject({ code: 'audience_mismatch' })
  })
})

describe('roles and permissions', () => {
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
  ])(
    'the profile %s reads %j as roles %j and permissions %j',
    async (name, change, roles, permissions) => {
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
    },
  )
})

describe('an Entra key, whose issuer member', () => {
  const named = entra({ tenant })
  const other = '99999999-2222-4333-8444-555555555555'
  const v2 = (name: string): string => `https://login.microsoftonline.com/${name}/v2.0`
  test.each<[string, unknown, Code | 'granted']>([
    ['is absent', undefined, 'granted'],
    ['is a template', v2('{tenantid}'), 'granted'],
    ['is this tenant', v2(tenant), 'granted'],
    ['is another tenant', v2(other), 'key_not_found'],
    [
      'is the tenant of personal accounts',
      v2('9188040d-6c67-4c5b-b112-36a304b66dad'),
      'key_not_found',
    ],
    ['is a template of another version', 'https://sts.windows.net/{tenantid}/', 'key_not_found'],
    [
      'is a template that ends early',
      'https://login.microsoftonline.com/{tenantid}',
      'key_not_found',
    ],
    ['is a template with nothing left for the tenant', `${v2(tenant)}{tenantid}`, 'key_not_found'],
    ['is a template that begins late', '{tenantid}/v2.0', 'key_not_found'],
    ['is a number', 1, 'key_not_found'],
  ])('%s', async (_what, keyIssuer, code) => {
    const issuer = await createTestIssuer({ algorithm: 'ES256' })
    onTestFinished(() => issuer.close())
    const sibling = createSigningKey('ES256', 'sibling').publicJwk
    const jwks = { keys: [{ ...issuer.key.publicJwk, issuer: keyIssuer }, sibling] }
    const claims = { iss: named.issuer, tid: tenant }
    const token = issuer.token({ provider: 'entra', aud, scope: 'read', claims })
    const options = { audience: aud, clock: issuer.clock }
    const result = await createVerifier({ ...options, issuer: { ...named, jwks } }).check(token)
    expect(result.ok ? 'granted' : result.code).toBe(code)
    const plain = await createVerifier({ ...options, issuer: named.issuer, jwks }).check(token)
    expect(plain.ok).toBe(true)
  })
})

test('provider functions build the issuer URL', () => {
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
  ['auth0 with a URL', () => auth0('https://acme.auth0.com/'), "Write auth0('shop.eu.auth0.com')"],
  ['auth0 with an empty string', () => auth0(''), 'is not a domain name'],
  [
    'keycloak without a realm',
    () => keycloak('https://k.example'),
    'is not the URL of a Keycloak realm',
  ],
  [
    'keycloak with a trailing slash',
    () => keycloak('https://k.example/realms/x/'),
    'without a trailing slash',
  ],
  [
    'keycloak with rolesOf undefined',
    () => keycloak('https://k.example/realms/x', { rolesOf: undefined as never }),
    "'rolesOf' is undefined",
  ],
  [
    'okta with the org authorization server',
    () => okta('https://acme.okta.com'),
    'cannot be verified locally',
  ],
  ['entra with common', () => entra({ tenant: 'common' }), 'Pass the GUID'],
  ['entra with a domain name', () => entra({ tenant: 'acme.onmicrosoft.com' }), 'Pass the GUID'],
  [
    'cognito with a pool of another region',
    () => cognito({ ...pool, region: 'us-east-1' }),
    'not in the region',
  ],
  [
    'dex without acceptIdTokens',
    () => dex('https://dex.example', {} as never),
    'acceptIdTokens: true',
  ],
])('%s is a ConfigError', (_what, create, message) => {
  expect(create).toThrow(ConfigError)
  expect(create).toThrow(message)
})

describe('issuer as an object', () => {
  test('overrides the common options', async () => {
    const issuer = await createTestIssuer({ provider: 'keycloak', algorithm: 'ES256' })
    onTestFinished(() => issuer.close())
    const own = { ...keycloak('https://k.example/realms/x'), issuer: issuer.url }
    const common = { clock: issuer.clock, audience: 'another-service' }
    const verifier = createVerifier({ ...common, issuer: { ...own, audience: aud } })
    const { clientId } = await verifier.verify(issuer.token({ aud, clientId: 'shop' }))
    expect(clientId).toBe('shop')
  })

  test.each<[string, object, string]>([
    [
      'an unknown option',
      { issuer: 'https://a.example', audiences: aud },
      "Unknown issuer option 'audiences'",
    ],
    ['no issuer', { audience: aud }, "'issuer' must be a string"],
    ['an array instead of an object', [], "'issuer' must be a string, got an array"],
  ])('with %s is a ConfigError', (_what, issuer, text) => {
    expect(() => createVerifier({ audience: aud, issuer: issuer as never })).toThrow(text)
  })
})

describe('hints in the reasons of refusals', () => {
  type Case = [
    what: string,
    shape: ProviderId,
    token: Partial<TokenOptions>,
    code: Code,
    text: string,
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
      'an Auth0 issuer without its trailing slash',
      'auth0',
      { claims: {} },
      'issuer_not_trusted',
      'a trailing slash',
      {},
      '/',
    ],
    [
      "Okta's org authorization server",
      'okta',
      org,
      'type_not_accepted',
      'cannot be verified locally',
    ],
    ['an ID-JAG of Okta', 'okta', jag, 'type_not_accepted', 'not an access token'],
    [
      "Spring's default audience",
      'spring-authorization-server',
      { aud: 'gateway' },
      'audience_mismatch',
      'context.getClaims().audience(',
    ],
    [
      "Spring's default audience, with its profile",
      'spring-authorization-server',
      { aud: 'gateway' },
      'audience_mismatch',
      'context.getClaims()',
      named(springProfile),
    ],
    [
      "Keycloak's account audience",
      'keycloak',
      { aud: 'account' },
      'audience_mismatch',
      'oidc-audience-mapper',
      {},
      realm,
    ],
    [
      "Keycloak's account audience, with its profile",
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
      "Keycloak's lightweight token",
      'keycloak',
      { claims: { aud: undefined, jti: 'onltac:1' } },
      'claim_missing',
      'lightweight',
      {},
      realm,
    ],
    [
      'an Entra version 1 token',
      'entra-v1',
      v1,
      'issuer_not_trusted',
      'api.requestedAccessTokenVersion',
      {},
    ],
    [
      'an Entra version 2 token from another tenant',
      'entra',
      { claims: { iss: `https://login.microsoftonline.com/${tenant}/v2.0` } },
      'issuer_not_trusted',
      'version 2',
    ],
    ["Entra's api:// URI", 'entra', { aud: tenant }, 'audience_mismatch', 'not its api:// URI'],
    [
      'a token for Microsoft Graph',
      'entra',
      { aud: '00000003-0000-0000-c000-000000000000' },
      'audience_mismatch',
      'Microsoft Graph',
    ],
    ['a Cognito token without aud', 'cognito', {}, 'claim_missing', 'clientIdAsAudience: true'],
    [
      'an Auth0 token for userinfo only',
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
  test.each(cases)(
    'explains %s (shape %s)',
    async (what, shape, token, code, text, options = {}, path?) => {
      const result =
        what === 'an Auth0 issuer without its trailing slash'
          ? await withoutSlash(shape)
          : await verify(shape, token, options, path)
      expect(result.code).toBe(code)
      expect(result.reason).toContain(text)
    },
  )

  async function withoutSlash(shape: ProviderId): Promise<{ code: string; reason: string }> {
    const issuer = await createTestIssuer({ provider: shape, algorithm: 'ES256', path: '/' })
    onTestFinished(() => issuer.close())
    const verifier = createVerifier({ issuer: issuer.url.slice(0, -1), audience: aud })
    const result = await verifier.check(issuer.token({ aud }))
    if (result.ok) throw new Error('granted')
    return result
  }

  test.each<[Profile, string]>([
    [auth0('acme.auth0.com').profile, "the parameter 'audience'"],
    [hydra('https://hydra.example').profile, 'strategies.access_token'],
    [zitadel('https://z.example').profile, 'token type of the application'],
  ])('explain an opaque token if the profile is that of $name', async (profile, text) => {
    const options = { issuer: 'https://as.example.com', audience: aud }
    const result = await createVerifier({ ...options, profile }).check('opaque')
    expect(result).toMatchObject({
      code: 'token_malformed',
      reason: expect.stringContaining(text),
    })
    const plain = await createVerifier(options).check('opaque')
    expect(plain).toMatchObject({ reason: expect.not.stringContaining(text) })
  })

  test('are never sent to the caller', async () => {
    const issuer = await createTestIssuer({ provider: 'keycloak', algorithm: 'ES256', path: realm })
    onTestFinished(() => issuer.close())
    const harness = createGateHarness({ issuer: issuer.url, audience: aud, clock: issuer.clock })
    const guard = harness.guards.requireAuthentication()
    const replies = await Promise.all(
      ['account', 'another', 'x'.repeat(9000)].map((name) =>
        harness.pass({}, guard, bearer(issuer.token({ aud: name }))),
      ),
    )
    expect(replies[0]).toEqual(replies[1])
    expect(JSON.stringify(replies)).not.toMatch(/keycloak|mapper|exchange|maxTokenBytes/i)
    const reasons = harness.records.map(({ reason = '' }) => reason)
    const has = (text: string): boolean => reasons.some((reason) => reason.includes(text))
    expect(['oidc-audience-mapper', 'forwarded it', 'maxTokenBytes'].map(has)).toEqual([
      true,
      true,
      true,
    ])
  })

  test('are not added to refusals for another reason', async () => {
    const result = await verify('keycloak', { aud: 'account', expiresIn: -60 }, {}, realm)
    expect(result).toMatchObject({ code: 'token_expired' })
    expect(result.reason).not.toContain('mapper')
  })

  test.each<[ProviderId, Partial<TokenOptions>]>([
    ['entra-v1', { aud: 'another' }],
    ['wso2', { aud: 'another' }],
    ['hydra', { aud: 'another' }],
    ['rfc9068', { aud: 'another', notBefore: 0 }],
    ['spring-authorization-server', { aud: ['another', 'gateway'] }],
  ])(
    'do not mistake a token of the shape %s for that of another provider',
    async (shape, token) => {
      const result = await verify(shape, token)
      expect(result.reason).toMatch(/^aud is .*order-service"\]$/)
    },
  )

  test('do not apply if the hint of a custom profile throws', async () => {
    const when = (): boolean => {
      throw new Error('bug')
    }
    const hints = [{ codes: ['audience_mismatch'] as const, when, message: 'not shown' }]
    const profile: Profile = { ...keycloakProfile, name: 'own', hints }
    const result = await verify('keycloak', { aud: 'account' }, { profile })
    expect(result.code).toBe('audience_mismatch')
    expect(result.reason).not.toContain('not shown')
  })
})

describe('a custom profile', () => {
  const base: Profile = { ...rfc9068('https://as.example.com').profile, name: 'own' }

  test('defines the claim with the audience', async () => {
    const profile: Profile = { ...base, audienceClaims: ['service'] }
    const claims = { aud: undefined, service: aud }
    expect(await verify('rfc9068', { claims }, { profile })).toMatchObject({ code: 'granted' })
    expect(await verify('rfc9068', {}, { profile })).toMatchObject({ code: 'claim_missing' })
    const malformed = { aud: undefined, service: { name: aud } }
    expect(await verify('rfc9068', { claims: malformed }, { profile })).toMatchObject({
      code: 'claim_malformed',
    })
  })

  test('restricts the values of claims', async () => {
    const profile: Profile = { ...base, expectedClaims: { kind: ['access', 'service'] } }
    const kinds = ['access', 'service', 'id', ['access'], undefined]
    const codes = await Promise.all(
      kinds.map(async (kind) => (await verify('rfc9068', { claims: { kind } }, { profile })).code),
    )
    const refused = 'not_an_access_token'
    expect(codes).toEqual(['granted', 'granted', refused, refused, refused])
  })

  test('refuses roles and permissions of the wrong type', async () => {
    const profile: Profile = {
      ...base,
      roles: [{ path: ['realm', 'roles'] }],
      permissions: [{ path: ['grants'], format: 'keys' }],
    }
    const malformed = [
      { realm: 'admin' },
      { realm: { roles: [1] } },
      { realm: { roles: { admin: 1 } } },
      { realm: null },
      { grants: ['a'] },
    ]
    for (const claims of malformed) {
      expect(await verify('rfc9068', { claims }, { profile })).toMatchObject({
        code: 'claim_malformed',
      })
    }
    const valid = [
      {},
      { realm: {} },
      { realm: { roles: [] } },
      { realm: { roles: 'admin' } },
      { grants: {} },
    ]
    for (const claims of valid) {
      expect(await verify('rfc9068', { claims }, { profile })).toMatchObject({ code: 'granted' })
    }
  })

  test.each<[string, object, string]>([
    ['an unknown member', { scopes: [] }, "Unknown member 'scopes' of the profile"],
    ['a type in uppercase', { types: ['JWT'] }, "'types' must be a list of types in lowercase"],
    ['a claim name that is a number', { clientClaims: [1] }, "'clientClaims' must be"],
    ['an empty list of alternatives', { requiredClaims: [[]] }, "'requiredClaims' must be"],
    ['no audience claims', { audienceClaims: [] }, "'audienceClaims' must be"],
    ['a string instead of a path', { roles: ['roles'] }, "'roles' must be"],
    ['an unknown format', { roles: [{ path: ['a'], format: 'csv' }] }, "'roles' must be"],
    [
      'a string instead of a list of values',
      { expectedClaims: { typ: 'Bearer' } },
      "'expectedClaims' must be",
    ],
    ['unknown metadata', { discovery: 'webfinger' }, "'discovery' must be"],
    [
      'a hint without a message',
      { hints: [{ codes: ['token_expired'], when: () => true }] },
      "'hints' must be",
    ],
    ['undefined as a value', { roles: undefined }, "'roles' must be"],
  ])('with %s is a ConfigError', (_what, members, text) => {
    const profile = { ...base, ...members } as Profile
    const create = (): unknown =>
      createVerifier({ issuer: 'https://a.example', audience: aud, profile })
    expect(create).toThrow(ConfigError)
    expect(create).toThrow(text)
  })

  test.each(['openid', 'oauth'] as const)('fetches only the %s metadata', async (discovery) => {
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
  })
})
