import { ConfigError, type Clock, type IssuerOptions } from '@resource-server/core'
import {
  booleanOption,
  choiceOption,
  functionOption,
  isSecure,
  kindOf,
  numberOption,
  type Option,
  type OptionTable,
  ownOptions,
  parsePlainUrl,
  readClock,
  type ReadContext,
  readOptions,
  required,
  systemClock,
  warnings,
} from '@resource-server/core/client'
import type { CryptoKeyPair } from 'oauth4webapi'
import { type Dialect, dialectOf, dialects, type TargetParameter } from './dialects.ts'
import type {
  AssertionTarget,
  HopCacheOptions,
  HopClient,
  HopFetch,
  HopStoreOptions,
  NextHopOptions,
} from './options.ts'
import { type ClientSettings, readClient } from './client.ts'

/** An authorization server, and this service's registration there. */
export interface ServerSettings {
  readonly issuer: string
  readonly metadataUri: string | undefined
  readonly discovery: 'openid' | 'oauth' | undefined
  readonly client: ClientSettings
  readonly tokenEndpoint: string | undefined
}

/** The options of a hop, checked and with their defaults. Frozen. */
export interface Settings extends ServerSettings {
  readonly assertTo: ServerSettings | undefined
  readonly audience: readonly string[]
  readonly resource: readonly string[]
  readonly scope: readonly string[]
  readonly origin: string | undefined
  readonly dialect: Dialect
  readonly actorToken: boolean
  readonly dpop: boolean | CryptoKeyPair
  readonly cache: { readonly entries: number; readonly bytes: number }
  readonly store: HopStoreOptions | undefined
  /** Milliseconds. `undefined` without a timeout. */
  readonly timeout: number | undefined
  readonly isRevoked: NextHopOptions['isRevoked']
  readonly onExchange: NextHopOptions['onExchange']
  readonly pseudonymKey: string | Uint8Array | undefined
  /** Prints a warning for the operator, unless they are turned off. */
  readonly warn: (message: string) => void
  readonly allowInsecureHttp: boolean
  readonly fetch: HopFetch
  readonly clock: Clock
}

interface Values extends Omit<
  Settings,
  | 'metadataUri'
  | 'discovery'
  | 'issuer'
  | 'dialect'
  | 'actorToken'
  | 'timeout'
  | 'pseudonymKey'
  | 'warn'
> {
  readonly log: 'warnings' | 'off'
  readonly issuer: IssuerOptions
  readonly dialect: Dialect | undefined
  readonly actorToken: boolean | undefined
  readonly timeout: number | false
  readonly records: string | Uint8Array | undefined
}

/** A row without documentation, which is only in the docstrings of `NextHopOptions`. */
function row<Value>(
  otherwise: Value | typeof required,
  read: Option<Value>['read'],
): Option<Value> {
  return { default: otherwise, defaultText: '', range: '', description: '', read }
}

const cacheOptions: OptionTable<HopCacheOptions, Required<HopCacheOptions>> = {
  maxTokens: numberOption(10_000, { min: 1, max: 10_000_000, unit: 'tokens', whole: true }, ''),
  maxBytes: numberOption(
    33_554_432,
    { min: 65_536, max: 17_179_869_184, unit: 'bytes', whole: true },
    '',
  ),
}

const seconds = numberOption(10, { min: 0.001, max: 600, unit: 'seconds' }, '')

const options: OptionTable<NextHopOptions, Values> = {
  issuer: row(required, readIssuer),
  client: row(required, (value) => readClient(value as HopClient)),
  audience: row<readonly string[]>([], readNames),
  resource: row<readonly string[]>([], readResources),
  scope: row<readonly string[]>([], readScope),
  origin: row<string | undefined>(undefined, readOrigin),
  tokenEndpoint: row<string | undefined>(undefined, readEndpoint),
  dialect: row<Dialect | undefined>(undefined, readDialect),
  actorToken: { ...booleanOption(false, ''), default: undefined },
  dpop: row<boolean | CryptoKeyPair>(false, readDpop),
  assertTo: row<ServerSettings | undefined>(undefined, readAssertionTarget),
  cache: row({ entries: 10_000, bytes: 33_554_432 }, (value) => {
    const { maxTokens, maxBytes } = readOptions(cacheOptions, value, 'cache option')
    return { entries: maxTokens, bytes: maxBytes }
  }),
  store: row<HopStoreOptions | undefined>(undefined, readStore),
  timeout: row<number | false>(10, (value, name, context) =>
    value === false ? value : seconds.read(value, name, context),
  ),
  isRevoked: functionOption<NonNullable<NextHopOptions['isRevoked']>, undefined>(undefined, '', ''),
  onExchange: functionOption<NonNullable<NextHopOptions['onExchange']>, undefined>(
    undefined,
    '',
    '',
  ),
  records: row<string | Uint8Array | undefined>(undefined, readRecords),
  log: choiceOption(['warnings', 'off'], ''),
  allowInsecureHttp: booleanOption(false, ''),
  fetch: functionOption<HopFetch, HopFetch>((url, init) => globalThis.fetch(url, init), '', ''),
  clock: row<Clock>(systemClock, readClock),
}

