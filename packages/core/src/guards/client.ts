import type { Actor } from '../token/delegation.ts'
import type { Policy } from '../config/policy.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'
import { ownMembers } from '../lib/json.ts'
import { quoteList } from '../lib/quote.ts'

/** A client at a given issuer. Client IDs are unique only within their issuer. */
export interface ClientIdentity {
  readonly iss: string
  readonly client_id: string
}

/**
 * A client that `requireClient` accepts. IDs are compared exactly and case-sensitively. A string is a
 * client ID at the only configured issuer. With several issuers, use a `ClientIdentity`.
 *
 * @example
 * ```ts
 * import type { ClientRule } from '@resource-server/core'
 *
 * export const byId: ClientRule = 'user-service'
 * export const byIssuer: ClientRule = { iss: 'https://login.example.com', client_id: 'user-service' }
 * ```
 */
export type ClientRule = string | ClientIdentity

interface Token {
  readonly issuer: string
  readonly clientId: string | undefined
  readonly actor: Actor | undefined
}

const fix = "Write requireClient('user-service') or requireClient({ iss, client_id })."

/**
 * The check of `requireClient`: the token's client, or the client ID of the current actor, must be
 * one of the given clients. It does not prove a token exchange: a client can also get a token for
 * itself, with the client credentials grant.
 *
 * `act.sub` is not used, unless the profile sets `actorSubjectIsClient`, because a user could choose
 * a user name that equals a client ID.
 *
 * @throws ConfigError if there are no rules, or if a rule is invalid
 */
export function clientCheck(
  rules: readonly unknown[],
  policy: Policy,
): (token: Token) => Refusal | undefined {
  const allowed = rules.map((rule) => identityOf(rule, policy))
  if (allowed.length === 0) throw new ConfigError('requireClient needs at least one client.', fix)
  return (token) => {
    const ids = clientIdsOf(token)
    const isAllowed = allowed.some(
      ({ iss, client_id: id }) => iss === token.issuer && ids.includes(id),
    )
    if (isAllowed) return undefined
    return refuse('client_not_allowed', reasonFor(ids, allowed, token, policy))
  }
}

function clientIdsOf({ issuer, clientId, actor }: Token): string[] {
  // A client of another issuer may have the same id as a client of this one.
  const actorId = actor?.issuer === issuer ? actor.clientId : undefined
  return [...new Set([clientId, actorId])].filter((id) => id !== undefined)
}

function reasonFor(
  ids: readonly string[],
  allowed: readonly ClientIdentity[],
  { issuer }: Token,
  { issuers }: Policy,
): string {
  const expected = `expected one of ${quoteList(allowed.map(({ client_id: id }) => id))}`
  if (ids.length > 0)
    return `the token's client IDs at '${issuer}' are ${quoteList(ids)}, ${expected}`
  const names = (issuers.get(issuer)?.profile.clientClaims ?? ['client_id']).join(', ')
  return `the token has no client ID (${names}) and no actor with a client ID, ${expected}`
}

function identityOf(rule: unknown, { issuers, resolveIssuer }: Policy): ClientIdentity {
  const [issuer, ...others] = issuers.keys()
  if (typeof rule === 'string' && (resolveIssuer || others.length > 0)) {
    throw new ConfigError(
      `The client ID '${rule}' is ambiguous, because more than one issuer is trusted.`,
      'Write requireClient({ iss, client_id }).',
    )
  }
  const identity: unknown = typeof rule === 'string' ? { iss: issuer, client_id: rule } : rule
  const { iss, client_id: id, ...unknown } = ownMembers(identity)
  if (!isName(iss) || !isName(id) || Object.keys(unknown).length > 0) {
    throw new ConfigError('requireClient received a value that does not identify a client.', fix)
  }
  return { iss, client_id: id }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
