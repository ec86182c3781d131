import { actorCheck, type ActorRule } from './actor.ts'
import { audienceRule, type AudienceRule, checkAudience } from '../config/audience.ts'
import { claimCheck, type ClaimRule } from './claim.ts'
import { checkDelegation } from '../token/delegation.ts'
import { type ClientRule, clientCheck } from './client.ts'
import type { Audience, DelegationMode } from '../options/options.ts'
import type { Policy } from '../config/policy.ts'
import { policyCheck, type PolicyResult } from './policy.ts'
import { privilegeCheck } from './role.ts'
import { ConfigError, type Refusal } from '../errors/refusal.ts'
import { hostObjectOf } from '../lib/host-object.ts'
import { allScopesCheck, anyScopeCheck, type ScopeNeed } from './scope.ts'
import { type StepUp, stepUpCheck } from './step-up.ts'
import { type AccessToken, profileOf, type TokenView } from '../token/access-token.ts'

/** What the first guard on a request requires of the token, instead of the configured values. */
export interface Requirements {
  readonly audience?: AudienceRule | undefined
  readonly delegation?: DelegationMode | undefined
}

/**
 * A check of a verified token. It refuses or returns nothing; it cannot grant access on its own. Guards of this
 * package have every member as an own property, so that nothing inherited counts as a requirement.
 */
export interface Guard extends Requirements {
  /** The guard's name in decision records, such as `requireScope(orders:read)`. */
  readonly name: string
  /** Whether anonymous requests pass, if the policy allows them (`optional`). */
  readonly admitsAnonymous: boolean
  /** The required scopes, for records, metadata, challenges, and the OpenAPI description. */
  readonly scopeNeed?: ScopeNeed | undefined
  /**
   * The scopes that the challenge names if the request has no valid token. Only for a guard that knows all scopes of
   * the request; other guards leave it out, because they don't know which guards follow.
   */
  readonly challengeScope?: readonly string[] | undefined
  check(token: AccessToken): Refusal | undefined | Promise<Refusal | undefined>
}

/**
 * The guard factories. `Handler` is the host's type of middleware. The first guard on a request
 * authenticates it. Every factory throws a `ConfigError` for invalid arguments.
 */
export interface Guards<Handler, C extends object = object> {
  /**
   * The token must be issued for this service. Otherwise 401 (RFC 9068 section 4). If this is the first guard on a
   * request, its names replace the configured audience. If it is a later one, they are checked in addition.
   */
  readonly requireAudience: (audience: Audience) => Handler
  /** Accepts any valid token for the configured audience. Refuses anonymous requests. */
  readonly requireAuthentication: () => Handler
  /** The token must have all of the scopes. Otherwise 403 `insufficient_scope` (RFC 6750 section 3.1). */
  readonly requireScope: (...scopes: readonly string[]) => Handler
  /** The token must have one of the scopes. Otherwise 403 `insufficient_scope`; the challenge lists all. */
  readonly requireAnyScope: (...scopes: readonly string[]) => Handler
  /**
   * The token must have all of the roles. Otherwise 403 `insufficient_scope` (RFC 6750 section 3.1). The challenge
   * does not name the roles. The issuer's profile says which claims contain them, so configure a provider, such as
   * `issuer: keycloak(url)`.
   */
  readonly requireRole: (...roles: readonly string[]) => Handler
  /** The token must have all of the permissions. Works like `requireRole`. */
  readonly requirePermission: (...permissions: readonly string[]) => Handler
  /**
   * The current actor must be one of these, or satisfy a predicate. Otherwise 403. A string names an actor at the
   * only configured issuer. With several issuers, use `{ iss, sub }`.
   */
  readonly requireActor: (...actors: readonly ActorRule[]) => Handler
  /**
   * The token must not name an actor. Otherwise 403. Some issuers exchange tokens without naming one. As the first
   * guard on a request, it replaces the configured `delegation`.
   */
  readonly requireDirect: () => Handler
  /**
   * The token must name an actor. Otherwise 403. This does not prove an exchange: some issuers write `act` without
   * one, for impersonation or for an agent. As the first guard on a request, it replaces the configured `delegation`.
   */
  readonly requireDelegated: () => Handler
  /**
   * The client that obtained the token must be one of these. Otherwise 403. This client is identified by the token's
   * client ID or by the client ID of the current actor. Only client IDs are compared. A string is a client ID at the
   * only configured issuer. With several issuers, use `{ iss, client_id }`. This does not prove an exchange: a token
   * that the client obtained for itself, or by signing a user in, also passes.
   */
  readonly requireClient: (...clients: readonly ClientRule[]) => Handler
  /**
   * The claim must be present. If `expected` is given, the claim must equal it, equal one of its values, or satisfy
   * it as a predicate. Otherwise 403. If the claim is a list, one matching entry is enough.
   */
  readonly requireClaim: (name: string, expected?: ClaimRule) => Handler
  /**
   * The function must return `true`, or a promise of `true`. If it returns `deny.invalidToken(reason)`, the
   * response is 401 `invalid_token`, so the client gets another token. Otherwise 403. If it throws, the host
   * responds with 500.
   */
  readonly requirePolicy: (
    policy: (token: TokenView<C>) => PolicyResult | Promise<PolicyResult>,
  ) => Handler
  /**
   * The user must have authenticated in one of the given ways (`acr`), recently enough (`maxAge`), or both.
   * Otherwise 401 `insufficient_user_authentication` (RFC 9470 section 3). A token exchange may lower `acr`, and
   * then authenticating again does not help: use this guard where the user's own token is received.
   */
  readonly requireStepUp: (requirement: StepUp) => Handler
}

