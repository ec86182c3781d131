import type { Clock } from '../lib/clock.ts'
import { type RefusalBodyWriter, sampleRefusal, tryBody } from '../errors/problem-details.ts'
import type { KeyStore } from '../options/key-store.ts'
import { ConfigError } from '../errors/refusal.ts'
import { type Implication, implication } from '../options/scope.ts'
import { hasExtras, isSecure, parseUrl } from '../lib/url.ts'

/** Readers of single options. Each returns a checked value or throws a ConfigError. */

type Options = Readonly<Record<string, unknown>>

export function record(value: unknown, what: string): Options {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new ConfigError(`There is no object of ${what}.`, "Write at least { issuer: 'https://…' }.")
}

/** A key that is present and undefined is a mistyped environment variable, not a wish for the default. */
export function names(options: Options, known: readonly string[], what: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) throw unknownName(name, known, what)
    if (value === undefined) {
      throw new ConfigError(
        `'${name}' is undefined.`,
        'Give it a value (is an environment variable missing?) or leave it out.',
      )
    }
  }
}

function unknownName(name: string, known: readonly string[], what: string): ConfigError {
  const close = known.find((candidate) => candidate.toLowerCase() === name.toLowerCase())
  return new ConfigError(
    `There is no ${what} called '${name}'.`,
    close ? `Write '${close}'.` : `There are ${known.join(', ')}.`,
  )
}

export function boolean(options: Options, name: string, otherwise: boolean): boolean {
  const value = Object.hasOwn(options, name) ? options[name] : otherwise
  if (typeof value === 'boolean') return value
  throw new ConfigError(`'${name}' is not a boolean.`, 'Write true or false.')
}

interface Range {
  readonly min: number
  readonly max: number
  readonly unit: string
  /** For what is counted: half an actor would be a bound that is never met. */
  readonly whole?: true
}

export function number(
  options: Options,
  name: string,
  { min, max, unit, whole }: Range,
): number | undefined {
  if (!Object.hasOwn(options, name)) return undefined
  const value = options[name]
  const fits = whole ? Number.isInteger(value) : typeof value === 'number'
  if (fits && (value as number) >= min && (value as number) <= max) return value as number
  throw new ConfigError(
    `'${name}' is not a ${whole ? 'whole ' : ''}number from ${min} to ${max}.`,
    `Give it in ${unit}, as a number.`,
  )
}

/** The first choice is the default. */
export function oneOf<T extends string>(
  options: Options,
  name: string,
  choices: readonly [T, ...T[]],
): T {
  const value = Object.hasOwn(options, name) ? options[name] : choices[0]
  const choice = choices.find((candidate) => candidate === value)
  if (choice !== undefined) return choice
  throw new ConfigError(
    `'${name}' is none of ${choices.join(', ')}.`,
    `Write '${choices[0]}' or leave it out.`,
  )
}

export function callable<T>(options: Options, name: string): T | undefined {
  if (!Object.hasOwn(options, name)) return undefined
  const value = options[name]
  if (typeof value === 'function') return value as T
  throw new ConfigError(`'${name}' is not a function.`, 'Give a function or leave it out.')
}

/** Tried out, since a body that cannot be sent would be found out by a caller. */
export function refusalBody(options: Options): RefusalBodyWriter | undefined {
  const write = callable<RefusalBodyWriter>(options, 'refusalBody')
  if (!write) return undefined
  if (options['onRefusal'] === 'throw') {
    throw new ConfigError(
      "'refusalBody' writes nothing where onRefusal is 'throw'.",
      'Write the answer in your error handling, or leave onRefusal out.',
    )
  }
  if (tryBody(write, sampleRefusal)) return write
  throw new ConfigError(
    "'refusalBody' threw, or returned no contentType and body that are strings.",
    "Write ({ status, title, detail }) => ({ contentType: 'text/plain', body: detail }); not async.",
  )
}

export function clock(options: Options): Clock | undefined {
  if (!Object.hasOwn(options, 'clock')) return undefined
  const value = options['clock'] as Partial<Clock> | null
  if (typeof value?.now === 'function' && typeof value.monotonic === 'function')
    return value as Clock
  throw new ConfigError(
    "'clock' lacks now() or monotonic().",
    'Give both, each returning milliseconds.',
  )
}

