import { buildRecord } from '../audit/build-record.ts'
import { createReporter, type Reporter, type Timing } from '../audit/reporter.ts'
import { createPolicy, type Policy } from '../config/policy.ts'
import { ConfigError, Refusal, refuse } from '../errors/refusal.ts'
import { createGuards, type Guard, type Guards } from '../guards/guards.ts'
import { namesOf } from '../guards/scope.ts'
import { andThen, type MaybePromise } from '../lib/maybe-promise.ts'
import { isObject } from '../lib/private-slot.ts'
import { warnUnlessOff } from '../lib/warning-limiter.ts'
import type { ResourceServerOptions } from '../options/options.ts'
import type { AccessToken } from '../token/access-token.ts'
import type { Operations } from '../verify/operations.ts'
import { Pipeline } from '../verify/pipeline.ts'
import { withSetupHint } from '../verify/setup-hints.ts'
import {
  type Credential,
  isPreflight,
  missingCredential,
  readCredential,
  readCredentialFrom,
  usesOtherScheme,
} from './credential.ts'
import { nonceHeaders, type Reply, RequestRefusedError } from './challenge.ts'
import { describeOpenApi, type OpenApi } from './openapi.ts'
import { withAllScopes, withChallengeScope } from './challenge-scope.ts'
import {
  describeHandler,
  describeServer,
  type HandlerDescription,
  type ServerDescription,
} from './handler-description.ts'
import { replyWriter } from './reply-writer.ts'
import { noToken } from './no-token.ts'
import { type HttpRequest, pathOf } from './request.ts'
import { RequestPresentation } from './request-presentation.ts'
import { hasState, openState, RequestState, stateAt } from './request-state.ts'
import { type PublishedMetadata, publishMetadata } from './resource-metadata.ts'
import { refuseHostCall } from './wrong-host.ts'

/** What a host does after a guard: continue, send a reply, or raise an error. */
export type GuardResult =
  /** `headers` are for the handler's response. */
  | { readonly action: 'proceed'; readonly headers?: Readonly<Record<string, string>> }
  | { readonly action: 'reply'; readonly reply: Reply }
  | { readonly action: 'throw'; readonly error: RequestRefusedError }

/** What a host can tell about its requests. */
export interface HostTraits {
  /**
   * Whether its requests have a `connection`. Default true. Options that need one are refused if it is false,
   * because no request could satisfy them.
   */
  readonly exposesConnection?: boolean
}

/** @throws ConfigError for invalid options, and for options that the host does not support */
export function createGate<C extends object = object>(
  options: ResourceServerOptions,
  traits: HostTraits = {},
): Gate<C> {
  const gate = new Gate<C>(createPolicy(options, 'resource server'))
  gate.checkHost(traits)
  return gate
}

function requireNoConnection({ mtls }: Policy): void {
  if (!mtls || mtls.from === 'gateway') return
  throw new ConfigError(
    `'mtls' has from: '${mtls.from}', but Fetch API requests do not expose their connection.`,
    "Use an adapter for a Node framework, or mtls: { checkedBy: 'gateway' } if a gateway compares the certificate.",
  )
}

const proceed: GuardResult = Object.freeze({ action: 'proceed' })

/**
 * Everything an adapter needs for one resource server: runs guards on requests and remembers their results.
 * `key` is always the host's raw request.
 */
export class Gate<C extends object = object> {
  readonly operations: Operations
  readonly #policy: Policy
  readonly #pipeline: Pipeline
  readonly #reporter: Reporter
  readonly #reply: ReturnType<typeof replyWriter>
  /** The guard of each handler that the host created. */
  readonly #guards = new WeakMap<object, Guard>()
  readonly #scopes = new Set<string>()
  readonly #description: ServerDescription
  #hasGuards = false

  constructor(policy: Policy) {
    this.#policy = policy
    this.#description = describeServer(policy)
    this.#pipeline = new Pipeline(policy)
    this.#reporter = createReporter(policy)
    this.#reply = replyWriter(policy)
    this.operations = this.#pipeline.operations
  }

