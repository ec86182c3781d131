import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/index.ts'
import * as providers from '../../src/providers/index.ts'
import { auth0, cognito, dex, entra, keycloak, okta } from '../../src/providers/index.ts'

// The arguments of provider functions, and the errors for invalid ones.

const tenant = '11111111-2222-4333-8444-555555555555'
/** Like the value of an unset variable in JavaScript. */
const unset = undefined as never
const realm = 'https://k.example/realms/x'
const pool = { region: 'eu-central-1', userPoolId: 'eu-central-1_AbC' }

describe('the issuer URL', () => {
  test.each<[what: string, make: () => { readonly issuer: string }, issuer: string]>([
    ['auth0 with a subdomain', () => auth0('A-1.auth0.com'), 'https://A-1.auth0.com/'],
    ['auth0 with a domain', () => auth0('example.com'), 'https://example.com/'],
    [
      'cognito with a region of four parts',
      () => cognito({ region: 'us-gov-west-1', userPoolId: 'us-gov-west-1_x' }),
      'https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_x',
    ],
    [
      'cognito with the updated issuer type',
      () => cognito({ ...pool, issuerType: 'updated' }),
      'https://issuer-cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC',
    ],
    [
      'cognito with the original issuer type',
      () => cognito({ ...pool, issuerType: 'original' }),
      'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC',
    ],
    [
      'cognito with a replica',
      () => cognito({ ...pool, replicaRegion: 'eu-west-1' }),
      'https://cognito-idp.eu-west-1.amazonaws.com/eu-central-1_AbC',
    ],
    [
      'keycloak with a path before the realm',
      () => keycloak('http://k:8080/auth/realms/shop'),
      'http://k:8080/auth/realms/shop',
    ],
    [
      'okta with the id of a custom authorization server',
      () => okta('https://a.okta.com/oauth2/aus123'),
      'https://a.okta.com/oauth2/aus123',
    ],
    [
      'entra with a GUID that has letters and digits',
      () => entra({ tenant: 'abcdef01-0000-1111-2222-0123456789ab' }),
      'https://login.microsoftonline.com/abcdef01-0000-1111-2222-0123456789ab/v2.0',
    ],
  ])('is right for %s', (_what, make, issuer) => {
    expect(make().issuer).toBe(issuer)
  })
})

describe('auth0() throws a ConfigError for the domain', () => {
  test.each([
    '',
    'acme',
    'https://acme.auth0.com',
    'acme.auth0.com/',
    '.auth0.com',
    'acme..com',
    'acme.com.',
    ' acme.com',
    'acme.com\n',
    'a_b.com',
    'acme.c_m',
  ])('%j', (domain) => {
    expect(() => auth0(domain)).toThrow(
      new ConfigError(
        `'${domain}' is not a domain name.`,
        "Write auth0('shop.eu.auth0.com'), without https:// and without a slash.",
      ),
    )
  })
})

describe('cognito() throws a ConfigError for the region and pool', () => {
  const malformedRegions = [
    'eu-central',
    'eu-1',
    'e-central-1',
    'eur-central-1',
    'eu-central-12',
    'EU-central-1',
    'xeu-central-1',
    'eu-Central-1',
    'eu--1',
    'eu-central-x',
    'eu-central-1/a',
  ]
  test.each([
    ['us-east-1', pool.userPoolId],
    ['eu-central-1', 'AbC'],
    ['eu-central-1', 'eu-central-1'],
    ['eu-central-1', 'x_eu-central-1_AbC'],
    ['', '_AbC'],
    ...malformedRegions.map((region) => [region, `${region}_AbC`]),
  ] as [string, string][])('%j and %j', (region, userPoolId) => {
    expect(() => cognito({ region, userPoolId })).toThrow(
      new ConfigError(
        `The user pool '${userPoolId}' is not in the region '${region}'.`,
        "Write cognito({ region: 'eu-central-1', userPoolId: 'eu-central-1_…' }).",
      ),
    )
  })
})

