import { ConfigError } from '../errors/refusal.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import type { Fetch } from '../lib/fetch-json.ts'
import type { Bounds } from '../lib/generational-map.ts'
import { type Algorithm, defaultAlgorithms } from '../options/algorithms.ts'
import type { CredentialSource } from '../options/credential-source.ts'
import type { Introspection } from '../options/introspection.ts'
import type { KeyStore, KeyStoreOptions } from '../options/key-store.ts'
import { type OptionTable, readOptions, required } from '../options/option-table.ts'
import {
  booleanOption,
  choiceOption,
  functionOption,
  numberOption,
} from '../options/option-rows.ts'
import type {
  CacheOptions,
  DelegationMode,
  IssuerOptions,
  RecordOptions,
  ResourceServerOptions,
  VerifierOptions,
} from '../options/options.ts'
import type { Profile } from '../options/profile.ts'
import type { Revocation } from '../options/revocation.ts'
import type { Implication } from '../options/scope.ts'
import type { RefusalBodyWriter } from '../errors/problem-details.ts'
import { defaultProfile } from '../providers/default.ts'
import type { NormalUri } from '../lib/uri.ts'
import { type AudienceRule, audienceRule } from './audience.ts'
import { readIntrospection, readRevocation } from './connections.ts'
import { readCredentialSource } from './credential.ts'
import { type DpopSettings, readDpop } from './dpop.ts'
import { type MtlsSettings, readMtls } from './mtls.ts'
import { type PathRule, readPrefix, readPublicUrl } from './public-url.ts'
import {
  readAlgorithms,
  readClock,
  readImpliedScopes,
  readIssuer,
  readJwks,
  readJwksUri,
  readMetadataUri,
  readProfile,
  readRealm,
  readRefusalBody,
} from './read-option.ts'
import { readClaimNames, readPseudonymKey } from './records.ts'
import { readResource, type Resource } from './resource.ts'

export { dpopOptions } from './dpop.ts'

// Every option of the project with its default, range, documentation, and check. An option that is added to a
// type does not compile until it has a row here.

/** The options of one issuer. */
export const issuerOptions: OptionTable<IssuerOptions, IssuerSettings> = {
  issuer: {
    default: required,
    defaultText: '',
    range: '',
    description:
      'The authorization server: its issuer URL, exactly as in `iss`, or a provider such as `keycloak(url)`.',
    read: readIssuer,
  },
  audience: {
    default: undefined,
    defaultText: 'set by `requireAudience`',
    range: '',
    description:
      'The name of this service, a list of accepted names, or `{ only: name }` to allow no other audience.',
    read: (value) => audienceRule(value),
  },
  algorithms: {
    default: defaultAlgorithms,
    defaultText: defaultAlgorithms.map((name) => `\`${name}\``).join(', '),
    range: '',
    description: 'Accepted signature algorithms. Symmetric algorithms are not supported.',
    read: readAlgorithms,
  },
  impliedScopes: {
    default: [],
    defaultText: 'none',
    range: '',
    description: "Scopes that imply other scopes, such as `{ admin: ['orders:*'] }`.",
    read: readImpliedScopes,
  },
  profile: {
    default: defaultProfile,
    defaultText: "accepts every provider's default tokens",
    range: '',
    description:
      "What the issuer's tokens look like: `'rfc9068'` for strict checks, or your own `Profile`.",
    read: readProfile,
  },
  metadataUri: {
    default: undefined,
    defaultText: 'derived from `issuer`',
    range: '',
    description: "URL of the issuer's metadata, if it differs from the issuer's well-known URL.",
    read: readMetadataUri,
  },
  jwksUri: {
    default: undefined,
    defaultText: 'found by discovery',
    range: '',
    description: 'URL of the key set.',
    read: readJwksUri,
  },
  jwks: {
    default: undefined,
    defaultText: 'fetched',
    range: '1 to 100 keys',
    description:
      'A fixed key set, used instead of a fetched one. With `jwks`, `jwksUri`, or `metadataUri`, `issuer` can be any string.',
    read: readJwks,
  },
  introspection: {
    default: undefined,
    defaultText: 'opaque tokens are refused',
    range: '',
    description:
      'Asks the issuer about its tokens: the result of `introspect()` from `@resource-server/introspection`.',
    read: readIntrospection,
  },
}

