import type { GuardDecision, VerificationTrace } from '../audit/build-record.ts'
import { Refusal } from '../errors/refusal.ts'
import { isObject, privateSlot } from '../lib/private-slot.ts'
import type { AccessToken } from '../token/access-token.ts'
import type { readCredential } from './credential.ts'
import type { HttpRequest } from './request.ts'

/** What one gate knows about one request. Only the gate can reach it: see `private-slot.ts`. */
export class RequestState {
  /** The gate that this state belongs to. No other gate reads it. */
  readonly gate: object
  readonly request: HttpRequest
  /** The guards that have decided, in order. */
  readonly decisions: GuardDecision[] = []
  readonly trace: VerificationTrace = {}
  /** Runs work in the asynchronous context of the first guard. */
  readonly inContext: (work: () => void) => void
  /** The header is read once. */
  credential: ReturnType<typeof readCredential> | 'unread' = 'unread'
  /** The token is verified once, by the first guard. */
  verification: AccessToken | Refusal | undefined = undefined
  /** Absent if there was no listener. */
  verificationMs: number | undefined = undefined
  /** Whether the host has prepared the request for its first guard. For hosts that open requests themselves. */
  isStarted = false
  outcome: 'pending' | 'preflight' | 'granted' | Refusal = 'pending'
  recorded = false
  /** Settles when the guards started so far have decided. */
  running: Promise<void> | undefined = undefined

  /** The state of the same request at another gate. */
  ofOtherGate: RequestState | undefined = undefined

  constructor(gate: object, request: HttpRequest, inContext: RequestState['inContext']) {
    this.gate = gate
    this.request = request
    this.inContext = inContext
  }

  get isRefused(): boolean {
    return this.outcome instanceof Refusal
  }

  /** Marks the request as running until the guard has decided. */
  waitFor<T>(result: Promise<T>): Promise<T> {
    // This is the first reaction to `result`, so callers that wait for it find the state settled.
    const settle = (): void => {
      if (this.running === running) this.running = undefined
    }
    const running = result.then(settle, settle)
    this.running = running
    return result
  }
}

/** The states of a request: one for each gate that has run a guard on it. The newest one leads to the others. */
const states = privateSlot<RequestState>()

/** Returns the state of a request at a gate, or `undefined` if no guard of the gate has run on it. */
export function stateAt(gate: object, key: unknown): RequestState | undefined {
  return isObject(key) ? findFrom(states.get(key), gate) : undefined
}

/** Whether a guard of any gate has run on the request. */
export function hasState(key: unknown): boolean {
  return isObject(key) && states.get(key) !== undefined
}

/** Returns the state of a request at a gate. If there is none, adds the one that `create` returns. */
export function openState(gate: object, key: object, create: () => RequestState): RequestState {
  // Only one lookup: on Express, each takes longer than what is done with its result.
  const newest = states.get(key)
  const known = findFrom(newest, gate)
  if (known) return known
  const state = create()
  state.ofOtherGate = newest
  states.set(key, state)
  return state
}

function findFrom(newest: RequestState | undefined, gate: object): RequestState | undefined {
  let state = newest
  while (state && state.gate !== gate) state = state.ofOtherGate
  return state
}
