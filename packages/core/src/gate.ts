import { endOf, report } from './audit.ts'
import { codes } from './codes.ts'
import { readCredential } from './credential.ts'
import { createGuards, type Guard, type Guards } from './guards.ts'
import { createJudge, type Judge, type Judgement } from './judge.ts'
import type { ResourceServerOptions } from './options.ts'
import { createPolicy, optionNames } from './policy.ts'
import type { DecisionRecord } from './record.ts'
import { ConfigError, Refusal, refuse, VerificationError } from './refusal.ts'
import { type HttpRequest, isPreflight } from './request.ts'
import { type Reply, replyTo } from './response.ts'
import type { AccessToken } from './token.ts'

/** A refusal as an error with what an HTTP host's error handling looks for. */
export class RefusedRequest extends VerificationError {
  readonly status: number
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>

  constructor(refusal: Refusal, reply: Reply) {
    // Hosts print messages to callers in development, so this one says no more than the wire.
    super(refusal, codes[refusal.code].description)
    this.status = this.statusCode = reply.status
    this.headers = reply.headers
  }
}

/** What a guard came to: go on, answer, or hand an error to the host. */
export type Passage =
  | { readonly then: 'proceed' }
  | { readonly then: 'reply'; readonly reply: Reply }
  | { readonly then: 'throw'; readonly error: RefusedRequest }

/** What an adapter needs; it passes the host's raw request as `key` each time. */
export interface Gate<C extends object = object> {
  /** @throws ConfigError where no audience is known: the host answers 500 */
  pass(key: object, request: HttpRequest, guard: Guard): Promise<Passage>
  guards<Handler>(wrap: (guard: Guard) => Handler): Guards<Handler, C>
  /** @throws ConfigError unless all guards so far let the request through */
  token(key: object): AccessToken<C> | undefined
  /** Called once the host has answered: a granted request is recorded then. */
  settle(key: object): void
  warmUp(): Promise<void>
}

/** What is known of one request. Kept beside the request and not on it, where anybody can write. */
interface Visit {
  readonly request: HttpRequest
  readonly checks: { guard: string; passed: boolean }[]
  judgement: Promise<Judgement | undefined> | undefined
  state: 'pending' | 'preflight' | { readonly token: AccessToken | undefined } | Refusal
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
    if (this.policy.passPreflight && isPreflight(request)) {
      visit.state = 'preflight'
      return { then: 'proceed' }
    }
    const refusal = await this.#run(visit, guard)
    visit.checks.push({ guard: guard.name, passed: !refusal })
    if (!refusal) return { then: 'proceed' }
    await this.#record(visit)
    return this.#refused(refusal)
  }

  token(key: object): AccessToken | undefined {
    const state = this.#visits.get(key)?.state
    if (typeof state === 'object' && !(state instanceof Refusal)) return state.token
    const why = state === undefined ? 'No guard ran for' : state === 'preflight' ? 'There is no token on a preflight:' : 'No guard let through'
    throw new ConfigError(`${why} this request.`, "Put requireAudience('…') before this handler.")
  }

  settle(key: object): void {
    const visit = this.#visits.get(key)
    if (visit) void this.#record(visit)
  }

  #visit(key: object, request: HttpRequest): Visit {
    const known = this.#visits.get(key)
    if (known) return known
    const visit: Visit = { request, checks: [], judgement: undefined, state: 'pending', recorded: false }
    this.#visits.set(key, visit)
    return visit
  }

  /** A refusal sticks: no later guard, and none that runs beside this one, takes it back. */
  async #run(visit: Visit, guard: Guard): Promise<Refusal | undefined> {
    if (visit.state instanceof Refusal) return visit.state
    try {
      const result = await this.#check(visit, guard)
      if (result instanceof Refusal) visit.state = result
    } catch (error) {
      visit.state = refuse('verification_failed', `the guard ${guard.name} threw`)
      await this.#record(visit)
      throw error
    }
    return visit.state instanceof Refusal ? visit.state : undefined
  }

  /** The first guard authenticates; every guard, the first included, then checks. */
  async #check(visit: Visit, guard: Guard): Promise<Refusal | undefined> {
    const token = await this.#authenticate(visit, guard)
    if (token instanceof Refusal) return token
    if (!token && !guard.admitsAnonymous) return noCredential
    const refusal = token && (await guard.check(token))
    if (refusal) return refusal
    if (!(visit.state instanceof Refusal)) visit.state = { token }
    return undefined
  }

  async #authenticate(visit: Visit, guard: Guard): Promise<AccessToken | undefined | Refusal> {
    const credential = readCredential(visit.request)
    if (credential instanceof Refusal) return credential
    if (!credential) return this.policy.optional ? undefined : noCredential
    visit.judgement ??= this.#judge.judge(credential.token, guard.audience)
    return (await visit.judgement)?.result
  }

  #refused(refusal: Refusal): Passage {
    const reply = replyTo(refusal, this.policy.realm)
    if (this.policy.onRefusal === 'throw') return { then: 'throw', error: new RefusedRequest(refusal, reply) }
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
