import {
  type Algorithm,
  canonical,
  defaultAlgorithms,
  isAlgorithm,
  supportedAlgorithms,
} from '../options/algorithms.ts'
import { type AudienceRule, audienceRule } from './audience.ts'
import { type Clock, schedule, systemClock } from '../lib/clock.ts'
import type { Bounds } from '../lib/generational-map.ts'
import type { Fetch } from '../lib/fetch-json.ts'
import type { KeyStore } from '../options/key-store.ts'
import type { DelegationMode, ResourceServerOptions } from '../options/options.ts'
import { checkedProfile } from './read-profile.ts'
import { defaultProfile } from '../providers/default.ts'
import type { Profile } from '../options/profile.ts'
import { rfc9068Profile } from '../providers/rfc9068.ts'
import { type RecordPolicy, recordPolicy } from './records.ts'
import type { RefusalBodyWriter } from '../errors/problem-details.ts'
import { ConfigError } from '../errors/refusal.ts'
import { readResource, type Resource } from './resource.ts'
import type { Implication } from '../options/scope.ts'
import * as check from './read-option.ts'

/** How one issuer's tokens are judged; every member has its final value. */
export interface IssuerPolicy {
  readonly issuer: string
  readonly audience: AudienceRule | undefined
  readonly algorithms: readonly Algorithm[]
  /** Whether the user chose the algorithms: then a key without `alg` must fit exactly one. */
  readonly algorithmsChosen: boolean
  readonly profile: Profile
  readonly impliedScopes: readonly Implication[]
  readonly jwksUri: string | undefined
  readonly jwks: { readonly keys: readonly object[] } | undefined
}

/** Looked up at each call, so that what replaces it later is used. */
const globalFetch: Fetch = (url, init) => globalThis.fetch(url, init)

/** The options with every default filled in. Every default of the project stands in this file. */
export interface Policy {
  readonly issuers: ReadonlyMap<string, IssuerPolicy>
  /** Asked about an issuer that is not among `issuers`. */
  readonly resolveIssuer: ((issuer: string) => Promise<IssuerPolicy | undefined>) | undefined
  readonly maxResolvedIssuers: number
  readonly clockTolerance: number
  readonly maxLifetime: number | undefined
  readonly maxTokenBytes: number
  readonly maxActorDepth: number
  readonly delegation: DelegationMode
  readonly cache: Bounds | undefined
  readonly cryptography: 'native' | 'webcrypto'
  readonly onDecision: ResourceServerOptions['onDecision']
  readonly records: RecordPolicy
  readonly allowInsecureHttp: boolean
  readonly clock: Clock
  readonly schedule: NonNullable<Clock['schedule']>
  /** Seconds. */
  readonly staleIfError: number
  readonly keyStore: { readonly store: KeyStore; readonly secret: Uint8Array } | undefined
  readonly fetch: Fetch
  readonly optional: boolean
  readonly onRefusal: 'reply' | 'throw'
  readonly allowPreflight: boolean
  readonly realm: string
  readonly resource: Resource | undefined
  readonly refusalBody: RefusalBodyWriter | undefined
}

type Options = Readonly<Record<string, unknown>>

const issuerNames = [
  ...['issuer', 'audience', 'algorithms', 'profile', 'impliedScopes', 'jwksUri', 'jwks'],
]
const verifierNames = [
  ...['issuers', 'clockTolerance', 'maxLifetime', 'maxTokenBytes', 'maxActorDepth', 'delegation'],
  ...['cache', 'cryptography'],
  ...[
    'onDecision',
    'records',
    'allowInsecureHttp',
    'staleIfError',
    'keyStore',
    'clock',
    'fetch',
    'resolveIssuer',
    'maxResolvedIssuers',
  ],
]
const hostNames = ['optional', 'onRefusal', 'allowPreflight', 'realm', 'resource', 'refusalBody']

/** Which options there are: a host has some that a bare verifier has no use for. */
export const optionNames: {
  readonly verifier: readonly string[]
  readonly host: readonly string[]
} = {
  verifier: [...issuerNames, ...verifierNames],
  host: [...issuerNames, ...verifierNames, ...hostNames],
}

