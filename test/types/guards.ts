// Policy considers only the current actor: RFC 8693 section 4.1.
import type { AccessToken, Actor, Guards, PriorActor, TokenView } from '@resource-server/core'

declare const guards: Guards<unknown, { tenant: string }>
declare const token: AccessToken
declare function isSupport(actor: Actor): boolean

guards.requireAudience('order-service')
guards.requireAudience(['order-service', 'orders'])
guards.requireAudience({ only: 'order-service' })
// @ts-expect-error the audience is required
guards.requireAudience()
// @ts-expect-error audiences are compared exactly, so patterns are not supported
guards.requireAudience(/order-.*/)

guards.requireScope('orders:read', 'orders:write')
// A list whose length is unknown to the compiler. An empty one is a ConfigError when the guard is created.
declare const names: string[]
guards.requireScope(...names)
guards.requireAnyScope(...names)
guards.requireRole(...names)
guards.requirePermission(...names)
guards.requireActor(...names)
guards.requireClient(...names)

guards.requirePolicy(({ actor, claims }) => actor?.subject === claims.tenant)
// @ts-expect-error prior actors are for audit only: policy functions do not see them
guards.requirePolicy(({ priorActors }) => priorActors.length === 0)
// @ts-expect-error no guard accepts a prior actor
guards.requireActor(token.priorActors[0])
// @ts-expect-error the same for all of them
guards.requireActor(...token.priorActors)
// @ts-expect-error a policy function returns a boolean
guards.requirePolicy(() => 'yes')

// @ts-expect-error the token is read-only
token.subject = 'user-43'
// @ts-expect-error the lists in the token are read-only
token.scopes.push('orders:write')

const view: TokenView = token
// @ts-expect-error the view for policy functions has no prior actors
view.priorActors
// @ts-expect-error the view for policy functions has no raw token
view.raw

guards.requireActor({ iss: 'https://as.example.com', sub: 'order-service' })
guards.requireActor({ iss: 'https://as.example.com', client_id: 'order-service' })
// @ts-expect-error an issuer alone does not identify an actor
guards.requireActor({ iss: 'https://as.example.com' })
// @ts-expect-error a subject requires its issuer
guards.requireActor({ sub: 'order-service' })
guards.requireActor((actor) => actor.claims['role'] === 'support')
// @ts-expect-error a prior actor is not an Actor
isSupport(token.priorActors[0]!)
// @ts-expect-error the predicate of requireActor gets the current actor
guards.requireActor((prior: PriorActor) => prior.subject === 'support')
// @ts-expect-error the claims of an actor have no typed act
const inner: { sub: string } = token.actor?.claims['act']

guards.requireClient('user-service', { iss: 'https://as.example.com', client_id: 'web-shop' })
// @ts-expect-error requireClient compares client IDs, not subjects
guards.requireClient({ iss: 'https://as.example.com', sub: 'user-service' })
// @ts-expect-error a prior actor is not a client
guards.requireClient(token.priorActors[0])