export interface IssuerSettings {
  readonly issuer: string
  readonly audience: AudienceRule | undefined
  readonly algorithms: readonly Algorithm[]
  readonly impliedScopes: readonly Implication[]
  readonly profile: Profile
  readonly metadataUri: string | undefined
  readonly jwksUri: string | undefined
  readonly jwks: { readonly keys: readonly object[] } | undefined
  readonly introspection: Introspection | undefined
}

export const cacheOptions: OptionTable<CacheOptions, CacheSettings> = {
  maxTokens: numberOption(
    10_000,
    { min: 2, max: 1e7, unit: 'tokens', whole: true },
    'Maximum number of cached tokens.',
  ),
  maxBytes: numberOption(
    2 ** 25,
    { min: 65_536, max: 2 ** 34, unit: 'bytes', whole: true },
    'Maximum estimated size of the cache.',
  ),
}

interface CacheSettings {
  readonly maxTokens: number
  readonly maxBytes: number
}

/** `undefined` turns the cache off. */
function readCache(value: unknown): Bounds | undefined {
  if (value === false) return undefined
  if (value !== true && (typeof value !== 'object' || value === null)) {
    throw new ConfigError(
      "'cache' must be a boolean or an object.",
      'Set cache: false, or cache: { maxTokens: 10000 }.',
    )
  }
  const given = value === true ? {} : value
  const { maxTokens, maxBytes } = readOptions(cacheOptions, given, 'cache option')
  return Object.freeze({ entries: maxTokens, bytes: maxBytes })
}

export const recordOptions: OptionTable<RecordOptions, RecordSettings> = {
  pseudonymKey: {
    default: undefined,
    defaultText: 'no pseudonyms',
    range: 'at least 32 bytes',
    description: 'Replaces subjects, and actors that may be people, with an HMAC under this key.',
    read: readPseudonymKey,
  },
  claims: {
    default: [],
    defaultText: 'none',
    range: '',
    description: "Names of claims to include in records, such as `['tenant']`.",
    read: readClaimNames,
  },
  maxPending: numberOption(
    1000,
    { min: 1, max: 1e5, unit: 'records', whole: true },
    'Maximum number of pending promises from `onDecision`.',
  ),
}

export interface RecordSettings {
  readonly pseudonymKey: Uint8Array | undefined
  readonly claims: readonly string[]
  readonly maxPending: number
}

export const keyStoreOptions: OptionTable<KeyStoreOptions, KeyStoreSettings> = {
  store: {
    default: required,
    defaultText: '',
    range: '',
    description: 'Stores the key sets: an object with `get` and `set`.',
    read: (value) => {
      const { get, set } = (value ?? {}) as Partial<KeyStore>
      if (typeof get === 'function' && typeof set === 'function') return value as KeyStore
      throw new ConfigError("'keyStore.store' must have the methods get() and set().", 'Add both.')
    },
  },
  secret: {
    default: required,
    defaultText: '',
    range: 'at least 32 characters',
    description: 'The HMAC key for stored key sets. Use the same one for all instances.',
    read: (value) => {
      if (typeof value === 'string' && value.length >= 32) return new TextEncoder().encode(value)
      throw new ConfigError(
        "'keyStore.secret' must be a string of at least 32 characters.",
        'Generate one: openssl rand -base64 32.',
      )
    },
  },
}

export interface KeyStoreSettings {
  readonly store: KeyStore
  readonly secret: Uint8Array
}

