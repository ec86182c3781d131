import { endOf, report } from './audit.ts'
import { readCredential } from './credential.ts'
import { createGuards, type Guard, type Guards } from './guards.ts'
import { createJudge, type Judge, type Judgement } from './judge.ts'
import type { ResourceServerOptions } from './options.ts'
import { createPolicy, optionNames } from './policy.ts'
import type { DecisionRecord } from './record.ts'
import { ConfigError, Refusal, refuse } from './refusal.ts'
import { type HttpRequest, isPreflight } from './request.ts'
import { RefusedRequest, type Reply, replyTo } from './response.ts'
import type { AccessToken } from './token.ts'

/** What a guard came to: go on, answer, or hand an error to the host. */
export type Passage =
  | { readonly then: 'proceed' }
  | { readonly then: 'reply'; readonly reply: Reply }
  | { readonly then: 'throw'; readonly error: RefusedRequest }

/** What an adapter needs; it passes the host's raw request as `key` each time. */
export interface Gate<C extends object = object> {
  /**
   * Rejects with an `Error` for the host's 500, never with a value that a host takes for none.
   *
   * @throws ConfigError where no audience is known
   */
  pass(key: object, request: HttpRequest, guard: Guard): Promise<Passage>
  guards<Handler>(wrap: (guard: Guard) => Handler): Guards<Handler, C>
  /** @throws ConfigError unless all guards so far let the request through */
  token(key: object): AccessToken<C> | undefined
  /** Called once the host has answered: a granted request is recorded then. */
  settle(key: object): void
  warmUp(): Promise<void>
}

type Decided = { readonly token: AccessToken | undefined } | Refusal

/** What is known of one request. Kept beside the request and not on it, where anybody can write. */
interface Visit {
  readonly request: HttpRequest
  readonly checks: { guard: string; passed: boolean }[]
  judgement: Promise<Judgement> | undefined
  state: 'pending' | 'preflight' | Decided
  /** Ends when the last guard that was started has decided. */
  turn: Promise<unknown>
  /** Guards that were started and have not decided. */
  undecided: number
  recorded: boolean
}

/** @throws ConfigError for options that cannot be right */
export function createGate<C extends object = object>(options: ResourceServerOptions): Gate<C> {
  const gate = new RequestGate(createJudge(createPolicy(options, optionNames.host)))
  return {
    pass: (key, request, guard) => gate.pass(key, request, guard),
    guards: (wrap) => createGuards<ReturnType<typeof wrap>, C>(gate.policy, wrap),
    token: (key) => gate.token(key) as AccessToken<C> | undefined,
    settle: (key) => gate.settle(key),
    warmUp: () => gate.warmUp(),
  }
}

const noCredential = refuse('credential_missing', 'the request has no Authorization header')

class RequestGate {
  readonly #judge: Judge
  readonly #visits = new WeakMap<object, Visit>()

  constructor(judge: Judge) {
    this.#judge = judge
  }

  get policy(): Judge['policy'] {
    return this.#judge.policy
  }

  warmUp(): Promise<void> {
    return this.#judge.warmUp()
  }

  async pass(key: object, request: HttpRequest, guard: Guard): Promise<Passage> {
    const visit = this.#visit(key, request)
    const refused = visit.state instanceof Refusal
    if (this.policy.passPreflight && isPreflight(request) && !refused) {
      visit.state = 'preflight'
      return { then: 'proceed' }
    }
    const refusal = await inTurn(visit, () => this.#run(visit, guard))
    if (!refusal) return { then: 'proceed' }
    await this.#record(visit)
    return this.#refused(refusal)
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

  settle(key: object): void {
    const visit = this.#visits.get(key)
    // While a guard is at work, it is not known how this ends: the adapter calls again afterwards.
    if (visit?.undecided === 0) void this.#record(visit)
  }

  #visit(key: object, request: HttpRequest): Visit {
    const known = this.#visits.get(key)
    if (known) return known
    const visit: Visit = {
      ...{ request, checks: [], judgement: undefined, state: 'pending' },
      ...{ turn: Promise.resolve(), undecided: 0, recorded: false },
    }
    this.#visits.set(key, visit)
    return visit
  }

  /** A refusal sticks: no later guard takes it back. */
  async #run(visit: Visit, guard: Guard): Promise<Refusal | undefined> {
    if (visit.state instanceof Refusal) return visit.state
    try {
      const result = await this.#check(visit, guard)
      visit.checks.push({ guard: guard.name, passed: !(result instanceof Refusal) })
      visit.state = result
      return result instanceof Refusal ? result : undefined
    } catch (error) {
      visit.state = refuse('verification_failed', `the guard ${guard.name} threw`)
      await this.#record(visit)
      throw asError(error, guard)
    }
  }

  /** The first guard authenticates; every guard, the first included, then checks. */
  async #check(visit: Visit, guard: Guard): Promise<Decided> {
    const token = await this.#authenticate(visit, guard)
    if (token instanceof Refusal) return token
    if (!token && !guard.admitsAnonymous) return noCredential
    const refusal = token && (await guard.check(token))
    return refusal ?? { token }
  }

  async #authenticate(visit: Visit, guard: Guard): Promise<AccessToken | undefined | Refusal> {
    const credential = readCredential(visit.request)
    if (credential instanceof Refusal) return credential
    if (!credential) return this.policy.optional ? undefined : noCredential
    visit.judgement ??= this.#judge.judge(credential.token, guard.audience)
    return (await visit.judgement).result
  }

  #refused(refusal: Refusal): Passage {
    const reply = replyTo(refusal, this.policy.realm)
    if (this.policy.onRefusal === 'throw')
      return { then: 'throw', error: new RefusedRequest(refusal, reply) }
    return { then: 'reply', reply }
  }

  /** One record a request: a refusal ends it, and what was granted ends with the host's answer. */
  async #record(visit: Visit): Promise<void> {
    if (visit.recorded || typeof visit.state === 'string') return
    visit.recorded = true
    const { request, checks, state } = visit
    const identity = (await visit.judgement?.catch(() => undefined))?.identity
    report(this.policy, (): Omit<DecisionRecord, 'version' | 'time'> => ({
      ...endOf(state),
      checks: [...checks],
      request: { method: request.method, path: request.url.split('?', 1)[0]! },
      ...identity,
    }))
  }
}

/**
 * Guards of one request take turns, also where somebody starts one and does not wait for it: the
 * next one does not let the request go on before that one has decided.
 */
function inTurn<T>(visit: Visit, decide: () => Promise<T>): Promise<T> {
  visit.undecided += 1
  const turn = visit.turn.then(decide).finally(() => {
    visit.undecided -= 1
  })
  visit.turn = turn.catch(() => undefined)
  return turn
}

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
