import { readFileSync } from 'node:fs'
import * as core from '@resource-server/core'
import * as adapter from '@resource-server/core/adapter'
import * as client from '@resource-server/core/client'
import * as coreProviders from '@resource-server/core/providers'
import * as exchange from '@resource-server/exchange'
import * as express from '@resource-server/express'
import * as expressProviders from '@resource-server/express/providers'
import * as fastify from '@resource-server/fastify'
import * as fastifyProviders from '@resource-server/fastify/providers'
import * as fetch from '@resource-server/fetch'
import * as fetchProviders from '@resource-server/fetch/providers'
import * as hono from '@resource-server/hono'
import * as honoProviders from '@resource-server/hono/providers'
import * as introspection from '@resource-server/introspection'
import * as koa from '@resource-server/koa'
import * as koaProviders from '@resource-server/koa/providers'
import * as mcp from '@resource-server/mcp'
import * as mcpProviders from '@resource-server/mcp/providers'
import * as mcpSdk1 from '@resource-server/mcp/sdk-v1'
import * as mcpSdk2 from '@resource-server/mcp/sdk-v2'
import * as nestjs from '@resource-server/nestjs'
import * as nestjsProviders from '@resource-server/nestjs/providers'
import * as nestjsTesting from '@resource-server/nestjs/testing'
import * as redis from '@resource-server/redis'
import * as revocation from '@resource-server/revocation'
import * as testing from '@resource-server/testing'
import * as conformance from '@resource-server/testing/conformance'
import * as ws from '@resource-server/ws'
import * as wsProviders from '@resource-server/ws/providers'
import { expect, test } from 'vitest'
import { packages } from '../architecture.ts'

// The public API. A change here affects users and requires a changeset.

const exported = (module: object): string[] => Object.keys(module).toSorted()

test('core has exactly these exports', () => {
  expect(exported(core)).toEqual([
    'ConfigError',
    'VerificationError',
    'codes',
    'createVerifier',
    'defaultProfile',
    'deny',
    'extend',
    'formatActorChain',
    'fromCookie',
    'fromHeader',
    'pseudonymize',
  ])
})

/** Each has an entry point of its own: `@resource-server/core/providers/keycloak`. */
const providers = [
  'auth0',
  'authentik',
  'better-auth',
  'cognito',
  'dex',
  'entra',
  'hydra',
  'keycloak',
  'oidc-provider',
  'okta',
  'rfc9068',
  'spring-authorization-server',
  'wso2',
  'zitadel',
]
const camel = (name: string): string =>
  name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())

test('core/providers exports every provider function, and what extends a profile', () => {
  const all = [...providers.map(camel), 'defaultProfile', 'extend']
  expect(exported(coreProviders)).toEqual(all.toSorted())
})

test.each([
  ['express', expressProviders],
  ['fastify', fastifyProviders],
  ['fetch', fetchProviders],
  ['hono', honoProviders],
  ['koa', koaProviders],
  ['mcp', mcpProviders],
  ['nestjs', nestjsProviders],
  ['ws', wsProviders],
])('%s/providers has the same exports as core/providers', (_name, module) => {
  expect(exported(module)).toEqual(exported(coreProviders))
})

test.each(providers)('core/providers/%s exports its provider function', async (name) => {
  const module = (await import(`@resource-server/core/providers/${name}`)) as object
  expect(exported(module)).toContain(camel(name))
})

test('core/adapter has exactly these exports', () => {
  expect(exported(adapter)).toEqual([
    'JsonError',
    'RequestRefusedError',
    'authenticateFor',
    'authenticateOnly',
    'createGate',
    'descriptionOf',
    'endSocket',
    'fromFetch',
    'fromNode',
    'fromSubprotocol',
    'headerValues',
    'ignoredWrite',
    'isFetchRequest',
    'isNodeRequest',
    'isSameParty',
    'isScopeToken',
    'nodeGuard',
    'parseJsonBody',
    'scopeGuard',
    'sendNode',
    'sendNodeError',
    'tokenEndedCode',
    'withToken',
    'wrongHost',
  ])
})

test('core/client has exactly these exports', () => {
  expect(exported(client)).toEqual([
    'FetchError',
    'GenerationalMap',
    'JsonError',
    'booleanOption',
    'channel',
    'choiceOption',
    'discard',
    'discoverMetadata',
    'failedRequest',
    'forgetVerification',
    'functionOption',
    'identifyDecision',
    'isAccessToken',
    'isSecure',
    'kindOf',
    'nameAndCodeOf',
    'numberOption',
    'own',
    'ownOptions',
    'parseJsonObject',
    'parsePlainUrl',
    'quote',
    'rawOf',
    'readBounded',
    'readClock',
    'readJson',
    'readOptions',
    'readUnverifiedClaims',
    'required',
    'retryAfterOf',
    'retryDelay',
    'sha256',
    'systemClock',
    'warnings',
    'within',
    'withinDeadline',
  ])
})

