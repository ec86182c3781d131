import { createReporter, type Reporter } from '../audit/reporter.ts'
import { privateSlot } from '../lib/private-slot.ts'
import { readCredential } from './bearer-token.ts'
import { checkDelegation } from '../token/delegation.ts'
import type { Guard } from '../guards/guards.ts'
import type { Judge, Judgement } from '../verify/pipeline.ts'
import { ConfigError, Refusal, refuse } from '../errors/refusal.ts'
import { type HttpRequest, isPreflight } from './request.ts'
import { RequestRefusedError, replyTo } from './challenge.ts'
import { metBy } from '../guards/scope.ts'
import { type MaybePromise, andThen } from '../lib/maybe-promise.ts'
import type { AccessToken } from '../token/access-token.ts'
import { inTurn } from './turns.ts'
import { bodyOf, type Decided, note, type GuardResult, Visit } from './request-state.ts'

const noCredential = refuse('credential_missing', 'the request has no Authorization header')

/** What guards come to, request by request. */
export class RequestGate {
  readonly #judge: Judge
  readonly #reporter: Reporter
  readonly #visits = privateSlot<Visit>()

  constructor(judge: Judge) {
    this.#judge = judge
    this.#reporter = createReporter(judge.policy)
  }

  get policy(): Judge['policy'] {
    return this.#judge.policy
  }

  pass(key: object, request: HttpRequest, guard: Guard): MaybePromise<GuardResult> {
    const visit = this.#visit(key, request)
    const refused = visit.state instanceof Refusal
    if (this.policy.allowPreflight && isPreflight(request) && !refused) {
      visit.state = 'preflight'
      return proceed
    }
    try {
      const refusal = inTurn(visit, () => this.#run(visit, guard))
      return andThen(refusal, (settled) => (settled ? this.#refused(visit, settled) : proceed))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  token(key: object): AccessToken | undefined {
    const visit = this.#visits.get(key)
    const decided = visit?.undecided === 0 ? visit.state : undefined
    if (typeof decided === 'object' && !(decided instanceof Refusal)) return decided.token
    throw new ConfigError(
      `${whyNoToken(visit)} this request.`,
      "Put requireAudience('…') before this handler.",
    )
  }

  has(key: object): boolean {
    return this.#visits.get(key) !== undefined
  }

  hasListeners(): boolean {
    return this.#reporter.hasListeners()
  }

  recordDecision(key: object): void {
    const visit = this.#visits.get(key)
    // While a guard is at work, it is not known how this ends: the adapter calls again afterwards.
    if (visit?.undecided === 0) this.#record(visit, this.#reporter.report)
  }

  resetRecord(key: object): void {
    const visit = this.#visits.get(key)
    if (visit && !(visit.state instanceof Refusal)) visit.recorded = false
  }

  #visit(key: object, request: HttpRequest): Visit {
    const known = this.#visits.get(key)
    if (known) return known
    const visit = new Visit(request, this.#reporter.context())
    this.#visits.set(key, visit)
    return visit
  }

  /** A refusal sticks: no later guard takes it back. */
  #run(visit: Visit, guard: Guard): MaybePromise<Refusal | undefined> {
    if (visit.state instanceof Refusal) return visit.state
    const lap = this.#reporter.stopwatch()
    const broke = (error: unknown): never => {
      const refusal = refuse('verification_failed', `the guard ${guard.name} threw`)
      note(visit, guard, refusal, lap())
      this.#record(visit, this.#reporter.reportLater)
      throw asError(error, guard)
    }
    try {
      const decided = this.#check(visit, guard)
      if (!(decided instanceof Promise)) return note(visit, guard, decided, lap())
      return decided.then((settled) => note(visit, guard, settled, lap()), broke)
    } catch (error) {
      return broke(error)
    }
  }

  /** The first guard authenticates; every guard, the first included, then checks. */
  #check(visit: Visit, guard: Guard): MaybePromise<Decided> {
    return andThen(this.#authenticate(visit, guard), (token): MaybePromise<Decided> => {
      if (token instanceof Refusal) return token
      if (!token) return guard.admitsAnonymous ? { token } : noCredential
      return andThen(guard.check(token), (refusal) => {
        return refusal ? withScopes(refusal, visit, token) : { token }
      })
    })
  }

  #authenticate(visit: Visit, guard: Guard): MaybePromise<AccessToken | undefined | Refusal> {
    if (visit.credential === 'unread') visit.credential = readCredential(visit.request)
    const { credential } = visit
    if (credential instanceof Refusal) return credential
    if (!credential) return this.policy.optional ? undefined : noCredential
    if (visit.judgement) return visit.judgement.result
    const lap = this.#reporter.stopwatch()
    return andThen(this.#judge.judge(credential.token, guard.audience), (judgement) => {
      visit.judgement = judgement
      visit.verificationMs = lap()?.took
      return this.#delegated(judgement, guard)
    })
  }

  /** Once a request: what the first guard says of delegation stands in for what is configured. */
  #delegated({ result }: Judgement, guard: Guard): AccessToken | Refusal {
    if (result instanceof Refusal) return result
    return checkDelegation(result.actor, guard.delegation ?? this.policy.delegation) ?? result
  }

  #refused(visit: Visit, refusal: Refusal): GuardResult {
    // Later, so that no listener delays the answer.
    this.#record(visit, this.#reporter.reportLater)
    const reply = replyTo(refusal, this.policy)
    if (this.policy.onRefusal === 'throw')
      return { action: 'throw', error: new RequestRefusedError(refusal, reply) }
    return { action: 'reply', reply }
  }

  /** One record a request: a refusal ends it, and what was granted ends with the host's answer. */
  #record(visit: Visit, report: Reporter['report']): void {
    if (visit.recorded || typeof visit.state === 'string') return
    visit.recorded = true
    visit.inContext(() => report(() => bodyOf(visit, this.policy)))
  }
}

/**
 * A challenge names all that the route asks for, also where several guards ask: a client that asked
 * for the last one's scopes alone would fail at the first one with its next token.
 */
function withScopes(refusal: Refusal, { checks }: Visit, token: AccessToken): Refusal {
  const { code, reason, detail } = refusal
  if (!detail.scope) return refusal
  const earlier = checks.flatMap(({ guard }) =>
    guard.scopeNeed ? metBy(guard.scopeNeed, token) : [],
  )
  return refuse(code, reason, { ...detail, scope: [...new Set([...earlier, ...detail.scope])] })
}

const proceed: GuardResult = Object.freeze({ action: 'proceed' })

function whyNoToken(visit: Visit | undefined): string {
  if (!visit) return 'No guard ran for'
  if (visit.undecided > 0) return 'A guard is still judging'
  return visit.state === 'preflight' ? 'There is no token on a preflight:' : 'No guard let through'
}

/** To Express, `next(undefined)` is no error at all, and `next('route')` a wish to go on. */
function asError(thrown: unknown, { name }: Guard): Error {
  if (thrown instanceof Error) return thrown
  return new Error(`The guard ${name} threw something that is no Error.`, { cause: thrown })
}