/** The options of a verifier, in addition to those of its issuer. */
export const verifierOptions: OptionTable<OwnVerifierOptions, VerifierSettings> = {
  issuers: {
    default: undefined,
    defaultText: 'only `issuer`',
    range: '',
    description:
      'Several authorization servers, instead of `issuer`: strings, providers, or objects with the options of one issuer.',
    read: (value) => {
      if (Array.isArray(value) && value.length > 0) return [...value] as unknown[]
      throw new ConfigError(
        "'issuers' must be a non-empty array.",
        "List issuers, or set 'issuer'.",
      )
    },
  },
  resolveIssuer: functionOption(
    undefined,
    'configured issuers only',
    'A function `(issuer) => options` for issuers that are not known in advance. It returns `undefined` to refuse one.',
  ),
  maxResolvedIssuers: numberOption(
    100,
    { min: 1, max: 10_000, unit: 'issuers', whole: true },
    'Maximum number of resolved issuers whose keys are kept.',
  ),
  clockTolerance: numberOption(
    5,
    { min: 0, max: 600, unit: 'seconds' },
    'Allowed clock skew for `exp` and `nbf`.',
  ),
  maxLifetime: numberOption(
    undefined,
    { min: 1, max: 1e10, unit: 'seconds' },
    'Maximum lifetime of a token: from `iat` to `exp`, and from now to `exp`.',
  ),
  revocation: {
    default: undefined,
    defaultText: 'none',
    range: '',
    description:
      'Refuses revoked tokens: the result of `createRevocationList()` from `@resource-server/revocation`.',
    read: readRevocation,
  },
  maxTokenBytes: numberOption(
    8192,
    { min: 256, max: 1e6, unit: 'bytes', whole: true },
    'Maximum size of a token. Longer tokens are refused without parsing.',
  ),
  maxActorDepth: numberOption(
    8,
    { min: 1, max: 16, unit: 'actors', whole: true },
    'Maximum number of actors in an `act` chain.',
  ),
  delegation: choiceOption<DelegationMode>(
    ['any', 'direct', 'delegated'],
    "`'direct'` refuses tokens with an actor; `'delegated'` requires one.",
  ),
  dpop: {
    default: readDpop('allowed'),
    defaultText:
      "`'allowed'` if `publicUrl` or `resource` is set, and in `createVerifier`; `'off'` otherwise",
    range: '',
    description:
      "Tokens that are bound to a key with DPoP: `'allowed'`, `'required'`, `'off'`, or the options of `dpop`.",
    read: readDpop,
  },
  mtls: {
    default: undefined,
    defaultText: 'refused',
    range: '',
    description:
      "Tokens that are bound to a client certificate, and where it comes from: `{ from: 'socket' }`, `{ from: 'header', format, peers }`, or `{ checkedBy: 'gateway' }`.",
    read: readMtls,
  },
  cache: {
    default: readCache(true),
    defaultText: '`true`',
    range: '',
    description:
      'Caches verified tokens by their SHA-256 hash. `false` turns the cache off; an object sets its limits.',
    read: readCache,
  },
  cryptography: choiceOption<'native' | 'webcrypto'>(
    ['native', 'webcrypto'],
    "The cryptography that verifies signatures. `'native'` uses `node:crypto`, which is faster, and WebCrypto on runtimes without it.",
  ),
  onDecision: functionOption(
    undefined,
    'none',
    'Called with a record of each decision, after the response is sent.',
  ),
  records: {
    default: readOptions(recordOptions, {}, 'records option'),
    defaultText: '`{}`',
    range: '',
    description: 'What decision records include and redact. See the options of `records`.',
    read: (value) => readOptions(recordOptions, value, 'records option'),
  },
  log: choiceOption<'warnings' | 'refusals' | 'off'>(
    ['warnings', 'refusals', 'off'],
    "What is printed: warnings about outages and setup mistakes, every refusal as well, or nothing. `NODE_DEBUG=resource-server` prints refusals unless this is `'off'`.",
  ),
  allowInsecureHttp: booleanOption(false, 'Allows `http:` URLs on hosts other than loopback.'),
  staleIfError: numberOption(
    3600,
    { min: 0, max: 86_400, unit: 'seconds' },
    'How long an expired key set stays in use while the issuer is unreachable.',
  ),
  maxKeySetAge: numberOption(
    600,
    { min: 300, max: 86_400, unit: 'seconds' },
    'Maximum `Cache-Control: max-age` of a key set. A key set without one is fresh for 5 minutes.',
  ),
  keyStore: {
    default: undefined,
    defaultText: 'none',
    range: '',
    description: 'Keeps the last good key sets across restarts: `{ store, secret }`.',
    read: (value) => readOptions(keyStoreOptions, value, 'keyStore option'),
  },
  clock: {
    default: systemClock,
    defaultText: "the system's clocks",
    range: '',
    description: 'The source of time. Tests can pass their own.',
    read: readClock,
  },
  fetch: functionOption<Fetch, Fetch>(
    // Looked up at each call, so that a later replacement of the global is used.
    (url, init) => globalThis.fetch(url, init),
    'the global `fetch`',
    'Fetches metadata and key sets, for example through a proxy or with mutual TLS.',
  ),
}