test.each([{}, { acceptIdTokens: false }, { acceptIdTokens: 'yes' }, { acceptIdTokens: 1 }])(
  'dex() throws a ConfigError for the options %j',
  (options) => {
    expect(() => dex('https://dex.example', options as never)).toThrow(
      new ConfigError(
        "Dex's access tokens cannot be distinguished from its ID tokens.",
        'Write dex(url, { acceptIdTokens: true }) if that is acceptable here.',
      ),
    )
  },
)

describe('entra() throws a ConfigError for the tenant', () => {
  test.each([
    '',
    'common',
    'acme.onmicrosoft.com',
    tenant.slice(1),
    `1${tenant}`,
    `${tenant}1`,
    'G1111111-2222-4333-8444-555555555555',
    '11111111-2222-4333-555555555555',
    '11111111-222-4333-8444-555555555555',
    '11111111-2222-4333-8444-55555555555',
    '11111111-xxxx-4333-8444-555555555555',
    '11111111-2222-4333-8444-xxxxxxxxxxxx',
    'ABCDEF01-2222-4333-8444-555555555555',
  ])('%j', (invalid) => {
    expect(() => entra({ tenant: invalid })).toThrow(
      new ConfigError(
        `'${invalid}' is not a tenant ID.`,
        "Pass the GUID in lowercase, as in the tid claim of the tokens. Domain names, 'common' and 'organizations' are not supported.",
      ),
    )
  })
})

describe('keycloak() throws a ConfigError', () => {
  test.each(['https://k.example', 'https://k.example/realms/', `${realm}/`, `${realm}/y`])(
    'for the URL %s',
    (url) => {
      expect(() => keycloak(url)).toThrow(
        new ConfigError(
          `'${url}' is not the URL of a Keycloak realm.`,
          "Write keycloak('https://…/realms/<realm>'), without a trailing slash.",
        ),
      )
    },
  )

  test.each([
    ['', 'an empty string'],
    [null, 'null'],
    [['shop'], 'an array'],
    [true, 'a boolean'],
  ])('if rolesOf is %j', (rolesOf, got) => {
    expect(() => keycloak(realm, { rolesOf: rolesOf as never })).toThrow(
      new ConfigError(
        `'rolesOf' must be a client ID, got ${got}.`,
        'Set it to a client ID (is an environment variable missing?), or omit it for the roles of the realm.',
      ),
    )
  })
})

describe('okta() throws a ConfigError for the URL', () => {
  test.each([
    'https://acme.okta.com',
    'https://acme.okta.com/oauth2/',
    'https://acme.okta.com/default',
    'https://acme.okta.com/oauth2/default/',
    'https://acme.okta.com/oauth2/a/b',
  ])('%s', (issuer) => {
    expect(() => okta(issuer)).toThrow(
      new ConfigError(
        `'${issuer}' is not the URL of an Okta custom authorization server.`,
        "Write okta('https://<domain>/oauth2/<server id>'), such as …/oauth2/default. Access tokens of the " +
          'org authorization server are for Okta itself and cannot be verified locally.',
      ),
    )
  })
})

const url = 'https://as.example.com/oauth2/x'

