import type { DecisionRecord, Guards, Operations } from '@resource-server/core'
import type { Fixture } from '../fixtures/fixture.ts'

/** The configuration of a service. Options are `unknown`, because some of them are invalid. */
export interface Setup {
  readonly options?: Readonly<Record<string, unknown>>
  /** The guards of the only route, in order. Default: `requireAuthentication()`. */
  readonly guards?: (api: Guards<unknown>) => readonly unknown[]
  /** A value to assign where the adapter attaches the token, before any guard runs. */
  readonly spoofedAuth?: object
}

/** The request to send. */
export interface SentRequest {
  /** Sent as `Authorization: Bearer <token>`. */
  readonly token?: string
  /** Header lines that replace the Authorization header of `token`. */
  readonly lines?: readonly string[]
  readonly method?: string
  readonly path?: string
  readonly body?: string
  /** Disconnects as soon as the request is written. Ignored by targets without HTTP. */
  readonly hangUp?: boolean
  /** The bytes of the whole request. Only for targets with HTTP. */
  readonly bytes?: string
}

/** The response. */
export interface Outcome {
  readonly status: number
  /** The `error` of the challenge, or of the code if there was no HTTP. */
  readonly error: string | null
  /** Names in lowercase. Empty if there was no HTTP. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A running service: the verifier, the gate, or a host with its adapter. */
export interface Service {
  send(request: SentRequest): Promise<Outcome>
  /** The decision records, oldest first. */
  readonly records: readonly DecisionRecord[]
  /** The number of requests that reached the handler. */
  readonly handled: () => number
  readonly port: number | undefined
  readonly warmUp: () => Promise<void>
  readonly operations: Operations
  close(): Promise<void>
}

/** One request to a new service. */
export interface Attempt extends Setup, SentRequest {
  /** Distinguishes the attempts of a case in failure messages. */
  readonly name?: string
  /** Our decision where the corpus leaves a choice, with the reason. */
  readonly override?: {
    readonly status: number
    readonly error: string | null
    readonly reason: string
  }
  /** Asserts more than the status and the error. */
  readonly check?: (outcome: Outcome, service: Service) => void | Promise<void>
}

/** Options or guards that must fail with a `ConfigError` at construction. */
export interface Misuse extends Setup {
  readonly name?: string
  readonly misuse: true
}

/** Several steps. The last outcome is compared with the corpus. */
export interface Scenario {
  /** The kind of target to run on. Default: all. */
  readonly onlyOn?: 'core' | 'http'
  readonly run: (start: (setup?: Setup) => Promise<Service>) => Promise<Outcome>
}

export type CaseSteps = Attempt | Misuse | Scenario | readonly (Attempt | Misuse | Scenario)[]

/** Builds the steps of a case of the corpus. */
export type CaseBuilder = (fixture: Fixture) => CaseSteps | Promise<CaseSteps>

/** The cases of one group of the corpus, by id. */
export type Group = Readonly<Record<string, CaseBuilder>>