test('exchange has exactly these exports', () => {
  expect(exported(exchange)).toEqual(['HopError', 'dialects', 'hopCodes', 'nextHop'])
})

test('the codes of exchange have exactly these statuses and errors', () => {
  const table = Object.entries(exchange.hopCodes).map(
    ([code, { status, error }]) => `${code} ${status} ${error ?? '-'}`,
  )
  expect(table.join('\n')).toBe(`token_expired 401 invalid_token
token_rejected 401 invalid_token
authentication_insufficient 401 insufficient_user_authentication
exchange_denied 403 -
exchange_misconfigured 503 -
server_unavailable 503 -
response_invalid 503 -
service_unavailable 503 -
service_redirected 502 -
service_refused 502 -
service_denied 403 -`)
})

test.each([
  ['express', express, []],
  // Fastify plugins are default exports.
  ['fastify', fastify, ['default']],
  ['fetch', fetch, []],
  ['hono', hono, []],
  ['koa', koa, []],
  ['mcp', mcp, []],
  ['ws', ws, ['fromSubprotocol']],
])('%s has the exports of core and its own', (_name, module, others) => {
  const own = ['RequestRefusedError', 'resourceServer', ...others]
  expect(exported(module)).toEqual([...exported(core), ...own].toSorted())
})

/** The names in a file's export lists from some modules, types included. Types do not exist at run time. */
function listedIn(path: string, isSource = (_module: string): boolean => true): string[] {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]*)\} from '([^']*)'$/gm)]
  const names = lists.flatMap(([, list, from]) => (isSource(from!) ? list!.split(',') : []))
  return names.map((name) => name.replace('type ', '').trim()).filter((name) => name !== '')
}

test.each(['express', 'fastify', 'fetch', 'hono', 'koa', 'mcp', 'nestjs', 'ws'])(
  '%s re-exports all values and types of core',
  (name) => {
    const isCore = (module: string): boolean => module.startsWith('@resource-server/core')
    const reexported = listedIn(`packages/${name}/src/index.ts`, isCore)
    expect(reexported.toSorted()).toEqual(
      [...listedIn('packages/core/src/index.ts'), 'RequestRefusedError'].toSorted(),
    )
  },
)

test.each(['express', 'fastify', 'fetch', 'hono', 'koa', 'mcp', 'nestjs', 'ws'])(
  '%s re-exports every provider',
  (name) => {
    expect(listedIn(`packages/${name}/src/providers.ts`).toSorted()).toEqual(
      listedIn('packages/core/src/providers/index.ts').toSorted(),
    )
  },
)

test('nestjs has the exports of core and its own', () => {
  const guards = ['Actor', 'AnyScope', 'Audience', 'Authentication', 'Claim', 'Client']
  const others = ['Delegated', 'Direct', 'Permission', 'Policy', 'Role', 'Scope', 'StepUp']
  expect(exported(nestjs)).toEqual(
    [
      ...exported(core),
      ...[...guards, ...others].map((name) => `Require${name}`),
      'Public',
      'RefusedException',
      'RequestRefusedError',
      'ResourceServer',
      'ResourceServerModule',
      'Token',
    ].toSorted(),
  )
  expect(exported(nestjsTesting)).toEqual(['ResourceServerTestingModule'])
})

test.each([mcpSdk1, mcpSdk2])('mcp/sdk-v1 and mcp/sdk-v2 export a token verifier', (module) => {
  expect(exported(module)).toEqual(['tokenVerifier'])
})

