import type { Actor } from '../token/delegation.ts'
import type { Policy } from '../config/policy.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'

/** A client by identity: client ids are unique only within their issuer. */
export interface ClientIdentity {
  readonly iss: string
  readonly client_id: string
}

/** A client id at the one configured issuer, or an identity. */
export type ClientRule = string | ClientIdentity

interface Token {
  readonly issuer: string
  readonly clientId: string | undefined
  readonly actor: Actor | undefined
}

/**
 * Evidence that one of these clients got the token for this hop: the client that the token names, or
 * the current actor where that is known to be a client. Client ids are compared with client ids
 * only: what is in `act.sub` may be a person who chose their name.
 */
export function exchangeRule(
  rules: readonly unknown[],
  policy: Policy,
): (token: Token) => Refusal | undefined {
  const clients = rules.map((rule) => identityOf(rule, policy))
  if (clients.length === 0) throw noClient()
  return (token) => {
    const evidence = evidenceOf(token)
    const shown = clients.some(
      ({ iss, client_id: id }) => iss === token.issuer && evidence.includes(id),
    )
    if (shown) return undefined
    return refuse('client_not_allowed', whyNotShown(evidence, clients, token, policy))
  }
}

function evidenceOf({ issuer, clientId, actor }: Token): string[] {
  // A client of another issuer may bear the name of one of ours.
  const acting = actor?.issuer === issuer ? actor.clientId : undefined
  return [...new Set([clientId, acting])].filter((client) => client !== undefined)
}

function whyNotShown(
  evidence: readonly string[],
  clients: readonly ClientIdentity[],
  { issuer }: Token,
  { issuers }: Policy,
): string {
  const allowed = JSON.stringify(clients.map(({ client_id: id }) => id))
  if (evidence.length > 0)
    return `the token was got by ${JSON.stringify(evidence)} of '${issuer}', not by one of ${allowed}`
  const names = (issuers.get(issuer)?.profile.clientClaims ?? ['client_id']).join(', ')
  return `the token names no client (${names}) and no actor that is known to be one: nothing shows that one of ${allowed} exchanged it`
}

function identityOf(rule: unknown, { issuers, resolveIssuer }: Policy): ClientIdentity {
  const [issuer, ...others] = issuers.keys()
  if (typeof rule === 'string' && (resolveIssuer || others.length > 0)) {
    throw new ConfigError(
      `With several issuers, the bare client id '${rule}' names nobody.`,
      'Write requireClient({ iss, client_id }).',
    )
  }
  const given: unknown = typeof rule === 'string' ? { iss: issuer, client_id: rule } : rule
  const { iss, client_id: id, ...more } = (given ?? {}) as Record<string, unknown>
  if (!isName(iss) || !isName(id) || Object.keys(more).length > 0) throw noClient()
  return { iss, client_id: id }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function noClient(): ConfigError {
  return new ConfigError(
    'requireClient got no client id.',
    "Write requireClient('user-service'), or { iss, client_id }.",
  )
}
