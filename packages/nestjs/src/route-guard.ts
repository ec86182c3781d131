import type { CanActivate, ExecutionContext } from '@nestjs/common'
import type { Guards } from '@resource-server/core'
import { type Gate, type Guard, nodeGuard } from '@resource-server/core/adapter'
import { unsupported } from './contexts.ts'
import { exchangeOf, rawRequest, setHeaders } from './platform.ts'
import { RefusedException, RepliedException } from './refused.ts'
import { guardsFor, type HandlerClass, requirementsOf } from './requirements.ts'
import { rememberToken } from './tokens.ts'

/** The guards of a handler. */
export type GuardsOf = (owner: HandlerClass, handler: object) => readonly Guard[] | 'public'

/** Creates the guards of each handler once, so that invalid arguments are found at startup. */
export function rememberedGuards(guards: Guards<Guard>): GuardsOf {
  const known = new WeakMap<object, Map<object, readonly Guard[] | 'public'>>()
  return (owner, handler) => {
    const ofOwner = known.get(owner) ?? new Map<object, readonly Guard[] | 'public'>()
    known.set(owner, ofOwner)
    const requirements = requirementsOf(owner, handler)
    const found =
      ofOwner.get(handler) ??
      (requirements === 'public' ? requirements : guardsFor(requirements, guards))
    ofOwner.set(handler, found)
    return found
  }
}

/** The global guard: every route requires a token, unless it is `@Public()`. */
export function routeGuard(gate: Gate, guardsOf: GuardsOf): CanActivate {
  const pass = nodeGuard(gate)
  return {
    async canActivate(context: ExecutionContext) {
      const owner: HandlerClass = context.getClass<object>()
      const guards = guardsOf(owner, context.getHandler())
      if (guards === 'public') return true
      if (context.getType() !== 'http') {
        throw unsupported(owner.name, `${context.getType()} handler`)
      }
      const http = context.switchToHttp()
      const request = http.getRequest<Parameters<typeof exchangeOf>[0]>()
      const response = http.getResponse<Parameters<typeof exchangeOf>[1]>()
      const exchange = exchangeOf(request, response)
      for (const guard of guards) {
        // oxlint-disable-next-line no-await-in-loop -- in order: the first guard authenticates
        const result = await pass(guard, exchange)
        if (result.action === 'proceed') continue
        const reply = result.action === 'reply' ? result.reply : result.error
        setHeaders(reply, response)
        throw result.action === 'reply'
          ? new RepliedException(reply)
          : new RefusedException(reply, result.error)
      }
      const raw = rawRequest(request)
      rememberToken(request, () => gate.token(raw))
      return true
    },
  }
}
