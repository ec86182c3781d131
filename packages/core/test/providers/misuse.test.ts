import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/index.ts'
import { auth0, cognito, dex, entra, keycloak, okta } from '../../src/providers/index.ts'

// What providers are made of, and what an operator is told otherwise.

const tenant = '11111111-2222-4333-8444-555555555555'
const pool = { region: 'eu-central-1', userPoolId: 'eu-central-1_AbC' }

describe('an issuer is made of', () => {
  test.each<[what: string, make: () => { readonly issuer: string }, issuer: string]>([
    ['a domain', () => auth0('A-1.auth0.com'), 'https://A-1.auth0.com/'],
    ['two parts of one', () => auth0('example.com'), 'https://example.com/'],
    [
      ...([
        'a pool',
        () => cognito({ region: 'us-gov-west-1', userPoolId: 'us-gov-west-1_x' }),
      ] as const),
      'https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_x',
    ],
    [
      ...(['a realm', () => keycloak('http://k:8080/auth/realms/shop')] as const),
      'http://k:8080/auth/realms/shop',
    ],
    [
      ...(['a custom server', () => okta('https://a.okta.com/oauth2/aus123')] as const),
      'https://a.okta.com/oauth2/aus123',
    ],
    [
      ...([
        'letters and digits',
        () => entra({ tenant: 'abcdef01-0000-1111-2222-0123456789ab' }),
      ] as const),
      'https://login.microsoftonline.com/abcdef01-0000-1111-2222-0123456789ab/v2.0',
    ],
  ])('%s', (_what, make, issuer) => {
    expect(make().issuer).toBe(issuer)
  })
})

describe('auth0 is not made of', () => {
  test.each([
    ...['', 'acme', 'https://acme.auth0.com', 'acme.auth0.com/', '.auth0.com', 'acme..com'],
    ...['acme.com.', ' acme.com', 'acme.com\n', 'a_b.com', 'acme.c_m'],
  ])('%j', (domain) => {
    expect(() => auth0(domain)).toThrow(
      new ConfigError(
        `'${domain}' is no domain.`,
        "Write auth0('shop.eu.auth0.com'): without https:// and without a slash.",
      ),
    )
  })
})

describe('cognito is not made of', () => {
  test.each([
    ['us-east-1', pool.userPoolId],
    ['eu-central-1', 'AbC'],
    ['eu-central-1', 'eu-central-1'],
    ['eu-central-1', 'x_eu-central-1_AbC'],
    ['', '_AbC'],
    ...['eu-central', 'eu-1', 'e-central-1', 'eur-central-1', 'eu-central-12', 'EU-central-1'].map(
      (region) => [region, `${region}_AbC`],
    ),
    ...['xeu-central-1', 'eu-Central-1', 'eu--1', 'eu-central-x', 'eu-central-1/a'].map(
      (region) => [region, `${region}_AbC`],
    ),
  ] as [string, string][])('%j and %j', (region, userPoolId) => {
    expect(() => cognito({ region, userPoolId })).toThrow(
      new ConfigError(
        `The user pool '${userPoolId}' is not of the region '${region}'.`,
        "Write cognito({ region: 'eu-central-1', userPoolId: 'eu-central-1_…' }).",
      ),
    )
  })
})

test.each([{}, { acceptIdTokens: false }, { acceptIdTokens: 'yes' }])(
  'dex is not made of %j',
  (options) => {
    expect(() => dex('https://dex.example', options as never)).toThrow(
      new ConfigError(
        "Dex's access tokens cannot be told from its ID tokens.",
        'Write dex(url, { acceptIdTokens: true }) if that is acceptable here.',
      ),
    )
  },
)

describe('entra is not made of', () => {
  test.each([
    ...['', 'common', 'acme.onmicrosoft.com', tenant.slice(1), `1${tenant}`, `${tenant}1`],
    ...['G1111111-2222-4333-8444-555555555555', '11111111-2222-4333-555555555555'],
    ...['11111111-222-4333-8444-555555555555', '11111111-2222-4333-8444-55555555555'],
    ...['11111111-xxxx-4333-8444-555555555555', '11111111-2222-4333-8444-xxxxxxxxxxxx'],
    'ABCDEF01-2222-4333-8444-555555555555',
  ])('%j', (odd) => {
    expect(() => entra({ tenant: odd })).toThrow(
      new ConfigError(
        `'${odd}' is no tenant id.`,
        'Write the GUID in small letters, as in the tokens (tid); a name, common and organizations never stand there.',
      ),
    )
  })
})

describe('keycloak is not made of', () => {
  const realm = 'https://k.example/realms/x'
  test.each(['https://k.example', 'https://k.example/realms/', `${realm}/`, `${realm}/y`])(
    '%s',
    (url) => {
      expect(() => keycloak(url)).toThrow(
        new ConfigError(
          `'${url}' is no realm of Keycloak.`,
          "Write keycloak('https://…/realms/<realm>'), without a slash at the end.",
        ),
      )
    },
  )

  test.each([undefined, '', null])('the roles of %j', (rolesOf) => {
    expect(() => keycloak(realm, { rolesOf: rolesOf as never })).toThrow(
      new ConfigError(
        "'rolesOf' is no client id.",
        'Give it a value (is an environment variable missing?) or leave it out for the roles of the realm.',
      ),
    )
  })
})

describe('okta is not made of', () => {
  test.each([
    ...['https://acme.okta.com', 'https://acme.okta.com/oauth2/', 'https://acme.okta.com/default'],
    ...['https://acme.okta.com/oauth2/default/', 'https://acme.okta.com/oauth2/a/b'],
  ])('%s', (issuer) => {
    expect(() => okta(issuer)).toThrow(
      new ConfigError(
        `'${issuer}' is no custom authorization server of Okta.`,
        "Write okta('https://<domain>/oauth2/default') or your own server's id. Access tokens of the org " +
          'authorization server are for Okta itself and cannot be validated locally.',
      ),
    )
  })
})
