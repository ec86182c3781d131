import { actorCheck, type ActorRule } from './actor.ts'
import { audienceRule, type AudienceRule, checkAudience } from '../config/audience.ts'
import { claimCheck, type ClaimRule } from './claim.ts'
import { checkDelegation } from '../token/delegation.ts'
import { type ClientRule, clientCheck } from './client.ts'
import type { Audience, DelegationMode } from '../options/options.ts'
import type { Policy } from '../config/policy.ts'
import { privilegeCheck } from './role.ts'
import { ConfigError, type Refusal, refuse } from '../errors/refusal.ts'
import { allScopesCheck, anyScopeCheck, type ScopeNeed } from './scope.ts'
import { type StepUp, stepUpCheck } from './step-up.ts'
import { type AccessToken, profileOf, type TokenView, viewOf } from '../token/access-token.ts'

/** A check on a verified token. It refuses or says nothing; it never lets anybody in by itself. */
export interface Guard {
  /** For the record: what was asked. */
  readonly name: string
  /** The audience to authenticate for, where this guard is the first on a request. */
  readonly audience?: AudienceRule
  /** For the record: the scopes that were asked for. */
  readonly scopes?: readonly string[]
  /** Stands in for the configured `delegation`, where this guard is the first on a request. */
  readonly delegation?: DelegationMode
  /** Whether anonymous requests pass, where the policy has them at all. */
  readonly admitsAnonymous: boolean
  /** What it asks for in scopes, for those who describe the API. */
  readonly scopeNeed?: ScopeNeed
  check(token: AccessToken): Refusal | undefined | Promise<Refusal | undefined>
}

/**
 * What a route can ask for; `Handler` is the host's type of middleware. The first guard on a request
 * authenticates it. Every factory throws `ConfigError` for arguments that cannot be right.
 */
export interface Guards<Handler, C extends object = object> {
  /**
   * The token must be meant for this service. As the first guard, its names replace the configured
   * audience; as a later one, they must hold as well. Otherwise 401 (RFC 9068 section 4).
   */
  readonly requireAudience: (audience: Audience) => Handler
  /** Any valid token for the configured audience; never an anonymous request. */
  readonly requireAuthentication: () => Handler
  /** All of the scopes. Otherwise 403 `insufficient_scope` (RFC 6750 section 3.1). */
  readonly requireScope: (...scopes: readonly string[]) => Handler
  /** One of the scopes. Otherwise 403 `insufficient_scope`, naming all of them. */
  readonly requireAnyScope: (...scopes: readonly string[]) => Handler
  /**
   * All of the roles, from where the issuer's profile says that they are: name the provider, such as
   * `issuer: keycloak(url)`. Otherwise 403 `insufficient_scope` (RFC 6750 section 3.1), naming none.
   */
  readonly requireRole: (...roles: readonly string[]) => Handler
  /** All of the permissions. As `requireRole`. */
  readonly requirePermission: (...permissions: readonly string[]) => Handler
  /**
   * The current actor must be the one named, one of a list, or please a function. A bare name is a
   * subject of the one configured issuer; with several issuers give `{ iss, sub }`. Otherwise 403.
   */
  readonly requireActor: (...actors: readonly ActorRule[]) => Handler
  /**
   * The token names no actor. Some issuers exchange without naming one. As the first guard it
   * replaces the configured `delegation`. Otherwise 403.
   */
  readonly requireDirect: () => Handler
  /**
   * The token names an actor. This does not prove an exchange: some issuers write `act` without one, for
   * impersonation or an agent that signs in for a user. As the first guard it replaces the configured
   * `delegation`. Otherwise 403.
   */
  readonly requireDelegated: () => Handler
  /**
   * One of these clients obtained the token: it is the token's client, or the client id of the current
   * actor. Client ids are compared with client ids only. A bare id is from the one configured issuer; with
   * several issuers, pass `{ iss, client_id }`. This does not prove an exchange: a token that the client
   * obtained for itself, or by signing a user in, passes too. Otherwise 403.
   */
  readonly requireClient: (...clients: readonly ClientRule[]) => Handler
  /**
   * The claim is there and, if `expected` is given, equals it or one of its values, or pleases it. Of
   * a claim that is a list, one entry is enough. Otherwise 403.
   */
  readonly requireClaim: (name: string, expected?: ClaimRule) => Handler
  /** The function must return, or resolve to, `true`; what it throws is the host's 500. Otherwise 403. */
  readonly requirePolicy: (policy: (token: TokenView<C>) => boolean | Promise<boolean>) => Handler
  /**
   * How, or how long ago, the user signed in. Otherwise 401 (RFC 9470 section 3). A token exchange may lower
   * `acr`, and then signing in again does not help: check it where the user's own token arrives.
   */
  readonly requireStepUp: (wanted: StepUp) => Handler
}