/**
 * Accepts any valid token for the configured audience, and anonymous requests if the policy allows them.
 * For hosts whose routes may have no guard.
 */
export const authenticateOnly: Guard = Object.freeze<Guard>({
  ...createGuard('authenticate', () => undefined),
  admitsAnonymous: true,
})

type Check = Guard['check']

function createGuard(name: string, check: Check): Required<Guard> {
  return {
    name,
    check,
    admitsAnonymous: false,
    audience: undefined,
    delegation: undefined,
    scopeNeed: undefined,
    challengeScope: undefined,
  }
}

/**
 * Like `authenticateOnly`, but its challenges name these scopes. For hosts that know all scopes of a request before
 * its token is verified.
 */
export function authenticateFor(scopes: readonly string[]): Guard {
  return scopes.length === 0 ? authenticateOnly : { ...authenticateOnly, challengeScope: scopes }
}

/**
 * Like `requireScope`, for scopes that depend on the request. The metadata of the resource server does not list them.
 *
 * @throws ConfigError if there are no scopes, or if a scope is invalid
 */
export function scopeGuard(scopes: readonly string[]): Guard {
  return {
    ...createGuard(named('requireScope', scopes), allScopesCheck(scopes)),
    scopeNeed: { all: scopes },
    challengeScope: scopes,
  }
}