/** What can stand in a quoted-string without a trick: visible ASCII and spaces. */
export function quotable(options: Options, name: string): string | undefined {
  if (!Object.hasOwn(options, name)) return undefined
  const value = options[name]
  if (typeof value === 'string' && /^[\x20-\x7e]+$/.test(value)) return value
  throw new ConfigError(`'${name}' is not a line of ASCII.`, 'Use letters, digits and spaces.')
}

export function issuer(value: unknown, insecure: boolean): string {
  if (typeof value !== 'string') {
    throw new ConfigError(
      "'issuer' is not a string.",
      "Write issuer: 'https://…', exactly as in the tokens' iss.",
    )
  }
  const url = parseUrl(value)
  // The parser would mend `https:host` and drop white space, and no token's iss would ever match.
  if (!url || !/^[a-z]+:\/\/\S+$/i.test(value)) {
    throw new ConfigError(
      `The issuer '${value}' is not a URL.`,
      "Write it as in the tokens' iss, with https://.",
    )
  }
  if (hasExtras(value, url)) {
    throw new ConfigError(
      'The issuer has a user, a query or a fragment.',
      'Leave them out: RFC 8414 section 2.',
    )
  }
  requireSecure(url, `The issuer '${value}'`, insecure)
  return value
}

export function keySetUrl(options: Options, insecure: boolean): string | undefined {
  if (!Object.hasOwn(options, 'jwksUri')) return undefined
  const value = options['jwksUri']
  const url = typeof value === 'string' ? parseUrl(value) : undefined
  if (!url || url.username !== '' || url.password !== '') {
    throw new ConfigError(
      "'jwksUri' is not a URL without credentials.",
      "Write jwksUri: 'https://…'.",
    )
  }
  requireSecure(url, "'jwksUri'", insecure)
  return url.href
}

export function keySet(options: Options): { readonly keys: readonly object[] } | undefined {
  if (!Object.hasOwn(options, 'jwks')) return undefined
  const keys = (options['jwks'] as { keys?: unknown } | null)?.keys
  const copy = Array.isArray(keys) && keys.length > 0 && keys.length <= 100 && copyOf(keys)
  if (copy) return { keys: copy }
  throw new ConfigError(
    "'jwks' is not a key set of 1 to 100 keys.",
    'Write jwks: { keys: [ … ] } with public keys (RFC 7517 section 5).',
  )
}

export function keyStore(
  options: Options,
): { readonly store: KeyStore; readonly secret: Uint8Array } | undefined {
  if (!Object.hasOwn(options, 'keyStore')) return undefined
  const given = record(options['keyStore'], 'key store options')
  names(given, ['store', 'secret'], 'option of the key store')
  const { store, secret } = given as { store?: Partial<KeyStore> | null; secret?: unknown }
  if (typeof store?.get !== 'function' || typeof store.set !== 'function') {
    throw new ConfigError("'keyStore.store' lacks get() or set().", 'Give both.')
  }
  if (typeof secret !== 'string' || secret.length < 32) {
    throw new ConfigError(
      "'keyStore.secret' is not a string of at least 32 characters.",
      'Make one: openssl rand -base64 32.',
    )
  }
  return Object.freeze({ store: store as KeyStore, secret: new TextEncoder().encode(secret) })
}

/** A copy, so that nobody changes it later; `undefined` where it holds what is no data. */
function copyOf(keys: readonly object[]): readonly object[] | undefined {
  try {
    return structuredClone(keys)
  } catch {
    return undefined
  }
}

export function implications(options: Options): readonly Implication[] {
  if (!Object.hasOwn(options, 'impliedScopes')) return []
  const given = record(options['impliedScopes'], 'implied scopes')
  return Object.entries(given).map(([scope, implies]) => {
    const rule = Array.isArray(implies) ? implication(scope, implies) : undefined
    if (rule) return Object.freeze(rule)
    throw new ConfigError(
      `'impliedScopes' says of '${scope}' something else than a list of scopes.`,
      "Write { admin: ['orders:read', 'stock:*'] }: before the asterisk stands ':', '.' or '/'.",
    )
  })
}

function requireSecure(url: URL, what: string, insecure: boolean): void {
  if (isSecure(url, insecure)) return
  throw new ConfigError(
    `${what} is not https.`,
    'Use https. On a trusted network, allowInsecureHttp: true permits http.',
  )
}