test('no package uses export *', () => {
  const files = packages.map((name) => `packages/${name}/src/index.ts`)
  const starred = files.filter((path) =>
    /^export \*/m.test(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')),
  )
  expect(starred).toEqual([])
})

test('revocation and introspection have exactly these exports', () => {
  expect(exported(introspection)).toEqual(['introspect'])
  expect(exported(revocation)).toEqual([
    'RevocationError',
    'createRevocationList',
    'memoryRevocationFeed',
    'tokenEndedCode',
    'watchResponse',
    'watchSocket',
    'watchStream',
  ])
})

test('redis has exactly these exports', () => {
  expect(exported(redis)).toEqual(['RedisStoreError', 'redisRevocationFeed', 'redisStores'])
})

test('testing has exactly these exports', () => {
  expect(exported(testing)).toEqual([
    'accessToken',
    'createSigningKey',
    'createTestClock',
    'createTestIssuer',
  ])
})

test('testing/conformance has exactly these exports', () => {
  expect(exported(conformance)).toEqual([
    'cases',
    'challengesOf',
    'comparable',
    'createIssuers',
    'formatGet',
    'formatRequest',
    'headerValues',
    'misconfigurations',
    'requirements',
    'sendRaw',
    'startApp',
    'startConformance',
  ])
})

test.each([
  [
    'core',
    [
      '.',
      './adapter',
      './client',
      './explain',
      './providers',
      ...providers.map((name) => `./providers/${name}`),
      './decision-record.schema.json',
    ],
  ],
  ['exchange', ['.', './client-authentication']],
  ['express', ['.', './augment', './providers']],
  ['fastify', ['.', './providers']],
  ['fetch', ['.', './providers']],
  ['hono', ['.', './providers']],
  ['koa', ['.', './providers']],
  ['mcp', ['.', './providers', './sdk-v1', './sdk-v2']],
  ['nestjs', ['.', './providers', './testing']],
  ['introspection', ['.']],
  ['revocation', ['.']],
  ['testing', ['.', './conformance']],
  ['ws', ['.', './providers']],
  ['trace', ['.']],
  ['cli', ['.']],
  ['opentelemetry', ['.']],
  ['redis', ['.']],
])('%s has exactly these entry points', (name, entries) => {
  const manifest = new URL(`../../packages/${name}/package.json`, import.meta.url)
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as { exports: object }
  expect(Object.keys(exports)).toEqual(entries)
})

test('the codes have exactly these categories, statuses and errors', () => {
  const table = Object.entries(core.codes).map(
    ([code, { category, status, error }]) => `${code} ${category} ${status} ${error ?? '-'}`,
  )
  expect(table.join('\n')).toBe(`credential_missing refused 401 -
credential_scheme_unsupported refused 401 -
credential_repeated refused 400 invalid_request
credential_malformed refused 400 invalid_request
origin_not_allowed refused 403 -
token_too_large refused 401 invalid_token
token_malformed refused 401 invalid_token
token_encrypted refused 401 invalid_token
header_malformed refused 401 invalid_token
payload_malformed refused 401 invalid_token
header_unsupported refused 401 invalid_token
type_not_accepted refused 401 invalid_token
algorithm_not_allowed refused 401 invalid_token
issuer_not_trusted refused 401 invalid_token
key_not_found refused 401 invalid_token
key_ambiguous refused 401 invalid_token
signature_invalid refused 401 invalid_token
not_an_access_token refused 401 invalid_token
claim_missing refused 401 invalid_token
claim_malformed refused 401 invalid_token
token_expired refused 401 invalid_token
token_not_yet_valid refused 401 invalid_token
lifetime_too_long refused 401 invalid_token
audience_mismatch refused 401 invalid_token
binding_unsupported refused 401 invalid_token
binding_required refused 401 invalid_token
binding_unproven refused 401 invalid_token
binding_mismatch refused 401 invalid_token
actor_malformed refused 401 invalid_token
actor_chain_too_long refused 401 invalid_token
token_inactive refused 401 invalid_token
token_revoked refused 401 invalid_token
proof_missing refused 401 invalid_dpop_proof
proof_malformed refused 401 invalid_dpop_proof
proof_signature_invalid refused 401 invalid_dpop_proof
proof_mismatch refused 401 invalid_dpop_proof
proof_not_current refused 401 invalid_dpop_proof
proof_nonce_required refused 401 use_dpop_nonce
proof_replayed refused 401 invalid_dpop_proof
token_denied refused 401 invalid_token
scope_insufficient refused 403 insufficient_scope
role_insufficient refused 403 insufficient_scope
permission_insufficient refused 403 insufficient_scope
authentication_insufficient refused 401 insufficient_user_authentication
actor_not_allowed refused 403 -
delegation_required refused 403 -
delegation_forbidden refused 403 -
client_not_allowed refused 403 -
claim_not_accepted refused 403 -
policy_denied refused 403 -
keys_unavailable unavailable 503 -
metadata_rejected unavailable 503 -
replay_store_unavailable unavailable 503 -
revocations_unavailable unavailable 503 -
introspection_unavailable unavailable 503 -
verification_failed unavailable 503 -`)
})

test('codes of tokens without a verified signature have the same status, error and description', () => {
  const unverified = Object.entries(core.codes).slice(5, 17)
  expect(unverified.at(0)?.[0]).toBe('token_too_large')
  expect(unverified.at(-1)?.[0]).toBe('signature_invalid')
  expect(
    new Set(unverified.map(([, entry]) => `${entry.status} ${entry.error} ${entry.description}`))
      .size,
  ).toBe(1)
})
