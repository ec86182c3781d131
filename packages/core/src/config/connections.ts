import { ConfigError } from '../errors/refusal.ts'
import type { Introspection } from '../options/introspection.ts'
import type { Revocation } from '../options/revocation.ts'
import type { IssuerSettings } from './option-tables.ts'

// Options that other packages implement.

export function readRevocation(value: unknown): Revocation {
  return connectable<Revocation>(
    value,
    'revocation',
    'Pass createRevocationList() from @resource-server/revocation, or an object with connect().',
  )
}

export function readIntrospection(value: unknown): Introspection {
  return connectable<Introspection>(
    value,
    'introspection',
    'Pass introspect({ client }) from @resource-server/introspection.',
  )
}

function connectable<Kind>(value: unknown, name: string, fix: string): Kind {
  const { connect } = (value ?? {}) as { readonly connect?: unknown }
  if (typeof connect === 'function') return value as Kind
  throw new ConfigError(`'${name}' must have the method connect().`, fix)
}

/**
 * With several issuers, the prefix of an opaque token selects the only one that sees the token.
 *
 * @param mayResolve whether `resolveIssuer` accepts more issuers
 * @throws ConfigError if an issuer has no prefix, or a token could have the prefixes of two issuers
 */
export function requirePrefixes(issuers: readonly IssuerSettings[], mayResolve: boolean): void {
  const introspected = issuers.filter(({ introspection }) => introspection)
  const isOnly = issuers.length === 1 && !mayResolve
  for (const { issuer, audience, introspection } of introspected) {
    if (introspection!.prefix === undefined && !isOnly) {
      throw new ConfigError(
        `The introspection of '${issuer}' needs a prefix, because there are several issuers.`,
        "Set prefix to what its opaque tokens begin with, or to '' if no other issuer has opaque tokens.",
      )
    }
    if (introspection!.missingAudience === 'accept' && !audience) {
      throw new ConfigError(
        `missingAudience: 'accept' requires the option 'audience' of '${issuer}'.`,
        'Set audience: tokens without aud count as issued for it.',
      )
    }
  }
  const prefixes = introspected.map(({ introspection }) => introspection!.prefix ?? '')
  const ambiguous = prefixes.find((one, at) =>
    prefixes.some((other, index) => index !== at && other.startsWith(one)),
  )
  if (ambiguous === undefined) return
  throw new ConfigError(
    `The introspection prefix '${ambiguous}' is the beginning of another one.`,
    'Choose prefixes so that none of them is the beginning of another.',
  )
}