/**
 * Options to a validated, frozen policy.
 *
 * @throws ConfigError saying what is wrong and what to write instead.
 */
export function createPolicy(given: unknown, known: readonly string[]): Policy {
  const options = check.record(given, 'options')
  check.names(options, known, 'option')
  const allowInsecureHttp = check.boolean(options, 'allowInsecureHttp', false)
  const clock = check.clock(options) ?? systemClock
  return Object.freeze({
    issuers: issuerPolicies(options, allowInsecureHttp),
    resolveIssuer: issuerResolver(options, allowInsecureHttp),
    maxResolvedIssuers:
      check.number(options, 'maxResolvedIssuers', {
        min: 1,
        max: 10_000,
        unit: 'issuers',
        whole: true,
      }) ?? 100,
    clockTolerance:
      check.number(options, 'clockTolerance', { min: 0, max: 600, unit: 'seconds' }) ?? 5,
    maxLifetime: check.number(options, 'maxLifetime', { min: 1, max: 1e10, unit: 'seconds' }),
    maxTokenBytes:
      check.number(options, 'maxTokenBytes', { min: 256, max: 1e6, unit: 'bytes', whole: true }) ??
      8192,
    maxActorDepth:
      check.number(options, 'maxActorDepth', { min: 1, max: 16, unit: 'actors', whole: true }) ?? 8,
    delegation: check.oneOf(options, 'delegation', ['any', 'direct', 'delegated']),
    cache: cache(options),
    cryptography: check.oneOf(options, 'cryptography', ['native', 'webcrypto']),
    onDecision: check.callable<NonNullable<Policy['onDecision']>>(options, 'onDecision'),
    records: recordPolicy(options),
    allowInsecureHttp,
    clock,
    schedule: clock.schedule?.bind(clock) ?? schedule,
    staleIfError:
      check.number(options, 'staleIfError', { min: 0, max: 86_400, unit: 'seconds' }) ?? 3600,
    keyStore: check.keyStore(options),
    fetch: check.callable<Fetch>(options, 'fetch') ?? globalFetch,
    optional: check.boolean(options, 'optional', false),
    onRefusal: check.oneOf(options, 'onRefusal', ['reply', 'throw']),
    allowPreflight: check.boolean(options, 'allowPreflight', false),
    realm: check.quotable(options, 'realm') ?? 'api',
    resource: Object.hasOwn(options, 'resource')
      ? readResource(options['resource'], allowInsecureHttp)
      : undefined,
    refusalBody: check.refusalBody(options),
  })
}

function issuerPolicies(options: Options, insecure: boolean): ReadonlyMap<string, IssuerPolicy> {
  const policies = new Map<string, IssuerPolicy>()
  for (const entry of issuerEntries(options)) {
    const policy = issuerPolicy(entry, insecure)
    if (policies.has(policy.issuer)) {
      throw new ConfigError(
        `The issuer '${policy.issuer}' is configured twice.`,
        'Name each issuer once.',
      )
    }
    policies.set(policy.issuer, policy)
  }
  return policies
}

/** Each issuer's own options over the common ones. */
function issuerEntries(options: Options): Options[] {
  const common = commonOptions(options)
  if (!Object.hasOwn(options, 'issuers')) {
    const none = Object.hasOwn(options, 'resolveIssuer') && !Object.hasOwn(options, 'issuer')
    return none ? [] : [singleIssuer(common)]
  }
  const single = ['issuer', 'jwksUri', 'jwks'].find((name) => Object.hasOwn(options, name))
  if (single) {
    throw new ConfigError(
      `Both 'issuers' and '${single}' are set.`,
      `Move '${single}' into an entry of 'issuers'.`,
    )
  }
  const { issuers } = options
  if (!Array.isArray(issuers) || issuers.length === 0) {
    throw new ConfigError("'issuers' is not a non-empty list.", "List issuers, or set 'issuer'.")
  }
  return issuers.map((entry: unknown) => {
    const own =
      typeof entry === 'string' ? { issuer: entry } : check.record(entry, 'an entry of issuers')
    return { ...common, ...issuerOptions(own) }
  })
}

