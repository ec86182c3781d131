import type { DecisionRecord, Guards, Operations } from '@resource-server/core'
import type { Bench } from '../fixtures/fixture.ts'

/** What a service under test is set up with. Options are `unknown` since some of them are wrong. */
export interface Setup {
  readonly options?: Readonly<Record<string, unknown>>
  /** The guards of the one route, in order. By default `requireAuthentication()`. */
  readonly guards?: (api: Guards<unknown>) => readonly unknown[]
  /** Put where an adapter attaches the token, before any guard runs. */
  readonly planted?: object
}

/** What is sent: a token as Bearer, or header lines, or bytes. */
export interface Sent {
  readonly token?: string
  /** Instead of the Authorization line that `token` makes. */
  readonly lines?: readonly string[]
  readonly method?: string
  readonly path?: string
  readonly body?: string
  /** Hangs up as soon as the request is written. Whoever has no socket cannot. */
  readonly hangUp?: boolean
  /** The whole request; only a socket takes it. */
  readonly bytes?: string
}

/** What came of it. */
export interface Outcome {
  readonly status: number
  /** The challenge's `error`, or the code's. */
  readonly error: string | null
  /** Lower-case names. Empty where there was no HTTP. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A running service: the bare verifier, the gate, or a host with its adapter. */
export interface Service {
  send(sent: Sent): Promise<Outcome>
  /** Decisions, oldest first. */
  readonly records: readonly DecisionRecord[]
  /** How often the route's handler ran. */
  readonly handled: () => number
  readonly port: number | undefined
  readonly warmUp: () => Promise<void>
  readonly operations: Operations
  close(): Promise<void>
}

/** One thing that is tried in a case. */
export interface Attempt extends Setup, Sent {
  /** Tells it from the other attempts of its case. */
  readonly name?: string
  /** What we decided where the corpus leaves a choice, and why. */
  readonly otherwise?: {
    readonly status: number
    readonly error: string | null
    readonly because: string
  }
  /** Asserts more than status and error. */
  readonly after?: (outcome: Outcome, service: Service) => void | Promise<void>
}

/** Options or guards that must not survive construction. */
export interface Misuse extends Setup {
  readonly name?: string
  readonly misuse: true
}

/** Several steps, whose last outcome is the one that the corpus speaks of. */
export interface Scenario {
  /** Why it cannot run everywhere. */
  readonly only?: 'core' | 'http'
  readonly run: (start: (setup?: Setup) => Promise<Service>) => Promise<Outcome>
}

export type Built = Attempt | Misuse | Scenario | readonly (Attempt | Misuse | Scenario)[]

export type Builder = (bench: Bench) => Built | Promise<Built>

/** The cases of one group of the corpus, by id. */
export type Group = Readonly<Record<string, Builder>>
