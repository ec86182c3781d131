import { createGuards, type Guard, type Guards } from '../guards/guards.ts'
import { GuardsMade } from './guards-made.ts'
import { createJudge } from '../verify/pipeline.ts'
import type { Operations } from '../verify/operations.ts'
import type { ResourceServerOptions } from '../options/options.ts'
import { describeOpenApi, type OpenApi } from './openapi.ts'
import { createPolicy, optionNames } from '../config/policy.ts'
import type { HttpRequest } from './request.ts'
import { RequestGate } from './request-gate.ts'
import { type PublishedMetadata, publishMetadata } from './resource-metadata.ts'
import type { AccessToken } from '../token/access-token.ts'
import type { GuardResult } from './request-state.ts'

export type { GuardResult } from './request-state.ts'

/** What an adapter needs; it passes the host's raw request as `key` each time. */
export interface Gate<C extends object = object> {
  /**
   * A promise only where there is something to wait for. Never throws; it rejects with an `Error` for
   * the host's 500, never with a value that a host takes for none. With a `ConfigError` where no
   * audience is known.
   */
  pass(key: object, request: HttpRequest, guard: Guard): GuardResult | Promise<GuardResult>
  guards<Handler>(wrap: (guard: Guard) => Handler): Guards<Handler, C>
  /** @throws ConfigError unless all guards so far let the request through */
  token(key: object): AccessToken<C> | undefined
  /** Whether a guard of this gate was asked about the request. */
  has(key: object): boolean
  /** Whether anybody listens for records. Where nobody does, a host need not call `recordDecision`. */
  hasListeners(): boolean
  /**
   * Called once the host has answered, and may be called again: a granted request is recorded then.
   */
  recordDecision(key: object): void
  /**
   * The metadata of this resource server: RFC 9728. It names the scopes of all guards made by then.
   *
   * @throws ConfigError where no `resource` is configured
   */
  metadata(): PublishedMetadata
  /** What an OpenAPI document needs to know of handlers that `guards` made. */
  openapi<Handler>(): OpenApi<Handler>
  /** Where a host cannot tell when it has answered: what was granted is recorded once more. */
  resetRecord(key: object): void
  readonly operations: Operations
}

/** @throws ConfigError for options that cannot be right */
export function createGate<C extends object = object>(options: ResourceServerOptions): Gate<C> {
  const judge = createJudge(createPolicy(options, optionNames.host))
  const gate = new RequestGate(judge)
  const made = new GuardsMade()
  return {
    pass: (key, request, guard) => gate.pass(key, request, guard),
    guards: (wrap) =>
      createGuards<ReturnType<typeof wrap>, C>(gate.policy, (guard) =>
        made.add(wrap(guard), guard),
      ),
    metadata: () => publishMetadata(gate.policy, made.scopes),
    openapi: () => describeOpenApi(gate.policy, (handler) => made.guardOf(handler)),
    token: (key) => gate.token(key) as AccessToken<C> | undefined,
    has: (key) => gate.has(key),
    hasListeners: () => gate.hasListeners(),
    recordDecision: (key) => gate.recordDecision(key),
    resetRecord: (key) => gate.resetRecord(key),
    operations: judge.operations,
  }
}