/** @throws ConfigError */
export function readSettings(given: NextHopOptions): Settings {
  const { allowInsecureHttp } = ownOptions(given, 'option') as { allowInsecureHttp?: unknown }
  const context = { allowInsecureHttp: allowInsecureHttp === true }
  const fix = "Pass at least { issuer, client: { id, secret }, audience: 'inventory-service' }."
  const values = readOptions(options, given, 'option', context, fix)
  const { issuer, records, timeout, dialect: chosen, actorToken, log, ...rest } = values
  const dialect =
    chosen ?? dialectOf(issuer.profile === 'rfc9068' ? undefined : issuer.profile?.name)
  checkTarget(values, dialect)
  return Object.freeze({
    ...rest,
    ...serverOf(issuer),
    dialect,
    actorToken: actorToken ?? dialect.actorToken,
    timeout: timeout === false ? undefined : timeout * 1000,
    pseudonymKey: records,
    warn: log === 'off' ? () => {} : (message: string) => void warnings.print(message),
  })
}

function serverOf({
  issuer,
  metadataUri,
  profile,
}: IssuerOptions): Pick<ServerSettings, 'issuer' | 'metadataUri' | 'discovery'> {
  const discovery = typeof profile === 'object' ? profile.discovery : undefined
  return { issuer, metadataUri, discovery }
}

const assertionOptions: OptionTable<
  AssertionTarget,
  Pick<Values, 'client' | 'tokenEndpoint' | 'issuer'>
> = {
  issuer: row(required, readIssuer),
  client: row(required, (value) => readClient(value)),
  tokenEndpoint: row<string | undefined>(undefined, readEndpoint),
}

function readAssertionTarget(value: unknown, _name: string, context: ReadContext): ServerSettings {
  const { issuer, ...rest } = readOptions(assertionOptions, value, 'assertTo option', context)
  return { ...serverOf(issuer), ...rest }
}

/** What this server cannot do, and what would exchange a token for this service itself. */
function checkTarget(values: Values, dialect: Dialect): void {
  const { name, targets, requires, severalTargets } = dialect
  if (values.assertTo) return checkAssertion(values, dialect)
  const given = (['audience', 'resource', 'scope'] as const).filter((each) => values[each].length)
  const unsupported = given.find((each) => !targets.includes(each))
  if (unsupported) {
    throw new ConfigError(
      `The dialect '${name}' has no '${unsupported}'.`,
      `Name the next service with ${listOf(requires)}.`,
    )
  }
  if (!given.some((each) => requires.includes(each))) {
    throw new ConfigError(
      'The next service is not named.',
      `Set ${listOf(requires)} to what its tokens must contain.`,
    )
  }
  if (!severalTargets && values.audience.length + values.resource.length > 1) {
    throw new ConfigError(
      `The dialect '${name}' accepts only one audience per request.`,
      'Create a hop for each service.',
    )
  }
  if (values.audience.includes(values.client.id)) {
    throw new ConfigError(
      `The audience '${values.client.id}' is this service itself.`,
      "Set 'audience' to the name of the next service.",
    )
  }
}

/** The audience of an assertion is the other authorization server. */
function checkAssertion({ audience }: Values, { name, grant, targets }: Dialect): void {
  if (audience.length > 0) {
    throw new ConfigError(
      "'audience' has no effect with 'assertTo'.",
      "Name the next service with 'resource' and 'scope'.",
    )
  }
  if (grant === 'token-exchange' && targets.includes('audience')) return
  throw new ConfigError(
    `The dialect '${name}' does not issue identity assertions.`,
    "Leave 'assertTo' out, or pass the dialect of a server that issues them.",
  )
}

const listOf = (names: readonly TargetParameter[]): string =>
  names.map((name) => `'${name}'`).join(' or ')

function readIssuer(value: unknown, _name: string, context: ReadContext): IssuerOptions {
  const given = (
    typeof value === 'string' ? { issuer: value } : ownOptions(value, 'issuer option')
  ) as Partial<IssuerOptions>
  const url = parsePlainUrl(given.issuer)
  if (!url) {
    throw new ConfigError(
      "'issuer' must be an absolute URL without user information, a query, or a fragment.",
      "Write it as in resourceServer(): 'https://as.example.com', or keycloak(url).",
    )
  }
  requireSecure(url, "'issuer'", context)
  return given as IssuerOptions
}

function readNames(value: unknown, name: string): readonly string[] {
  const names = [value].flat()
  if (
    names.length > 0 &&
    names.every((each) => typeof each === 'string' && each.trim() === each && each !== '')
  ) {
    return Object.freeze([...new Set(names as string[])])
  }
  throw new ConfigError(
    `'${name}' must be a non-empty string, or a list of them.`,
    "Set it to the name of the next service, such as 'inventory-service'.",
  )
}

