import type { Reflector } from '@nestjs/core'
import { ConfigError } from '@resource-server/core'
import { type HandlerClass, isPublicClass, requirementsOf } from './requirements.ts'

/** How Nest marks handlers of other transports: on a class, on a method, or both. */
const others: Readonly<Record<string, string>> = {
  'graphql:resolver_type': 'GraphQL resolver',
  'websockets:is_gateway': 'WebSocket gateway',
  'microservices:handler_type': 'handler of a microservice',
}

/**
 * Handlers that do not get an HTTP request cannot be checked, so they must be `@Public()`, and something else must
 * protect them.
 *
 * @throws ConfigError at startup, so that an app does not run with a resolver that seems to be protected
 */
export function refuseOtherContexts(owner: HandlerClass, reflector: Reflector): void {
  for (const handler of [undefined, ...methodsOf(owner)]) {
    const kind = Object.keys(others).find((key) => hasMark(reflector, key, handler ?? owner))
    if (kind === undefined) continue
    const isOpen =
      handler === undefined ? isPublicClass(owner) : requirementsOf(owner, handler) === 'public'
    if (!isOpen) throw unsupported(owner.name, others[kind]!)
  }
}

function methodsOf({ prototype }: HandlerClass): readonly object[] {
  return Object.getOwnPropertyNames(prototype)
    .filter((name) => name !== 'constructor')
    .map((name) => Object.getOwnPropertyDescriptor(prototype, name)?.value as unknown)
    .filter((value): value is object => typeof value === 'function')
}

function hasMark(reflector: Reflector, key: string, target: object): boolean {
  return reflector.get<unknown>(key, target as () => void) !== undefined
}

export function unsupported(name: string, kind: string): ConfigError {
  return new ConfigError(
    `${name} is a ${kind}, and the guard protects HTTP routes only.`,
    'Put @Public() on the class, and protect it where its requests arrive: see the README.',
  )
}
