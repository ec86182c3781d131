import { type Refusal, refuse } from '../errors/refusal.ts'
import type { Guard } from '../guards/guards.ts'
import { metBy } from '../guards/scope.ts'
import type { AccessToken } from '../token/access-token.ts'
import type { RequestState } from './request-state.ts'

// Which scopes a challenge tells the client to request.

/**
 * A challenge lists the scopes of all guards on the route that have run: a client that requested only the
 * last guard's scopes would be refused by the first guard with its next token.
 */
export function withAllScopes(
  refusal: Refusal,
  { decisions }: RequestState,
  token: AccessToken,
): Refusal {
  const { code, reason, detail } = refusal
  if (!detail.scope) return refusal
  const earlier = decisions.flatMap(({ guard }) =>
    guard.scopeNeed ? metBy(guard.scopeNeed, token) : [],
  )
  return refuse(code, reason, { ...detail, scope: [...new Set([...earlier, ...detail.scope])] })
}

/** Tells a client without a valid token which scopes to request, if the guard knows them. */
export function withChallengeScope(refusal: Refusal, { challengeScope: scope }: Guard): Refusal {
  const { category, code, reason, detail } = refusal
  if (!scope || category !== 'refused') return refusal
  return refuse(code, reason, { ...detail, scope })
}
