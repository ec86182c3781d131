// Design: policy sees the current actor only. RFC 8693 section 4.1.
import type { AccessToken, Actor, Guards, PriorActor, TokenView } from '@resource-server/core'

declare const guards: Guards<unknown, { tenant: string }>
declare const token: AccessToken
declare function isSupport(actor: Actor): boolean

guards.requireAudience('order-service')
guards.requireAudience(['order-service', 'orders'])
guards.requireAudience({ only: 'order-service' })
// @ts-expect-error the audience is never optional
guards.requireAudience()
// @ts-expect-error compared exactly: no patterns
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
// @ts-expect-error prior actors are for audit, no policy gets to see them
guards.requirePolicy(({ priorActors }) => priorActors.length === 0)
// @ts-expect-error a prior actor has no place in a guard
guards.requireActor(token.priorActors[0])
// @ts-expect-error nor have all of them
guards.requireActor(...token.priorActors)
// @ts-expect-error a policy answers yes or no
guards.requirePolicy(() => 'yes')

// @ts-expect-error nobody may write to a token
token.subject = 'user-43'
// @ts-expect-error nor to a list in it
token.scopes.push('orders:write')

const view: TokenView = token
// @ts-expect-error what a policy is given holds no prior actors
view.priorActors
// @ts-expect-error and not the token to send on
view.raw

guards.requireActor({ iss: 'https://as.example.com', sub: 'order-service' })
guards.requireActor({ iss: 'https://as.example.com', client_id: 'order-service' })
// @ts-expect-error an issuer alone names nobody
guards.requireActor({ iss: 'https://as.example.com' })
// @ts-expect-error nor does a subject whose issuer is not known
guards.requireActor({ sub: 'order-service' })
guards.requireActor((actor) => actor.claims['role'] === 'support')
// @ts-expect-error a prior actor is no Actor, so what judges actors takes none
isSupport(token.priorActors[0]!)
// @ts-expect-error and a function that looks at prior actors is no rule
guards.requireActor((prior: PriorActor) => prior.subject === 'support')
// @ts-expect-error what an actor says of itself has no chain in it that is typed
const inner: { sub: string } = token.actor?.claims['act']

guards.requireClient('user-service', { iss: 'https://as.example.com', client_id: 'web-shop' })
// @ts-expect-error an actor is no evidence of exchange by itself: clients are compared
guards.requireClient({ iss: 'https://as.example.com', sub: 'user-service' })
// @ts-expect-error nor is a prior one
guards.requireClient(token.priorActors[0])