describe('an unknown option throws a ConfigError', () => {
  test.each<readonly [call: string, run: () => unknown, problem: string, fix: string]>([
    [
      "keycloak(url, { roleOf: 'order-service' })",
      () => keycloak(realm, { roleOf: 'order-service' } as never),
      "Unknown keycloak option 'roleOf'.",
      "Did you mean 'rolesOf'?",
    ],
    [
      'cognito({ …, clientIDAsAudience: true })',
      () => cognito({ ...pool, clientIDAsAudience: true } as never),
      "Unknown cognito option 'clientIDAsAudience'.",
      "Did you mean 'clientIdAsAudience'?",
    ],
    [
      'entra({ tenant, ver: 1 })',
      () => entra({ tenant, ver: 1 } as never),
      "Unknown entra option 'ver'.",
      'Use one of tenant, version.',
    ],
    [
      "dex(url, { acceptIdTokens: true, rolesOf: 'x' })",
      () => dex(url, { acceptIdTokens: true, rolesOf: 'x' } as never),
      "Unknown dex option 'rolesOf'.",
      'Use one of acceptIdTokens.',
    ],
  ])('%s', (_call, run, problem, fix) => {
    expect(run).toThrow(new ConfigError(problem, fix))
  })

  test.each<readonly [call: string, run: () => unknown]>([
    ['keycloak(url, { rolesOf: undefined })', () => keycloak(realm, { rolesOf: unset })],
    [
      'cognito({ …, clientIdAsAudience: undefined })',
      () => cognito({ ...pool, clientIdAsAudience: unset }),
    ],
    ['entra({ tenant, version: undefined })', () => entra({ tenant, version: unset })],
    [
      'dex(url, { acceptIdTokens: undefined })',
      () => dex(url, { acceptIdTokens: undefined } as never),
    ],
  ])('so does one that is undefined: %s', (_call, run) => {
    expect(run).toThrow(/^'\w+' is undefined\./)
  })

  test('even if Object.prototype has an option', () => {
    const polluted = Object.assign(Object.create({ rolesOf: 'shop' }), {}) as object
    expect(keycloak(realm, polluted)).toEqual(keycloak(realm))
  })
})

describe('an option of the wrong type throws a ConfigError', () => {
  test.each<readonly [call: string, run: () => unknown, problem: string]>([
    [
      'keycloak(url, null)',
      () => keycloak(realm, null as never),
      'An object of keycloak options is required, got null.',
    ],
    [
      "keycloak(url, 'shop')",
      () => keycloak(realm, 'shop' as never),
      'An object of keycloak options is required, got a string.',
    ],
    [
      'cognito()',
      () => cognito(undefined as never),
      'An object of cognito options is required, got undefined.',
    ],
    [
      "cognito('eu-central-1')",
      () => cognito('eu-central-1' as never),
      'An object of cognito options is required, got a string.',
    ],
    [
      'cognito({ userPoolId })',
      () => cognito({ userPoolId: 'x' } as never),
      "'region' must be a string, got undefined.",
    ],
    [
      'cognito({ region, userPoolId: 1 })',
      () => cognito({ region: 'eu-central-1', userPoolId: 1 } as never),
      "'userPoolId' must be a string, got a number.",
    ],
    [
      "cognito({ …, clientIdAsAudience: 'yes' })",
      () => cognito({ ...pool, clientIdAsAudience: 'yes' } as never),
      "'clientIdAsAudience' must be a boolean, got a string.",
    ],
    [
      'cognito({ …, issuerType: true })',
      () => cognito({ ...pool, issuerType: true } as never),
      "'issuerType' must be one of 'original', 'updated'.",
    ],
    [
      'cognito({ …, replicaRegion: 1 })',
      () => cognito({ ...pool, replicaRegion: 1 } as never),
      "'replicaRegion' must be a string, got a number.",
    ],
    [
      "cognito({ …, replicaRegion: 'west' })",
      () => cognito({ ...pool, replicaRegion: 'west' }),
      "'west' is not an AWS region.",
    ],
    [
      "cognito({ …, replicaRegion, issuerType: 'updated' })",
      () => cognito({ ...pool, replicaRegion: 'eu-west-1', issuerType: 'updated' }),
      "'replicaRegion' has no effect with issuerType: 'updated'",
    ],
    [
      'entra(tenant)',
      () => entra(tenant as never),
      'An object of entra options is required, got a string.',
    ],
    ['entra({})', () => entra({} as never), "'tenant' must be a string, got undefined."],
    [
      "entra({ tenant, version: '1' })",
      () => entra({ tenant, version: '1' } as never),
      "'version' must be 1 or 2, got a string.",
    ],
    [
      'entra({ tenant, version: 3 })',
      () => entra({ tenant, version: 3 } as never),
      "'version' must be 1 or 2, got 3.",
    ],
    [
      'dex(url)',
      () => dex(url, undefined as never),
      'An object of dex options is required, got undefined.',
    ],
    [
      'dex(url, true)',
      () => dex(url, true as never),
      'An object of dex options is required, got a boolean.',
    ],
  ])('%s', (_call, run, problem) => {
    expect(run).toThrow(problem)
    expect(run).toThrow(ConfigError)
  })
})