/** Asks for nothing but the configured audience. For hosts where a route may name no guard. */
export const authenticateOnly: Guard = Object.freeze<Guard>({
  name: 'authenticate',
  admitsAnonymous: true,
  check: () => undefined,
})

type Check = Guard['check']

/** The guards of one policy, each wrapped as the host wants it. */
export function createGuards<Handler, C extends object>(
  policy: Policy,
  wrap: (guard: Guard) => Handler,
): Guards<Handler, C> {
  const guard = (name: string, check: Check, more: Partial<Guard> = {}): Handler =>
    wrap({ name, admitsAnonymous: false, check, ...more })
  const delegation = (name: string, wanted: DelegationMode): Handler =>
    guard(name, ({ actor }) => checkDelegation(actor, wanted), { delegation: wanted })
  return {
    requireAudience: atMost(1, (audience) => wrap(audienceGuard(audienceRule(audience)))),
    requireAuthentication: atMost(0, () => guard('requireAuthentication', () => undefined)),
    requireScope: (...scopes) =>
      guard(named('requireScope', scopes), allScopesCheck(scopes), {
        scopes,
        scopeNeed: { all: scopes },
      }),
    requireAnyScope: (...scopes) =>
      guard(named('requireAnyScope', scopes), anyScopeCheck(scopes), {
        scopes,
        scopeNeed: { any: scopes },
      }),
    requireRole: (...roles) =>
      guard(named('requireRole', roles), privilegeCheck('roles', roles, policy)),
    requirePermission: (...permissions) =>
      guard(
        named('requirePermission', permissions),
        privilegeCheck('permissions', permissions, policy),
      ),
    requireActor: (...actors) => guard('requireActor', actorCheck(actors, policy)),
    requireDirect: atMost(0, () => delegation('requireDirect', 'direct')),
    requireDelegated: atMost(0, () => delegation('requireDelegated', 'delegated')),
    requireClient: (...clients) =>
      guard(named('requireClient', clients.map(nameOf)), clientCheck(clients, policy)),
    requireClaim: atMost(2, (name, ...expected) =>
      guard(named('requireClaim', [name]), claimCheck(name, expected)),
    ),
    requirePolicy: atMost(1, (decide) => guard('requirePolicy', policyCheck(callable(decide)))),
    requireStepUp: atMost(1, (wanted) => guard('requireStepUp', stepUpCheck(wanted, policy))),
  }
}

/** What is one too many would be ignored, and with it something that somebody asked for. */
function atMost<Given extends unknown[], Handler>(
  count: number,
  factory: (...given: Given) => Handler,
): (...given: Given) => Handler {
  return (...given) => {
    if (given.length <= count) return factory(...given)
    throw new ConfigError(
      `A guard got ${given.length} arguments and takes ${count}.`,
      'Write it with its parentheses, app.use(requireAuthentication()), and several values as a list.',
    )
  }
}

function named(factory: string, values: readonly unknown[]): string {
  return `${factory}(${values.map(String).join(', ')})`
}

function nameOf(client: ClientRule): string {
  return typeof client === 'object' ? client?.client_id : client
}

function audienceGuard(audience: AudienceRule): Guard {
  return {
    name: named('requireAudience', audience.names),
    audience,
    admitsAnonymous: true,
    check: (token) => checkAudience(token.audience, audience, profileOf(token)),
  }
}

function callable<F>(value: F): F {
  if (typeof value === 'function') return value
  throw new ConfigError('requirePolicy got no function.', 'Write requirePolicy((token) => …).')
}

function policyCheck<C extends object>(
  decide: (token: TokenView<C>) => boolean | Promise<boolean>,
): Check {
  return async (token) => {
    const answer: unknown = await decide(viewOf(token) as TokenView<C>)
    if (answer === true) return undefined
    return refuse(
      'policy_denied',
      `the policy function returned ${typeof answer === 'boolean' ? answer : 'no boolean'}`,
    )
  }
}