function commonOptions(options: Options): Options {
  const given = issuerNames.filter((name) => Object.hasOwn(options, name))
  return Object.fromEntries(given.map((name) => [name, options[name]]))
}

/** What the rule returns over the common options. It must be of the very issuer that it was asked about. */
function issuerResolver(options: Options, insecure: boolean): Policy['resolveIssuer'] {
  const rule = check.callable<(issuer: string) => unknown>(options, 'resolveIssuer')
  if (!rule) return undefined
  const { issuer: _, jwksUri: _uri, jwks: _jwks, ...common } = commonOptions(options)
  return async (iss) => {
    const given = await rule(iss)
    if (given === undefined) return undefined
    const own = issuerOptions(check.record(given, 'an issuer from resolveIssuer'))
    const policy = issuerPolicy({ ...common, ...own }, insecure)
    if (policy.issuer === iss) return policy
    throw new ConfigError(
      'resolveIssuer returned another issuer.',
      'Return { issuer } as it was asked.',
    )
  }
}

/** `issuer: keycloak(url)` stands for that issuer's own options. */
function singleIssuer(common: Options): Options {
  const { issuer } = common
  if (typeof issuer !== 'object' || issuer === null) return common
  return { ...common, ...issuerOptions(check.record(issuer, 'an issuer')) }
}

function issuerOptions(own: Options): Options {
  check.names(own, issuerNames, 'option of an issuer')
  return own
}

function issuerPolicy(options: Options, insecure: boolean): IssuerPolicy {
  const chosen = algorithms(options)
  if (Object.hasOwn(options, 'jwksUri') && Object.hasOwn(options, 'jwks')) {
    throw new ConfigError("Both 'jwksUri' and 'jwks' are set.", 'Keep one of them.')
  }
  return Object.freeze({
    issuer: check.issuer(options['issuer'], insecure),
    audience: Object.hasOwn(options, 'audience') ? audienceRule(options['audience']) : undefined,
    algorithms: chosen ?? defaultAlgorithms,
    algorithmsChosen: chosen !== undefined,
    profile: profile(options),
    impliedScopes: check.implications(options),
    jwksUri: check.keySetUrl(options, insecure),
    jwks: check.keySet(options),
  })
}

function algorithms(options: Options): readonly Algorithm[] | undefined {
  if (!Object.hasOwn(options, 'algorithms')) return undefined
  const list = options['algorithms']
  if (!Array.isArray(list) || list.length === 0 || !list.every(isAlgorithm)) {
    throw new ConfigError(
      "'algorithms' is not a non-empty list of supported algorithms.",
      `Choose among ${supportedAlgorithms.join(', ')}. Symmetric algorithms and 'none' cannot be allowed.`,
    )
  }
  return Object.freeze([...new Set(list.map(canonical))])
}

function cache(options: Options): Bounds | undefined {
  const given = Object.hasOwn(options, 'cache') ? options['cache'] : true
  if (given === false) return undefined
  if (given !== true && (typeof given !== 'object' || given === null)) {
    throw new ConfigError(
      "'cache' is neither a boolean nor an object.",
      'Write cache: false, or cache: { maxTokens: 10000 }.',
    )
  }
  const bounds = given === true ? {} : check.record(given, 'cache options')
  check.names(bounds, ['maxTokens', 'maxBytes'], 'option of the cache')
  return Object.freeze({
    entries:
      check.number(bounds, 'maxTokens', { min: 2, max: 1e7, unit: 'tokens', whole: true }) ??
      10_000,
    bytes:
      check.number(bounds, 'maxBytes', { min: 65_536, max: 2 ** 34, unit: 'bytes', whole: true }) ??
      2 ** 25,
  })
}

function profile(options: Options): Profile {
  if (!Object.hasOwn(options, 'profile')) return defaultProfile
  return options['profile'] === 'rfc9068' ? rfc9068Profile : checkedProfile(options['profile'])
}