describe('the error for a wrong option says what to write:', () => {
  const guid = '11111111-2222-4333-8444-555555555555'
  test.each<readonly [call: string, run: () => unknown, fix: string]>([
    [
      'keycloak(url, null)',
      () => keycloak(realm, null as never),
      "Write keycloak(url), or keycloak(url, { rolesOf: 'order-service' }).",
    ],
    ['entra(tenant)', () => entra(tenant as never), `Write entra({ tenant: '${guid}' }).`],
    ['entra({})', () => entra({} as never), `Pass a string such as '${guid}'.`],
    [
      'entra({ tenant, version: 3 })',
      () => entra({ tenant, version: 3 } as never),
      'Pass 1 or 2, as a number, or leave it out for version 2.',
    ],
    [
      'cognito({ userPoolId })',
      () => cognito({ userPoolId: 'x' } as never),
      "Pass a string such as 'eu-central-1'.",
    ],
    [
      'cognito({ region })',
      () => cognito({ region: 'eu-central-1' } as never),
      "Pass a string such as 'eu-central-1_AbCdEfGhI'.",
    ],
    [
      'cognito({ …, replicaRegion: 1 })',
      () => cognito({ ...pool, replicaRegion: 1 } as never),
      "Pass a string such as 'us-west-2'.",
    ],
    [
      "cognito({ …, replicaRegion: 'west' })",
      () => cognito({ ...pool, replicaRegion: 'west' }),
      "Write replicaRegion: 'us-west-2', for example.",
    ],
    [
      "cognito({ …, replicaRegion, issuerType: 'updated' })",
      () => cognito({ ...pool, replicaRegion: 'eu-west-1', issuerType: 'updated' }),
      "Remove 'replicaRegion'.",
    ],
  ])('%s', (_call, run, fix) => {
    expect(run).toThrow(expect.objectContaining({ fix }))
  })
})

test('entra() accepts version 2, which is the default', () => {
  expect(entra({ tenant, version: 2 })).toEqual(entra({ tenant }))
})

describe('an argument that would be ignored throws a ConfigError', () => {
  const first: Readonly<Record<string, readonly unknown[]>> = {
    auth0: ['acme.eu.auth0.com'],
    cognito: [pool],
    dex: [url, { acceptIdTokens: true }],
    entra: [{ tenant }],
    keycloak: [realm, {}],
  }
  const calls: Readonly<Record<string, string>> = {
    cognito: 'cognito(options)',
    dex: 'dex(url, options)',
    entra: 'entra(options)',
    keycloak: 'keycloak(url, options)',
    auth0: 'auth0(domain)',
  }
  const { defaultProfile: _profile, extend: _extend, ...functions } = providers

  test.each(Object.entries(functions))('in addition to those of %s()', (name, make) => {
    const expected = calls[name] ?? `${name}(url)`
    const given = first[name] ?? [url]
    const call = make as (...given: unknown[]) => unknown
    expect(() => call(...given)).not.toThrow()
    for (const more of [{ rolesOf: 'shop' }, undefined, 0]) {
      const run = (): unknown => call(...given, more)
      expect(run).toThrow(ConfigError)
      expect(run).toThrow(
        new ConfigError(
          `${expected} got an argument that it does not accept.`,
          `Write ${expected}. Pass options such as audience to resourceServer() or createVerifier().`,
        ),
      )
    }
  })
})
