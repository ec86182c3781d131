import { ConfigError } from '@resource-server/core'
import {
  booleanOption,
  choiceOption,
  functionOption,
  isSecure,
  kindOf,
  numberOption,
  type OptionTable,
  parsePlainUrl,
  readOptions,
  required,
} from '@resource-server/core/client'
import {
  type ClientSettings,
  type HopClient,
  readClient,
} from '@resource-server/exchange/client-authentication'

/**
 * Sends a request to the introspection endpoint. The global `fetch` has this type. It must not follow redirects, and
 * it should abort when `signal` does.
 */
export type IntrospectionFetch = (
  url: string,
  init: {
    readonly method: 'POST'
    readonly headers: Readonly<Record<string, string>>
    readonly body: URLSearchParams
    readonly redirect: 'manual'
    readonly signal: AbortSignal
  },
) => Promise<Response>

/**
 * How tokens are introspected. Only `client` is required.
 *
 * @example
 * import type { IntrospectOptions } from '@resource-server/introspection'
 *
 * export const options = (secret: string): IntrospectOptions => ({
 *   client: { id: 'order-service', secret },
 *   prefix: 'ory_at_',
 * })
 */
export interface IntrospectOptions {
  /** The client with which this service authenticates to the endpoint. `authentication: 'none'` is not possible. */
  readonly client: HopClient
  /**
   * How opaque tokens from this issuer begin, such as `ory_at_`. Other opaque tokens are refused, and no server
   * is asked. Required with several issuers; `''` then means every opaque token, if no other issuer has opaque
   * tokens.
   */
  readonly prefix?: string
  /**
   * What happens to JWTs that name this issuer. `verify`: they are verified and not introspected.
   * `verify-and-introspect`: they are verified, and then introspected. `introspect`: they are introspected only, and
   * their contents are ignored. Default `verify`.
   */
  readonly jwts?: 'verify' | 'verify-and-introspect' | 'introspect'
  /** The URL of the endpoint. Default: `introspection_endpoint` in the issuer's metadata. */
  readonly endpoint?: string
  /**
   * Whether the endpoint may be on a different origin from the issuer. The client's secret is sent there. Default
   * false.
   */
  readonly allowOtherOrigin?: boolean
  /**
   * What happens to tokens whose response has no `aud`. `accept`: they count as issued for the configured audience.
   * Do not use `accept` unless the server answers `active` only for tokens that are meant for the client that asks.
   * Default `refuse`.
   */
  readonly missingAudience?: 'refuse' | 'accept'
  /** Whether to require signed responses (RFC 9701). If false, they are accepted but not required. Default false. */
  readonly signedResponses?: boolean
  /** The `aud` of signed responses, if it is not the client ID. */
  readonly responseAudience?: string
  /** The `aud` of client assertions (`private_key_jwt`), if the server does not accept its issuer identifier. */
  readonly assertionAudience?: string
  /**
   * How long an active answer is used, in seconds, from 0 to 300, and never beyond the token's `exp`. An inactive
   * answer is used for at most 5 seconds. With 0, each request asks the endpoint. Default 30.
   */
  readonly maxAge?: number
  /**
   * How long an active answer is used after `maxAge` if the endpoint is unavailable, in seconds, from 0 to 3600.
   * Decision records then have `introspection: 'stale'`. Default 0: 503.
   */
  readonly staleIfError?: number
  /** How many active answers are kept, and how many inactive ones, from 2 to 1,000,000. Default 10,000. */
  readonly maxTokens?: number
  /** How many requests may be waiting for the endpoint, from 1 to 10,000. Any more get 503. Default 100. */
  readonly maxConcurrent?: number
  /** Sends the requests, for example with a client certificate. Default: the global `fetch`. */
  readonly fetch?: IntrospectionFetch
}

/** The options with their defaults. */
export interface IntrospectSettings {
  readonly client: ClientSettings
  readonly prefix: string | undefined
  readonly jwts: 'verify' | 'verify-and-introspect' | 'introspect'
  readonly endpoint: string | undefined
  readonly allowOtherOrigin: boolean
  readonly missingAudience: 'refuse' | 'accept'
  readonly signedResponses: boolean
  readonly responseAudience: string | undefined
  readonly assertionAudience: string | undefined
  readonly maxAge: number
  readonly staleIfError: number
  readonly maxTokens: number
  readonly maxConcurrent: number
  readonly fetch: IntrospectionFetch
}