/** RFC 8707 section 2: an absolute URI without a fragment. */
function readResources(value: unknown, name: string): readonly string[] {
  const names = readNames(value, name)
  for (const each of names) {
    if (/^[a-z][a-z\d+.-]*:\S+$/i.test(each) && !each.includes('#')) continue
    throw new ConfigError(
      `'${name}' must be an absolute URI without a fragment.`,
      "Set it to the URI of the next service, such as 'https://inventory.example.com'.",
    )
  }
  return names
}

/** RFC 6749 section 3.3. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

function readScope(value: unknown, name: string): readonly string[] {
  const scopes = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : []
  const isScope = (scope: unknown): boolean =>
    typeof scope === 'string' && scopeToken.test(scope) && scope !== '*'
  if (scopes.length > 0 && scopes.every(isScope)) {
    return Object.freeze([...new Set(scopes as string[])])
  }
  throw new ConfigError(
    `'${name}' must contain scopes, separated by single spaces. A wildcard is not a scope.`,
    "Write 'stock:read stock:write', or leave it out.",
  )
}

function readOrigin(value: unknown, name: string, context: ReadContext): string {
  const url = parsePlainUrl(value)
  if (!url || url.pathname !== '/' || url.hostname.includes('*')) {
    throw new ConfigError(
      `'${name}' must be a scheme, a host, and a port, without a path or a wildcard.`,
      "Write 'https://inventory.internal', and pass the path to fetch().",
    )
  }
  requireSecure(url, `'${name}'`, context)
  return url.origin
}

function readEndpoint(value: unknown, name: string, context: ReadContext): string {
  const url = parsePlainUrl(value)
  if (!url) {
    throw new ConfigError(
      `'${name}' must be an absolute URL without user information, a query, or a fragment.`,
      "Write 'https://as.example.com/token', or leave it out to read it from the metadata.",
    )
  }
  requireSecure(url, `'${name}'`, context)
  return url.href
}

function requireSecure(url: URL, what: string, { allowInsecureHttp }: ReadContext): void {
  if (isSecure(url, allowInsecureHttp)) return
  throw new ConfigError(
    `${what} must use https, because tokens and secrets are sent there.`,
    'Use https. On a trusted network, allowInsecureHttp: true permits http.',
  )
}

/** A dialect may omit the types of tokens that it requests. */
const requiredMembers = Object.keys(dialects.rfc8693).filter((name) => !name.endsWith('TokenType'))

function readDialect(value: unknown, name: string): Dialect {
  if (typeof value === 'string' && Object.hasOwn(dialects, value)) {
    return dialects[value as keyof typeof dialects]
  }
  const missing = requiredMembers.find(
    (member) => typeof value !== 'object' || value === null || !Object.hasOwn(value, member),
  )
  if (missing === undefined) return Object.freeze({ ...(value as Dialect) })
  throw new ConfigError(
    `'${name}' must be one of ${Object.keys(dialects).join(', ')}, or an object with all members of a dialect.`,
    `Write { ...dialects.rfc8693, … }; '${missing}' is missing.`,
  )
}

function readDpop(value: unknown, name: string): boolean | CryptoKeyPair {
  if (typeof value === 'boolean') return value
  const { privateKey, publicKey } = (value ?? {}) as Partial<CryptoKeyPair>
  if (privateKey?.type === 'private' && publicKey?.type === 'public' && publicKey.extractable) {
    return { privateKey, publicKey }
  }
  throw new ConfigError(
    `'${name}' must be true, or a signing key pair with an extractable public key.`,
    'Pass true, or what crypto.subtle.generateKey() returned for ES256.',
  )
}

function readStore(value: unknown, name: string): HopStoreOptions {
  const { store, secret } = ownOptions(value, 'store option') as Partial<HopStoreOptions>
  const hasMethods = (['get', 'set', 'delete'] as const).every(
    (method) => typeof store?.[method] === 'function',
  )
  if (!store || !hasMethods) {
    throw new ConfigError(
      `'${name}.store' must have the methods get, set, and delete.`,
      'Pass an ExpiringStore, such as one for Redis.',
    )
  }
  return Object.freeze({ store, secret: requireKey(secret, `${name}.secret`) })
}

function readRecords(value: unknown, name: string): string | Uint8Array {
  const { pseudonymKey, ...unknown } = ownOptions(value, 'record option')
  const [other] = Object.keys(unknown)
  if (other !== undefined) {
    throw new ConfigError(`Unknown record option '${other}'.`, "Use 'pseudonymKey'.")
  }
  return requireKey(pseudonymKey, `${name}.pseudonymKey`)
}

function requireKey(value: unknown, name: string): string | Uint8Array {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
  if (bytes instanceof Uint8Array && bytes.length >= 32) return bytes.slice()
  throw new ConfigError(
    `'${name}' must have at least 32 bytes, got ${bytes instanceof Uint8Array ? bytes.length : kindOf(value)}.`,
    'Create one with: openssl rand -base64 32',
  )
}