type OwnVerifierOptions = Omit<VerifierOptions, keyof IssuerOptions>

export interface VerifierSettings {
  readonly issuers: readonly unknown[] | undefined
  readonly resolveIssuer: ((issuer: string) => unknown) | undefined
  readonly maxResolvedIssuers: number
  readonly clockTolerance: number
  readonly maxLifetime: number | undefined
  readonly revocation: Revocation | undefined
  readonly maxTokenBytes: number
  readonly maxActorDepth: number
  readonly delegation: DelegationMode
  /** `undefined`: bound tokens are refused. */
  readonly dpop: DpopSettings | undefined
  readonly mtls: MtlsSettings | undefined
  readonly cache: Bounds | undefined
  readonly cryptography: 'native' | 'webcrypto'
  readonly onDecision: VerifierOptions['onDecision']
  readonly records: RecordSettings
  readonly log: 'warnings' | 'refusals' | 'off'
  readonly allowInsecureHttp: boolean
  /** Seconds. */
  readonly staleIfError: number
  /** Seconds. */
  readonly maxKeySetAge: number
  readonly keyStore: KeyStoreSettings | undefined
  readonly clock: Clock
  readonly fetch: Fetch
}

/** The options of a resource server, in addition to those of a verifier. */
export const resourceServerOptions: OptionTable<OwnServerOptions, ServerSettings> = {
  credential: {
    default: undefined,
    defaultText: '`Authorization`',
    range: '',
    description:
      "Where the token is, if not in `Authorization`: `fromCookie('__Host-session')` or `fromHeader('Cf-Access-Jwt-Assertion')`.",
    read: readCredentialSource,
  },
  optional: booleanOption(
    false,
    'Lets requests without an `Authorization` header pass `requireAudience`.',
  ),
  ignoreOtherSchemes: booleanOption(
    false,
    'With `optional`, treats an `Authorization` header with another scheme, such as `Basic`, as absent.',
  ),
  onRefusal: choiceOption<'reply' | 'throw'>(
    ['reply', 'throw'],
    "`'throw'` passes refusals to the framework's error handling.",
  ),
  allowPreflight: booleanOption(false, 'Lets CORS preflight requests pass without a token.'),
  realm: {
    default: 'api',
    defaultText: "`'api'`",
    range: '',
    description: 'The `realm` of the challenge.',
    read: readRealm,
  },
  resource: {
    default: undefined,
    defaultText: 'none',
    range: '',
    description: 'The URL of this service. Enables resource metadata (RFC 9728).',
    read: (value, _name, { allowInsecureHttp }) => readResource(value, allowInsecureHttp),
  },
  publicUrl: {
    default: undefined,
    defaultText: 'the origin of `resource`',
    range: '',
    description: 'The URL that clients use to reach this service, or a list of them. For DPoP.',
    read: readPublicUrl,
  },
  prefix: {
    default: undefined,
    defaultText: 'required if `publicUrl` has a path',
    range: '',
    description: "What a proxy does with the path: `'stripped'`, `'kept'`, or `'added:/path'`.",
    read: readPrefix,
  },
  refusalBody: {
    default: undefined,
    defaultText: '`application/problem+json`',
    range: '',
    description: 'Returns the body of a refusal.',
    read: readRefusalBody,
  },
}

type OwnServerOptions = Omit<ResourceServerOptions, keyof VerifierOptions>

export interface ServerSettings {
  readonly credential: CredentialSource | undefined
  readonly optional: boolean
  readonly ignoreOtherSchemes: boolean
  readonly onRefusal: 'reply' | 'throw'
  readonly allowPreflight: boolean
  readonly realm: string
  readonly resource: Resource | undefined
  readonly publicUrl: readonly NormalUri[] | undefined
  readonly prefix: PathRule | undefined
  readonly refusalBody: RefusalBodyWriter | undefined
}