/** Creates the guards of one policy. `wrap` turns a guard into the host's kind of handler. */
export function createGuards<Handler, C extends object>(
  policy: Policy,
  wrap: (guard: Guard) => Handler,
): Guards<Handler, C> {
  // The check comes first, because it refuses invalid arguments before they are part of a name.
  const guard = (check: Check, name: string, more: Partial<Guard> = {}): Handler =>
    wrap({ ...createGuard(name, check), ...more })
  const delegation = (name: string, mode: DelegationMode): Handler =>
    guard(({ actor }) => checkDelegation(actor, mode), name, { delegation: mode })
  return calledFirst<Guards<Handler, C>>({
    requireAudience: atMost('requireAudience', 1, (audience) =>
      wrap(audienceGuard(audienceRule(audience))),
    ),
    requireAuthentication: atMost('requireAuthentication', 0, () =>
      guard(() => undefined, 'requireAuthentication'),
    ),
    requireScope: (...scopes) =>
      guard(allScopesCheck(scopes), named('requireScope', scopes), {
        scopeNeed: { all: scopes },
      }),
    requireAnyScope: (...scopes) =>
      guard(anyScopeCheck(scopes), named('requireAnyScope', scopes), {
        scopeNeed: { any: scopes },
      }),
    requireRole: (...roles) =>
      guard(privilegeCheck('roles', roles, policy), named('requireRole', roles)),
    requirePermission: (...permissions) =>
      guard(
        privilegeCheck('permissions', permissions, policy),
        named('requirePermission', permissions),
      ),
    requireActor: (...actors) => guard(actorCheck(actors, policy), 'requireActor'),
    requireDirect: atMost('requireDirect', 0, () => delegation('requireDirect', 'direct')),
    requireDelegated: atMost('requireDelegated', 0, () =>
      delegation('requireDelegated', 'delegated'),
    ),
    requireClient: (...clients) =>
      guard(clientCheck(clients, policy), named('requireClient', clients.map(nameOf))),
    requireClaim: atMost('requireClaim', 2, (name, ...expected) =>
      guard(claimCheck(name, expected), named('requireClaim', [name])),
    ),
    requirePolicy: atMost('requirePolicy', 1, (decide) =>
      guard(policyCheck(decide), 'requirePolicy'),
    ),
    requireStepUp: atMost('requireStepUp', 1, (requirement) =>
      guard(stepUpCheck(requirement, policy), 'requireStepUp'),
    ),
  })
}

/** How to call each factory, for messages. */
export const guardExamples: Readonly<Record<keyof Guards<unknown>, string>> = {
  requireAudience: "requireAudience('order-service')",
  requireAuthentication: 'requireAuthentication()',
  requireScope: "requireScope('orders:read')",
  requireAnyScope: "requireAnyScope('orders:read', 'orders:write')",
  requireRole: "requireRole('editor')",
  requirePermission: "requirePermission('orders:write')",
  requireActor: "requireActor('user-service')",
  requireDirect: 'requireDirect()',
  requireDelegated: 'requireDelegated()',
  requireClient: "requireClient('user-service')",
  requireClaim: "requireClaim('tenant', 'acme')",
  requirePolicy: 'requirePolicy((token) => ...)',
  requireStepUp: "requireStepUp({ acr: 'mfa' })",
}

type Factory = (...given: readonly unknown[]) => unknown

/** Recognizes a factory that was passed to the host in place of the guard that it returns. */
function calledFirst<G extends Guards<unknown>>(factories: G): G {
  const entries = Object.entries(factories as unknown as Record<string, Factory>)
  const checked = entries.map(([name, factory]): [string, Factory] => [
    name,
    (...given) => {
      const host = hostObjectOf(given[0])
      if (!host) return factory(...given)
      throw new ConfigError(
        `${name} was passed as a guard without being called: it got ${host.name}.`,
        `Call it: ${guardExamples[name as keyof typeof guardExamples]}.`,
      )
    },
  ])
  return Object.fromEntries(checked) as unknown as G
}

/** Refuses extra arguments: ignoring them could drop a requirement. */
function atMost<Given extends unknown[], Handler>(
  name: string,
  count: number,
  factory: (...given: Given) => Handler,
): (...given: Given) => Handler {
  return (...given) => {
    if (given.length <= count) return factory(...given)
    throw new ConfigError(
      `${name} got too many arguments: ${given.length}, expected at most ${count}.`,
      'Call it, as in app.use(requireAuthentication()), and pass several values as an array.',
    )
  }
}

function named(factory: string, values: readonly string[]): string {
  return `${factory}(${values.join(', ')})`
}

function nameOf(client: ClientRule): string {
  return typeof client === 'object' ? client.client_id : client
}

function audienceGuard(audience: AudienceRule): Guard {
  return {
    ...createGuard(named('requireAudience', audience.names), (token) =>
      checkAudience(token.claims, token.audience, audience, profileOf(token)),
    ),
    audience,
    admitsAnonymous: true,
  }
}