  /**
   * For packages whose host is known only after the gate exists. `createGate` calls it with its own traits.
   *
   * @throws ConfigError for options that the host does not support
   */
  checkHost({ exposesConnection = true }: HostTraits): void {
    if (!exposesConnection) requireNoConnection(this.#policy)
  }

  /**
   * Runs a guard on a request. Returns a promise only if there is something to wait for. Never throws; it
   * rejects with an `Error` for the host's 500, for example with a `ConfigError` if no audience is known.
   */
  pass(key: object, request: HttpRequest, guard: Guard): MaybePromise<GuardResult> {
    return this.passOpened(this.open(key, request), request, guard)
  }

  /** Like `pass`, for hosts that do more for the first guard of a request: they open the request themselves. */
  passOpened(state: RequestState, request: HttpRequest, guard: Guard): MaybePromise<GuardResult> {
    if (this.#isFreePreflight(request) && !state.isRefused) {
      state.outcome = 'preflight'
      return proceed
    }
    try {
      // Guards take turns, even if the host does not wait for them: otherwise a request could continue
      // before an earlier guard has refused it. `running` is the earlier guard, if there is one.
      const result = state.running
        ? state.running.then(() => this.#run(state, guard))
        : this.#run(state, guard)
      return result instanceof Promise ? state.waitFor(result) : result
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The guard factories. `wrap` turns a guard into the host's kind of handler. */
  guards<Handler>(wrap: (guard: Guard) => Handler): Guards<Handler, C> {
    return createGuards<Handler, C>(this.#policy, (guard) => {
      const handler = describeHandler(wrap(guard), this.#describe(guard))
      this.#hasGuards = true
      if (isObject(handler)) this.#guards.set(handler, guard)
      for (const scope of guard.scopeNeed ? namesOf(guard.scopeNeed) : []) this.#scopes.add(scope)
      return handler
    })
  }

  /**
   * For hosts that know when an app is complete: warns if no guard was created, because then no route is
   * protected.
   *
   * @param fix what the operator can do, as one or more sentences
   */
  warnIfUnused(fix: string): void {
    if (this.#hasGuards) return
    const problem = 'A resource server has no guards, so it does not protect any route.'
    warnUnlessOff(this.#policy, `${problem} ${fix}`)
  }

  /**
   * Prints an error from a guard or a handler, at most ten per minute, unless the option `log` is `off`. For
   * hosts without error handling of their own: they send a response without details.
   */
  warnOfError(error: unknown): void {
    const { stack } =
      error instanceof Error ? error : new Error('The thrown value is not an Error.')
    warnUnlessOff(this.#policy, `A request failed: ${stack}`)
  }

  /** What this gate knows about a request. New if no guard of this gate has run on it. */
  open(key: object, request: HttpRequest): RequestState {
    return openState(this, key, () => new RequestState(this, request, this.#reporter.context()))
  }

  /** @throws ConfigError unless all guards so far let the request through */
  token(key: object): AccessToken<C> | undefined {
    return this.#granted(stateAt(this, key), key)
  }

  /**
   * Like `token`, for a getter on an object of the host.
   *
   * @param attachedTo the request itself, or an object that belongs to it
   * @param requestOf returns the request that an object belongs to
   */
  tokenOf(attachedTo: object, requestOf: (object: object) => object): AccessToken<C> | undefined {
    const state = stateAt(this, attachedTo)
    return state ? this.#granted(state, attachedTo) : this.token(requestOf(attachedTo))
  }

  #granted(state: RequestState | undefined, key: object): AccessToken<C> | undefined {
    const token = state?.verification
    if (state?.outcome === 'granted' && !state.running && !(token instanceof Refusal)) {
      return token as AccessToken<C> | undefined
    }
    throw noToken(state, hasState(key))
  }

  /** Whether a guard of this gate has run on the request. */
  has(key: object): boolean {
    return stateAt(this, key) !== undefined
  }

  /** Whether anything listens for records. If not, a host need not call `recordDecision`. */
  hasListeners(): boolean {
    return this.#reporter.hasListeners()
  }

  /** Call it once the response is sent: a granted request is recorded then. Further calls do nothing. */
  recordDecision(key: object): void {
    const state = stateAt(this, key)
    // While a guard is running, the outcome is unknown: the adapter calls again afterwards.
    if (state && !state.running) this.#record(state, this.#reporter.report)
  }

  /** For hosts that cannot tell when a response is complete: allows one more record of a grant. */
  resetRecord(key: object): void {
    const state = stateAt(this, key)
    if (state && !state.isRefused) state.recorded = false
  }

  /**
   * The metadata of this resource server (RFC 9728). It lists the scopes of all guards created so far.
   *
   * @param given the arguments that the adapter's own function got. That function has no parameters, so a request as an
   * argument shows that a host called the function itself, and not the handler that it returns.
   * @throws ConfigError if no `resource` is configured, or if a host called the function itself
   */
  metadata(...given: readonly unknown[]): PublishedMetadata {
    refuseHostCall('metadata', given)
    const description = {
      kind: 'metadata',
      name: 'metadata()',
      admitsAnonymous: true,
      setsAudience: false,
      server: this.#description,
    } as const
    return {
      ...publishMetadata(this.#policy, this.#scopes),
      describe: (handler) => describeHandler(handler, description),
    }
  }

  /** The security scheme and the scopes of handlers that `guards` created, for an OpenAPI document. */
  openapi<Handler>(): OpenApi<Handler> {
    return describeOpenApi<Handler>(this.#policy, (handler) =>
      isObject(handler) ? this.#guards.get(handler) : undefined,
    )
  }

  #describe(guard: Guard): HandlerDescription {
    return {
      kind: 'guard',
      name: guard.name,
      admitsAnonymous: guard.admitsAnonymous && this.#policy.optional,
      setsAudience: guard.audience !== undefined,
      server: this.#description,
    }
  }

  /** Synchronous if the token is cached and the guard is synchronous. A refusal is final: later guards don't run. */
  #run(state: RequestState, guard: Guard): MaybePromise<GuardResult> {
    if (state.outcome instanceof Refusal) return this.#refuse(state, state.outcome)
    const stop = this.#reporter.stopwatch()
    try {
      const refusal = andThen(this.#authenticate(state, guard), (token) =>
        this.#check(state, guard, token),
      )
      if (refusal instanceof Promise) return this.#concludeLater(state, guard, refusal, stop)
      return this.#conclude(state, guard, refusal, stop())
    } catch (error) {
      throw this.#failed(state, guard, error, stop())
    }
  }

  async #concludeLater(
    state: RequestState,
    guard: Guard,
    refusal: Promise<Refusal | undefined>,
    stop: () => Timing | undefined,
  ): Promise<GuardResult> {
    try {
      return this.#conclude(state, guard, await refusal, stop())
    } catch (error) {
      throw this.#failed(state, guard, error, stop())
    }
  }

  /**
   * The first guard verifies the token. A guard is also the requirements of that verification: its audience and
   * delegation mode replace the configured ones.
   */
  #authenticate(
    state: RequestState,
    guard: Guard,
  ): MaybePromise<AccessToken | undefined | Refusal> {
    if (state.credential === 'unread') state.credential = this.#readCredential(state.request)
    const { credential } = state
    if (credential instanceof Refusal) return this.#isIgnored(state) ? undefined : credential
    if (!credential) return this.#policy.optional ? undefined : this.#missingToken(state)
    if (state.verification) return state.verification
    const stop = this.#reporter.stopwatch()
    const presentation = new RequestPresentation(state.request, credential.scheme)
    return andThen(
      this.#pipeline.verify(credential.token, guard, presentation, state.trace),
      (result) => {
        state.verification = result
        state.verificationMs = stop()?.took
        return result
      },
    )
  }

  #readCredential(request: HttpRequest): ReturnType<typeof readCredential> {
    const { credential: rule, dpop } = this.#policy
    const acceptsDpop = dpop !== undefined
    if (!rule) return readCredential(request, acceptsDpop)
    return readCredentialFrom(rule, request, acceptsDpop)
  }

  /** Whether the request is a preflight that passes without a token. */
  #isFreePreflight(request: HttpRequest): boolean {
    const { allowPreflight, credential } = this.#policy
    return allowPreflight && isPreflight(request, credential)
  }

  /** The refusal of an anonymous request: there is no credential, or one that is ignored. */
  #missingToken({ credential, request }: RequestState): Refusal {
    if (credential instanceof Refusal) return credential
    return missingCredential(request, this.#policy.credential)
  }

  /** Whether the credential is for other code. The request is anonymous here. */
  #isIgnored({ request }: RequestState): boolean {
    return this.#policy.ignoreOtherSchemes && usesOtherScheme(request)
  }

  #check(
    state: RequestState,
    guard: Guard,
    token: AccessToken | undefined | Refusal,
  ): MaybePromise<Refusal | undefined> {
    if (token instanceof Refusal) return withChallengeScope(token, guard)
    if (!token) {
      return guard.admitsAnonymous
        ? undefined
        : withChallengeScope(this.#missingToken(state), guard)
    }
    return andThen(
      guard.check(token),
      (refusal) => refusal && this.#explained(withAllScopes(refusal, state, token), token),
    )
  }

  /** The header of a token from the cache is not at hand, and no hint about a guard needs it. */
  #explained(refusal: Refusal, { claims }: AccessToken): Refusal {
    return withSetupHint(refusal, { parsed: { claims } }, this.#policy)
  }

  #conclude(
    state: RequestState,
    guard: Guard,
    refusal: Refusal | undefined,
    timing: Timing | undefined,
  ): GuardResult {
    state.decisions.push({ guard, passed: !refusal, timing })
    state.outcome = refusal ?? 'granted'
    if (refusal) return this.#refuse(state, refusal)
    // Once per request: the first guard verifies the token.
    const nonce = state.decisions.length === 1 ? state.trace.binding?.nonce : undefined
    if (nonce === undefined) return proceed
    return { action: 'proceed', headers: nonceHeaders(nonce, state.request.responseHeader) }
  }

  #refuse(state: RequestState, refusal: Refusal): GuardResult {
    // Later, so that a listener cannot delay the response.
    this.#record(state, this.#reporter.reportLater)
    const { credential, trace, request } = state
    const scheme = isCredential(credential) ? credential.scheme : undefined
    const { responseHeader } = request
    const nonce = trace.binding?.nonce
    const reply = this.#reply(refusal, { scheme, nonce, responseHeader })
    if (this.#policy.onRefusal === 'reply') return { action: 'reply', reply }
    return { action: 'throw', error: new RequestRefusedError(refusal, reply) }
  }

  /** An exception in a guard is the host's 500; the request is refused from then on. */
  #failed(state: RequestState, guard: Guard, error: unknown, timing: Timing | undefined): Error {
    const refusal = refuse('verification_failed', `the guard ${guard.name} threw`)
    state.decisions.push({ guard, passed: false, timing })
    state.outcome = refusal
    this.#record(state, this.#reporter.reportLater)
    return asError(error, guard)
  }