const text = (description: string, isValid: (value: string) => boolean) => ({
  default: undefined,
  defaultText: 'none',
  range: '',
  description,
  read: (value: unknown, name: string): string => {
    if (typeof value === 'string' && isValid(value)) return value
    throw new ConfigError(
      `'${name}' must be a string${value === '' ? ' that is not empty' : ''}, got ${kindOf(value)}.`,
      'Leave it out for the default.',
    )
  },
})

const isNotEmpty = (value: string): boolean => value !== ''

const table: OptionTable<IntrospectOptions, IntrospectSettings> = {
  client: {
    default: required,
    defaultText: '',
    range: '',
    description: 'How this service authenticates to the endpoint.',
    read: (value) => {
      const client = readClient(value)
      if (client.authentication !== 'none') return client
      throw new ConfigError(
        "'client.authentication' must not be 'none'.",
        'RFC 7662 section 2.1 requires the endpoint to authenticate its clients. Set a secret or a key.',
      )
    },
  },
  prefix: text('How opaque tokens begin.', () => true),
  jwts: choiceOption(['verify', 'verify-and-introspect', 'introspect'], 'What happens to JWTs.'),
  endpoint: text('The URL of the endpoint.', isNotEmpty),
  allowOtherOrigin: booleanOption(false, 'Whether the endpoint may be on a different origin.'),
  missingAudience: choiceOption(['refuse', 'accept'], 'What happens if the response has no `aud`.'),
  signedResponses: booleanOption(false, 'Whether to require signed responses.'),
  responseAudience: text('The `aud` of signed responses.', isNotEmpty),
  assertionAudience: text('The `aud` of client assertions.', isNotEmpty),
  maxAge: numberOption(30, { min: 0, max: 300, unit: 'seconds' }, 'How long answers are used.'),
  staleIfError: numberOption(
    0,
    { min: 0, max: 3600, unit: 'seconds' },
    'How long old answers are used while the endpoint is unavailable.',
  ),
  maxTokens: numberOption(
    10_000,
    { min: 2, max: 1e6, unit: 'answers', whole: true },
    'Maximum number of cached answers.',
  ),
  maxConcurrent: numberOption(
    100,
    { min: 1, max: 10_000, unit: 'requests', whole: true },
    'Maximum number of concurrent requests.',
  ),
  fetch: functionOption<IntrospectionFetch, IntrospectionFetch>(
    (url, init) => globalThis.fetch(url, init),
    'the global `fetch`',
    'Sends the requests.',
  ),
}

/** @throws ConfigError */
export function readIntrospectOptions(given: IntrospectOptions): IntrospectSettings {
  const fix = "Write introspect({ client: { id: 'order-service', secret } })."
  return readOptions(table, given, 'introspection option', { allowInsecureHttp: false }, fix)
}

interface EndpointRules {
  readonly issuer: string
  readonly metadataUri: string | undefined
  readonly allowInsecureHttp: boolean
  readonly allowOtherOrigin: boolean
}

/**
 * The endpoint receives a secret and the tokens of callers.
 *
 * @throws ConfigError if its URL is not a plain https URL on the origin of the issuer
 */
export function checkEndpoint(value: unknown, rules: EndpointRules): string {
  const url = parsePlainUrl(value)
  if (!url) {
    throw new ConfigError(
      `The issuer '${rules.issuer}' has no valid introspection endpoint.`,
      "Set 'endpoint' to its URL, without user, password, query, or fragment.",
    )
  }
  if (!isSecure(url, rules.allowInsecureHttp)) {
    throw new ConfigError(
      'The introspection endpoint must use https.',
      'Use https. On a trusted network, allowInsecureHttp: true permits http.',
    )
  }
  const origins = [rules.issuer, rules.metadataUri].map((one) => one && parsePlainUrl(one)?.origin)
  if (!rules.allowOtherOrigin && !origins.includes(url.origin)) {
    throw new ConfigError(
      `The introspection endpoint is on a different origin (${url.origin}) from the issuer '${rules.issuer}'.`,
      'If it belongs to the issuer, set allowOtherOrigin: true.',
    )
  }
  return url.href
}