  /** One record per request: of the refusal, or of the grant once the response is sent. */
  #record(state: RequestState, report: Reporter['report']): void {
    const { outcome } = state
    if (state.recorded || outcome === 'pending' || outcome === 'preflight') return
    state.recorded = true
    state.inContext(() => report(() => recordOf(state, outcome, this.#policy)))
  }
}

function isCredential(credential: RequestState['credential']): credential is Credential {
  return typeof credential === 'object' && !(credential instanceof Refusal)
}

function recordOf(
  state: RequestState,
  outcome: 'granted' | Refusal,
  policy: Policy,
): ReturnType<typeof buildRecord> {
  const { decisions, request, trace, verificationMs } = state
  const route = request.route?.()
  return buildRecord(
    {
      refusal: outcome === 'granted' ? undefined : outcome,
      guards: decisions,
      request: {
        method: request.method,
        path: pathOf(request),
        ...(route !== undefined && { route }),
      },
      trace,
      timings: decisions.map(({ timing }) => timing).filter((timing) => timing !== undefined),
      verificationMs,
    },
    policy,
  )
}

/** Express treats `next(undefined)` as success and `next('route')` as an instruction. */
function asError(thrown: unknown, { name }: Guard): Error {
  if (thrown instanceof Error) return thrown
  return new Error(`The guard ${name} threw a value that is not an Error.`, { cause: thrown })
}
